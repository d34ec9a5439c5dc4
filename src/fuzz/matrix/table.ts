import type { Size } from '../../targets/target.ts';
import type { Cost } from './cost-figures.ts';
import type { Proof } from './proof.ts';

/** What a run says about one design and one oracle. */
export type Cell =
  | {
      readonly verdict: 'violated';
      /** The shortest case of the corpus on this design that was replayed and shows it; null if only the search does. */
      readonly case: { readonly id: string; readonly file: string; readonly accesses: number } | null;
      /** Case of the corpus on another design with a signature that the search found here. */
      readonly like: { readonly id: string; readonly file: string } | null;
      /** All signatures seen in the run. */
      readonly signatures: readonly string[];
    }
  | { readonly verdict: 'none'; readonly executions: number }
  /** Every execution within `bound` was run and none showed anything; random programs, beyond it, did not either. */
  | { readonly verdict: 'proved'; readonly bound: string; readonly executions: number };

/** A case of the corpus that does not do what it did when it was recorded. */
export interface Changed {
  readonly file: string;
  readonly expected: string;
  readonly got: string;
}

/** A design: what the oracles say, and what it costs. */
export interface Row {
  readonly design: string;
  /** The design without its target. */
  readonly name: string;
  readonly summary: string;
  readonly origin: string;
  /** Every catalogued fix is on: it must show nothing. */
  readonly fixed: boolean;
  readonly memory: string;
  readonly size: Size;
  /** Executions of random programs, and those of them that were cut off for length, without a verdict. */
  readonly executions: number;
  readonly cutOff: number;
  /** Executions in which something was observed that is no violation, by its kind. */
  readonly observed: Readonly<Record<string, number>>;
  readonly accesses: number;
  /** Cases of the corpus on this design that were replayed. */
  readonly replayed: number;
  /** By oracle. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** Oracles whose violations on a fixed design are known hazards. */
  readonly hazards: readonly string[];
  readonly changed: readonly Changed[];
  /** What the model did that no model may: errors, hangs, nondeterminism. */
  readonly modelFaults: readonly string[];
  readonly cost: Cost | null;
  /** What was tried to prove, if anything was; `bound` in words. */
  readonly proof: (Proof & { readonly bound: string; readonly proved: boolean }) | null;
}

/** The designs of one target. */
export interface Table {
  readonly target: string;
  readonly summary: string;
  readonly oracles: readonly string[];
  readonly rows: readonly Row[];
  /** Operations that the programs of the cost were drawn from: those that all designs have. */
  readonly costOperations: readonly string[];
  /** Designs that were asked for and not run, as the run was interrupted or out of time. */
  readonly notRun: readonly string[];
}

/** Oracles that show a violation on a fixed design, known hazards left out. */
export function unexpected(row: Row): readonly string[] {
  if (!row.fixed) return [];
  return Object.keys(row.cells).filter(
    oracle => row.cells[oracle]?.verdict === 'violated' && !row.hazards.includes(oracle),
  );
}

/** Oracles in the target's order, then what else was violated. */
export function oraclesOf(known: readonly string[], rows: readonly Row[]): readonly string[] {
  return [...new Set([...known, ...rows.flatMap(row => Object.keys(row.cells))])];
}
