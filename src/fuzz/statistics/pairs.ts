import type { PairCounts } from '../coverage/operation-pairs.ts';
import type { PairsView } from './snapshot.ts';

interface Matrix {
  readonly target: string;
  operations: readonly string[];
  sampled: number;
  met: number[];
  since: number[];
  /** All that the designs have: a case from elsewhere may hold what programs are not drawn from. */
  readonly possible: Set<string>;
}

/** Which operations of each target met, added up over its designs. */
export class PairMatrices {
  readonly #matrices = new Map<string, Matrix>();

  /**
   * Declares the operations that programs of a design are drawn from, and all that it has; those of the designs of a target
   * may differ and are joined.
   */
  declare(target: string, drawn: readonly string[], all: readonly string[]): void {
    let matrix = this.#matrices.get(target);
    if (matrix === undefined) {
      matrix = { target, operations: [], sampled: 0, met: [], since: [], possible: new Set() };
      this.#matrices.set(target, matrix);
    }
    for (const name of all) matrix.possible.add(name);
    grow(matrix, drawn);
  }

  /** Adds what a batch has seen; `operations` are those of its design, `seconds` those of the campaign. */
  add(target: string, operations: readonly string[], { sampled, counts }: PairCounts, seconds: number): void {
    const matrix = this.#matrices.get(target);
    if (matrix === undefined) return;
    matrix.sampled += sampled;
    for (let i = 0; i + 1 < counts.length; i += 2) {
      const at = place(matrix, operations, counts[i]);
      if (at >= 0) meet(matrix, at, counts[i + 1], Math.round(seconds));
    }
  }

  views(): readonly PairsView[] {
    return [...this.#matrices.values()].map(({ target, operations, sampled, met, since }) => {
      return { target, operations, sampled, met: [...met], since: [...since] };
    });
  }

  /** Goes on from what was saved (`views`), as far as the operations are still there. */
  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved) {
      if (!isMatrix(one)) continue;
      const now = this.#matrices.get(one.target);
      if (now === undefined) continue;
      now.sampled += one.sampled;
      for (const [pair, since] of one.since.entries()) {
        const at = since < 0 ? -1 : place(now, one.operations, pair);
        if (at >= 0) meet(now, at, one.met[pair] ?? 0, since);
      }
    }
  }
}

function meet(matrix: Matrix, at: number, times: number, seconds: number): void {
  matrix.met[at] = (matrix.met[at] ?? 0) + times;
  if (matrix.since[at] === -1) matrix.since[at] = seconds;
}

/** Where a pair of a list of operations stands in a matrix, which grows if need be; -1 if no design has them. */
function place(matrix: Matrix, operations: readonly string[], pair: number): number {
  const names = [operations[Math.floor(pair / operations.length)], operations[pair % operations.length]];
  const [first = '', second = ''] = names;
  if (!matrix.possible.has(first) || !matrix.possible.has(second)) return -1;
  grow(matrix, [first, second]);
  return matrix.operations.indexOf(first) * matrix.operations.length + matrix.operations.indexOf(second);
}

/** Adds operations that a matrix has not; the figures of the others stay. */
function grow(matrix: Matrix, names: readonly string[]): void {
  const before = matrix.operations;
  const all = [...new Set([...before, ...names])];
  if (all.length === before.length) return;
  const widened = (figures: readonly number[], none: number): number[] =>
    all.flatMap((_, i) =>
      all.map((_, j) =>
        i < before.length && j < before.length ? (figures[i * before.length + j] ?? none) : none,
      ),
    );
  matrix.met = widened(matrix.met, 0);
  matrix.since = widened(matrix.since, -1);
  matrix.operations = all;
}

function isMatrix(value: unknown): value is PairsView {
  if (typeof value !== 'object' || value === null) return false;
  const { target, operations, sampled, met, since } = value as Partial<Record<keyof PairsView, unknown>>;
  return (
    typeof target === 'string' &&
    Array.isArray(operations) &&
    typeof sampled === 'number' &&
    Array.isArray(met) &&
    Array.isArray(since)
  );
}
