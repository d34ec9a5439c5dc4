import type { Machine } from './machine.ts';

/**
 * The one source of everything that program and model code do not determine. Strategies (random walk, replay, ...)
 * implement it; what records, checks or measures wraps it.
 */
export interface DecisionSource {
  /** Called before each execution. */
  begin(machine: Machine): void;
  /** Chooses among `n` >= 1 answers, 0 being the calmest. `kind` is one of `Choice`. */
  choose(kind: number, n: number): number;
  /** If set, `choose(Choice.Actor, 1)` is asked too, so that every step can be checked against a schedule. */
  readonly everyStep: boolean;
}
