import type { Size } from '../../targets/target.ts';
import type { Program } from '../program.ts';
import type { Cost } from './cost.ts';
import type { Found, Lab } from './lab.ts';
import { SharedWords } from './sweep.ts';

/** What came of looking through the calm executions of a program. */
export interface Calmest {
  readonly found: Found | null;
  /** Whether all that was to be looked through was. */
  readonly complete: boolean;
  /** Whether that was all there is. */
  readonly all: boolean;
}

/**
 * Looks through the executions of a program from the calm ones on, with ever more answers that are not (at most so many),
 * until one has the verdict; with at most so many executions.
 */
export function firstShown(
  lab: Lab,
  program: Program,
  size: Size,
  executions: number,
  most = Number.POSITIVE_INFINITY,
): Calmest {
  return climb(lab, program, size, null, most, executions);
}

/** An execution with the verdict that is calmer than a cost, with at most so many answers that are not calm. */
export function calmerThan(
  lab: Lab,
  program: Program,
  size: Size,
  cost: Cost,
  most: number,
  executions: number,
): Calmest {
  return climb(lab, program, size, cost, most, executions);
}

function climb(
  lab: Lab,
  program: Program,
  size: Size,
  below: Cost | null,
  highest: number,
  executions: number,
): Calmest {
  const shared = new SharedWords();
  const last = lab.budget - executions;
  for (let most = 0; most <= highest; most++) {
    const swept = lab.sweep(program, size, { most, below, shared }, lab.budget - last);
    if (swept.found !== null || !swept.complete) return { found: swept.found, complete: false, all: false };
    if (!swept.more) return { found: null, complete: true, all: true };
  }
  return { found: null, complete: true, all: false };
}
