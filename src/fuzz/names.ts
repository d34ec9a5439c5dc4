/** Levenshtein distance, for suggestions only. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The known names that a mistyped one most likely meant, nearest first; at most three. */
export function nearMatches(name: string, known: readonly string[]): readonly string[] {
  return known
    .map(candidate => ({
      candidate,
      cost: candidate.includes(name) || name.includes(candidate) ? 1 : distance(name, candidate),
    }))
    .filter(({ candidate, cost }) => cost <= Math.max(1, Math.floor(0.4 * candidate.length)))
    .sort((a, b) => a.cost - b.cost || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `unknown variant "v5.91" of mte-sync; did you mean v5.19?`, or the list of all if nothing is near. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearMatches(name, known);
  if (near.length > 0) return `unknown ${what} "${name}"; did you mean ${near.join(' or ')}?`;
  return `unknown ${what} "${name}"; known: ${known.length > 0 ? known.join(', ') : 'none'}`;
}
