/** A judgement of an oracle: what was observed, where, and what it is about. */
export interface Violation {
  /** The oracle's id, e.g. `tag-loss`. */
  readonly oracle: string;
  /** One sentence, in the terms of the kernel report that people know. */
  readonly message: string;
  /** The CPU on which it was observed; -1 for a final check or a deadlock. */
  readonly cpu: number;
  /** The sites in conflict (numbers of sites.ts), the observing one first. */
  readonly sites: readonly number[];
  /** The kind of object, without indices: `pages.tags`. */
  readonly object: string;
  /** The address concerned, 0 if none. */
  readonly address: number;
  /** More lines for the report: who waits for what, the lock chain, ... */
  readonly details: readonly string[];
}

/**
 * What users of a design want to know although it breaks no rule: a process that is killed because memory is short,
 * say. It is counted, and shown on replay; it is no finding.
 */
export interface Observation {
  /** What happened, in a few words that are the same each time. */
  readonly kind: string;
  /** To whom and why. */
  readonly message: string;
  readonly cpu: number;
}
