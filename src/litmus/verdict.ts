// The answer to a litmus test: its final states and what its condition makes of them.

import { holds } from './evaluate.ts';
import { explore } from './lkmm/explore.ts';
import type { LitmusProgram } from './program.ts';

export type Observation = 'Never' | 'Sometimes' | 'Always';

export interface LitmusResult {
  readonly program: LitmusProgram;
  /** Final states as values of the printed observables, sorted. */
  readonly states: readonly (readonly number[])[];
  /** How many of them satisfy the condition, and how many do not. */
  readonly positive: number;
  readonly negative: number;
  readonly observation: Observation;
  /** Whether every execution was covered; else `Never` only means "not seen", and states may be missing. */
  readonly exhausted: boolean;
  /** The verdict alone may be exhausted though the states are not. */
  readonly statesExhausted: boolean;
  /** No execution ends: a deadlock, or a filter that nothing passes. */
  readonly empty: boolean;
  readonly flags: readonly string[];
}

export interface LitmusOptions {
  /** Checks of the axioms to spend on the full set of states. */
  readonly budget?: number;
}

export function runLkmm(program: LitmusProgram, options: LitmusOptions = {}): LitmusResult {
  const exploration = explore(program, options);
  const unique = new Map<string, number[]>();
  let positive = 0;
  let negative = 0;
  for (const state of exploration.states) {
    const shown = state.slice(0, program.printed);
    const key = shown.join();
    if (unique.has(key)) continue;
    unique.set(key, shown);
    if (holds(program.condition, state)) positive++;
    else negative++;
  }
  const observation = positive === 0 ? 'Never' : negative === 0 ? 'Always' : 'Sometimes';
  const flags: string[] = [];
  if (exploration.flags.mixedAccesses) flags.push('mixed-accesses');
  if (exploration.flags.dataRace) flags.push('data-race');
  return {
    program,
    states: [...unique.values()],
    positive,
    negative,
    observation,
    exhausted: exploration.exhausted,
    statesExhausted: exploration.exhausted,
    empty: unique.size === 0,
    flags,
  };
}
