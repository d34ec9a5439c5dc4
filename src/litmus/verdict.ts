// The answer to a litmus test: its final states and what its condition makes of them. `runLkmm` gives it for the
// Linux-kernel memory model; other memory models fill in the same LitmusResult.

import { holds } from './evaluate.ts';
import { type Exploration, explore, type Prepared, prepare, witness } from './lkmm/explore.ts';
import type { Execution } from './lkmm/search.ts';
import type { OnLook } from './looked.ts';
import type { LitmusProgram } from './program.ts';

export type Observation = 'Never' | 'Sometimes' | 'Always';

export interface LitmusResult {
  readonly program: LitmusProgram;
  readonly memory: string;
  /** Number of different final states found. */
  readonly stateCount: number;
  /** Those states, as values of the first `printed` observables; sorted. Listed on demand, there may be millions. */
  readonly states: () => Iterable<readonly number[]>;
  /** How many of the states satisfy the condition, and how many do not. */
  readonly positive: number;
  readonly negative: number;
  readonly observation: Observation;
  /** Executions or candidates looked at: what "not seen in N" counts when nothing is proved. */
  readonly tried: number;
  /** Whether the observation is proved; else it only tells what was seen. */
  readonly exhausted: boolean;
  /** Whether the states are all. They may be some only although the observation is proved. */
  readonly statesExhausted: boolean;
  /** No execution ends (herd's deadlock), or the filter lets none pass. */
  readonly empty: boolean;
  /** `data-race`, `mixed-accesses`: see linux-kernel.cat; `wild-access`: a pointer was followed that points nowhere. */
  readonly flags: readonly string[];
}

export interface LitmusOptions {
  /** Checks of the axioms and states to spend on the full set of states; 20 million when left out. */
  readonly budget?: number | undefined;
  /** Called with each new final state and an execution that ends in it; both are valid during the call only. */
  readonly onState?: (state: Int32Array, execution: Execution) => void;
  readonly onLook?: OnLook | undefined;
}

const defaultBudget = 20_000_000;

/** The distinct values of the first `printed` observables. */
function* projected(program: LitmusProgram, exploration: Exploration): Generator<number[]> {
  if (program.printed === program.observed.length) {
    yield* exploration.states;
    return;
  }
  const seen = new Set<string>();
  for (const state of exploration.states) {
    const shown = state.slice(0, program.printed);
    const key = shown.join();
    if (!seen.has(key)) yield shown;
    seen.add(key);
  }
}

/** Whether the condition is met, proved by searches that know what they look for; null when the budget ends. */
function decide(prepared: Prepared, budget: number, onLook: OnLook | undefined): Observation | null {
  const { condition } = prepared.program;
  const yes = witness(prepared, condition, false, { budget, onLook });
  if (yes.state === null) return yes.exhausted ? 'Never' : null;
  const no = witness(prepared, condition, true, { budget, onLook });
  if (no.state !== null) return 'Sometimes';
  return no.exhausted ? 'Always' : null;
}

/**
 * Runs a test exhaustively. When the budget does not suffice for all states, the observation alone is still decided if
 * it can be. Throws TooManyTraces when a process has too many behaviours to list.
 */
export function runLkmm(program: LitmusProgram, options: LitmusOptions = {}): LitmusResult {
  const budget = options.budget ?? defaultBudget;
  const prepared = prepare(program);
  let positive = 0;
  let negative = 0;
  const exploration = explore(prepared, {
    budget,
    onLook: options.onLook,
    onState: (state, execution) => {
      if (holds(program.condition, state)) positive++;
      else negative++;
      options.onState?.(state, execution);
    },
  });
  let stateCount = exploration.states.size;
  if (program.printed < program.observed.length) {
    stateCount = positive = negative = 0;
    for (const state of projected(program, exploration)) {
      stateCount++;
      if (holds(program.condition, state)) positive++;
      else negative++;
    }
  }
  let observation: Observation = positive === 0 ? 'Never' : negative === 0 ? 'Always' : 'Sometimes';
  // what was seen decides it when both were seen
  let exhausted = exploration.exhausted || observation === 'Sometimes';
  if (!exhausted) {
    const decided = decide(prepared, budget, options.onLook);
    if (decided !== null) {
      observation = decided;
      exhausted = true;
    }
  }
  const flags: string[] = [];
  if (exploration.flags.mixedAccesses) flags.push('mixed-accesses');
  if (exploration.flags.dataRace) flags.push('data-race');
  if (exploration.wild) flags.push('wild-access');
  return {
    program,
    memory: 'lkmm',
    stateCount,
    states: () => projected(program, exploration),
    positive,
    negative,
    observation,
    tried: exploration.spent,
    exhausted,
    statesExhausted: exploration.exhausted,
    empty: exploration.exhausted && stateCount === 0,
    flags,
  };
}
