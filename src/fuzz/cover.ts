/** What a case shows and costs. */
export interface Showing {
  readonly features: Int32Array | readonly number[];
  /** Accesses of its execution: of two cases that show the same, the shorter is kept. */
  readonly accesses: number;
}

/**
 * Indices of a small subset that shows all features of the whole (the smallest is as hard to find as set cover). Rarest
 * features first: who alone shows one is kept anyway. Among those that show a feature, the one that shows most of what is
 * still missing is taken, then the shortest, then the first.
 */
export function cover(all: readonly Showing[]): readonly number[] {
  const showing = new Map<number, Shown>();
  for (const [i, { features }] of all.entries()) {
    for (const feature of features) {
      const shown = showing.get(feature) ?? { count: 0, first: [] };
      if (shown.count++ === 0) showing.set(feature, shown);
      if (shown.first.length < COMPARED) shown.first.push(i);
    }
  }
  const missing = new Set(showing.keys());
  const kept: number[] = [];
  const rarestFirst = [...showing].sort(([a, x], [b, y]) => x.count - y.count || a - b);
  for (const [feature, { first }] of rarestFirst) {
    if (!missing.has(feature)) continue;
    const best = bestOf(first, all, missing);
    kept.push(best);
    for (const shown of all[best]?.features ?? []) missing.delete(shown);
  }
  return kept.sort((a, b) => a - b);
}

/** Candidates compared for a feature: common ones have thousands, and mostly are covered by then. */
const COMPARED = 64;

/** Who shows a feature: how many cases do, and the first of them. */
interface Shown {
  count: number;
  readonly first: number[];
}

function bestOf(
  candidates: readonly number[],
  all: readonly Showing[],
  missing: ReadonlySet<number>,
): number {
  let best = candidates[0] ?? 0;
  let gain = -1;
  for (const i of candidates) {
    const { features = [], accesses = 0 } = all[i] ?? {};
    let its = 0;
    for (const feature of features) its += Number(missing.has(feature));
    if (its < gain || (its === gain && accesses >= (all[best]?.accesses ?? 0))) continue;
    best = i;
    gain = its;
  }
  return best;
}
