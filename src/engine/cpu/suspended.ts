import type { Frame } from '../access.ts';

/**
 * Model code as a plain function, which the build makes (scripts/frames.mjs): it goes on from where `of` says, up to its end,
 * whose value it returns, or until it must be suspended (`Access.described`).
 */
export type Resumed = (of: Suspended, cpu: object) => unknown;

/** Values that a place can keep before its list grows. */
const VALUES = 32;

/** The function of an operation has ended, but for the access that was its last act. */
export const ended: Resumed = () => undefined;

/**
 * One place on the call stack of a CPU: a generator, or a function of a built model with what it needs to go on. Places are
 * used again and again: to suspend such a function allocates nothing.
 */
export class Suspended {
  code: Frame | Resumed = ended;
  /** Where the function goes on: the number of the suspension in it. */
  at = 0;
  /** What its parameters and variables are there. Only the function knows which. */
  readonly values: unknown[] = Array.from({ length: VALUES }, () => undefined);
}
