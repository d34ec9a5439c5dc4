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

/** What is looked through. */
export interface Range {
  /** With at most so many executions. */
  readonly executions: number;
  /** Those with at most so many answers that are not calm; any number unless given. */
  readonly most?: number;
  /** Those that are calmer than this. */
  readonly below?: Cost;
  /** Those that begin with these answers. */
  readonly prefix?: readonly number[];
}

/**
 * Looks through the executions of a program from the calm ones on, with ever more answers that are not, until one has the
 * verdict.
 */
export function firstShown(lab: Lab, program: Program, size: Size, range: Range): Calmest {
  const { executions, most: highest = Number.POSITIVE_INFINITY, below = null, prefix = [] } = range;
  const shared = new SharedWords();
  const last = lab.budget - executions;
  for (let most = prefix.filter(answer => answer !== 0).length; most <= highest; most++) {
    const swept = lab.sweep(program, size, { most, below, shared, prefix }, lab.budget - last);
    if (swept.found !== null || !swept.complete) return { found: swept.found, complete: false, all: false };
    if (!swept.more) return { found: null, complete: true, all: true };
  }
  return { found: null, complete: true, all: false };
}
