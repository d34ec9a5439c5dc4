// What a litmus file itself says about its outcome, in the comments of the kernel's tests ("Result: Never") and of
// this project's ("sc: forbidden  tso: forbidden  arm64: allowed  lkmm: allowed").

import type { LitmusResult } from './verdict.ts';

export interface Expectation {
  /** The comment's words. */
  readonly text: string;
  /** Which memory model the comment is about. */
  readonly memory: string;
  readonly outcome: 'Never' | 'Sometimes' | 'Always' | 'DEADLOCK' | 'allowed' | 'forbidden';
  /** The comment says that the test races on plain accesses; then the outcome means nothing. */
  readonly race: boolean;
}

const outcomes = ['Never', 'Sometimes', 'Always', 'DEADLOCK', 'allowed', 'forbidden'] as const;

function outcomeOf(word: string): Expectation['outcome'] | undefined {
  return outcomes.find(outcome => outcome === word);
}

/** The comment that speaks about a memory model, else the kernel's `Result:`; null if there is none that can be judged. */
export function expectationOf(text: string, memory: string): Expectation | null {
  const own = new RegExp(`^\\s*\\*.*?\\b${memory}: (allowed|forbidden)\\b`, 'm').exec(text);
  const outcome = outcomeOf(own?.[1] ?? '');
  if (outcome !== undefined) return { text: `${memory}: ${outcome}`, memory, outcome, race: false };
  const kernel = /\bResult:\s*(\w+)([ \t]+DATARACE)?/.exec(text);
  const result = outcomeOf(kernel?.[1] ?? '');
  if (kernel === null || result === undefined) return null;
  return { text: kernel[0], memory: 'lkmm', outcome: result, race: kernel[2] !== undefined };
}

/**
 * Whether a result contradicts the comment. A comment about the kernel's memory model binds the other models one way
 * only: they show no more than it allows. What was merely not seen contradicts nothing, and neither does a race.
 */
export function contradicts(result: LitmusResult, expected: Expectation): boolean {
  const { observation, exhausted, empty, flags } = result;
  const racy = flags.includes('data-race');
  const exact = result.memory === expected.memory;
  if (expected.race) return exact && exhausted && !racy;
  if (racy) return exact;
  if (expected.outcome === 'DEADLOCK') return !empty;
  if (empty) return exact && exhausted;
  const seen = observation !== 'Never';
  switch (expected.outcome) {
    case 'Never':
    case 'forbidden':
      return seen;
    case 'allowed':
      return exhausted && !seen && exact;
    case 'Sometimes':
      return exact && exhausted && observation !== 'Sometimes';
    case 'Always':
      return observation !== 'Always';
  }
}
