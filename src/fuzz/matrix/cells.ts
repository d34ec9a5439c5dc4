import { callCount } from '../program.ts';
import type { CorpusCase } from './corpus.ts';
import type { Cell } from './table.ts';

/** A case of the corpus that was replayed and shows its violation. */
export interface Shown {
  readonly of: CorpusCase;
  readonly signature: string;
  readonly accesses: number;
}

/** What was seen of one design. */
export interface Seen {
  /** Oracles that judge its target. */
  readonly oracles: readonly string[];
  readonly shown: readonly Shown[];
  /** Signatures of what random programs showed. */
  readonly found: readonly string[];
  readonly executions: number;
  /** The bound within which every execution was run and none showed anything, in words; null if there is none. */
  readonly proved: string | null;
}

/** A cell for each oracle, those of the target first. */
export function cellsOf(seen: Seen, corpus: readonly CorpusCase[]): Readonly<Record<string, Cell>> {
  const all = [...seen.shown.map(one => one.signature), ...seen.found];
  const names = new Set([...seen.oracles, ...all.map(oracleOf)]);
  return Object.fromEntries([...names].map(oracle => [oracle, cellOf(oracle, seen, all, corpus)]));
}

function cellOf(oracle: string, seen: Seen, all: readonly string[], corpus: readonly CorpusCase[]): Cell {
  const signatures = [...new Set(all.filter(one => oracleOf(one) === oracle))].sort();
  const { executions, proved } = seen;
  if (signatures.length === 0) {
    return proved === null
      ? { verdict: 'none', executions }
      : { verdict: 'proved', bound: proved, executions };
  }
  const [shortest] = seen.shown.filter(one => oracleOf(one.signature) === oracle).sort(byLength);
  if (shortest !== undefined) {
    const { of, accesses } = shortest;
    return { verdict: 'violated', case: { ...nameOf(of), accesses }, like: null, signatures };
  }
  const like = corpus.find(
    ({ case: { expect } }) => expect.verdict === 'violation' && signatures.includes(expect.signature),
  );
  return { verdict: 'violated', case: null, like: like === undefined ? null : nameOf(like), signatures };
}

/** Oracles of which only catalogued hazards show on a design. */
export function hazardsOf(design: string, seen: Seen, corpus: readonly CorpusCase[]): readonly string[] {
  const hazards = corpus.filter(one => one.hazard && one.design === design);
  const isHazard = (signature: string): boolean => hazards.some(one => one.finding?.test(signature) === true);
  const all = [...seen.shown.map(one => one.signature), ...seen.found];
  return [...new Set(all.map(oracleOf))].filter(oracle =>
    all.filter(one => oracleOf(one) === oracle).every(isHazard),
  );
}

/** `stale-tags` of `stale-tags | userLoadTag:...`. */
function oracleOf(signature: string): string {
  return signature.split(' | ')[0] ?? signature;
}

function nameOf({ id, file }: CorpusCase): { readonly id: string; readonly file: string } {
  return { id, file };
}

/** Fewest operations first, then fewest accesses. */
function byLength(a: Shown, b: Shown): number {
  return callCount(a.of.case.program) - callCount(b.of.case.program) || a.accesses - b.accesses;
}
