/** What executions cost, setup left out; the sums are over executions that came to their end without a violation. */
export interface Cost {
  readonly executions: number;
  /** Executions that ended early, by a violation or cut off for length, and are in none of the sums. */
  readonly leftOut: number;
  /** Operations that ran to their end. */
  readonly operations: number;
  readonly accesses: number;
  /** `smp_*mb` and the like. */
  readonly barriers: number;
  /** Loads with acquire and stores with release. */
  readonly ordered: number;
  /** Read-modify-writes, bit operations included; locks are counted apart. */
  readonly atomics: number;
  /** Locks taken, and accesses that their holders executed between taking and giving back. */
  readonly locks: number;
  readonly held: number;
  /** The longest hold, in accesses of the holder, and the class of that lock. */
  readonly longestHold: number;
  readonly longestLock: string;
  /** Most objects of each slab cache that operations had allocated and not yet freed, in one execution. */
  readonly allocated: Readonly<Record<string, number>>;
}
