// Bit-matrix helpers: row i of a relation over n events starts at word i * words.

export function hasBit(matrix: Int32Array, row: number, i: number): boolean {
  return (matrix[row + (i >> 5)] & (1 << (i & 31))) !== 0;
}

export function setBit(matrix: Int32Array, row: number, i: number): void {
  matrix[row + (i >> 5)] |= 1 << (i & 31);
}

/** Transitive closure in place (Warshall). */
export function close(matrix: Int32Array, n: number, words: number): void {
  if (words === 1) {
    for (let k = 0; k < n; k++) {
      const row = matrix[k];
      if (row === 0) continue;
      const bit = 1 << k;
      for (let i = 0; i < n; i++) if ((matrix[i] & bit) !== 0) matrix[i] |= row;
    }
    return;
  }
  for (let k = 0; k < n; k++) {
    const from = k * words;
    const word = k >> 5;
    const bit = 1 << (k & 31);
    let empty = true;
    for (let w = 0; w < words; w++) if (matrix[from + w] !== 0) empty = false;
    if (empty) continue;
    for (let i = 0, to = 0; i < n; i++, to += words)
      if ((matrix[to + word] & bit) !== 0) for (let w = 0; w < words; w++) matrix[to + w] |= matrix[from + w];
  }
}

/** Whether some event reaches itself in a closed relation. */
export function reflexive(matrix: Int32Array, n: number, words: number): boolean {
  for (let i = 0; i < n; i++) if ((matrix[i * words + (i >> 5)] & (1 << (i & 31))) !== 0) return true;
  return false;
}

/** target row |= source row. */
export function join(target: Int32Array, to: number, source: Int32Array, from: number, words: number): void {
  for (let w = 0; w < words; w++) target[to + w] |= source[from + w];
}

/** a ; b as a new relation. */
export function compose(a: Int32Array, b: Int32Array, n: number, words: number): Int32Array {
  const c = new Int32Array(n * words);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) if (hasBit(a, i * words, k)) join(c, i * words, b, k * words, words);
  return c;
}

/** The union of relations as a new relation. */
export function unite(...relations: readonly Int32Array[]): Int32Array {
  const all = Int32Array.from(relations[0]);
  for (const relation of relations) for (let i = 0; i < all.length; i++) all[i] |= relation[i];
  return all;
}

/** The relation that holds where `test` does. */
export function relate(n: number, words: number, test: (a: number, b: number) => boolean): Int32Array {
  const relation = new Int32Array(n * words);
  for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) if (test(a, b)) setBit(relation, a * words, b);
  return relation;
}
