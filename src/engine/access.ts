/**
 * What a primitive of `Cpu` returns. It is opaque and carries nothing: the access itself is described in the
 * fields of the CPU, so that an access allocates nothing. The only thing to do with it is to `yield` it; the
 * value of the `yield` is the result of the access.
 */
export class Access {
  static readonly described = new Access();
  readonly #opaque = true;
  private constructor() {
    void this.#opaque;
  }
}

/**
 * A coroutine of any result: what the engine keeps on a CPU's call stack. It yields accesses, and generators that it
 * calls: the build makes `yield f(cpu)` of every `yield* f(cpu)` of a model (scripts/sites.mjs), so that resuming an
 * access costs the same at any depth.
 */
export interface Frame extends Generator<Access | Code, unknown, unknown> {}

/** Model code that has not begun: a generator, or, of a built model, a function that begins it. */
export type Code = Frame | (() => unknown);

export function isCode(value: unknown): value is Code {
  return typeof value === 'function' || Object.prototype.toString.call(value) === '[object Generator]';
}

/** Model code: a generator that yields described accesses and is resumed with their results. */
export type Kernel<T = void> = Generator<Access, T, number>;

/** Kinds of access. From `FirstBlocking` on, an access may have to wait until another CPU lets it run. */
export const Kind = {
  None: 0,
  Load: 1,
  Store: 2,
  Rmw: 3,
  Fence: 4,
  PlainLoad: 5,
  PlainStore: 6,
  Unlock: 7,
  ReadUnlock: 8,
  Trylock: 9,
  IsLocked: 10,
  RcuReadLock: 11,
  RcuReadUnlock: 12,
  /** A grace period starts; with `a` not 0, that callback is queued; with `b` not 0, `rcu_barrier` begins. */
  SyncRcuStart: 13,
  Alloc: 14,
  Free: 15,
  Walk: 16,
  Relax: 17,
  SrcuReadLock: 18,
  SrcuReadUnlock: 19,
  SyncSrcuStart: 20,
  BitUnlock: 21,
  BitTrylock: 22,
  ReadTrylock: 23,
  FirstBlocking: 24,
  Lock: 24,
  ReadLock: 25,
  BitLock: 26,
  Wait: 27,
  /** Waits for the end of the grace period with number `a`; with `b` not 0, for the callbacks up to number `a`. */
  SyncRcuEnd: 28,
  SyncSrcuEnd: 29,
  FlushTlb: 30,
} as const;

/** Operations of a read-modify-write. */
export const RmwOp = {
  Xchg: 0,
  Cmpxchg: 1,
  Add: 2,
  Or: 3,
  AndNot: 4,
  Xor: 5,
  AddUnless: 6,
  /** Sets bits unless one of them is set already (`test_and_set_bit_lock`, trylocks of bit locks). */
  OrUnlessSet: 7,
} as const;

/** Orderings, as bits; `Void` marks a read-modify-write whose result is not returned (LKMM: its read is no R). */
export const Order = {
  Relaxed: 0,
  Acquire: 1,
  Release: 2,
  Full: 4,
  Void: 8,
  /** The value loaded is a pointer: what is read through it is ordered after the load. */
  Pointer: 16,
  /** The address was computed from the last pointer load or page-table walk of this CPU. */
  Dependent: 32,
  /** `Rmw` only: return the old value masked, as `test_and_set_bit` does. */
  TestBit: 64,
  /** data_race(): not reported if it races. */
  RaceIntended: 128,
} as const;

/** Barriers. */
export const Fence = {
  Rmb: 0,
  Wmb: 1,
  Mb: 2,
  MbBeforeAtomic: 3,
  MbAfterAtomic: 4,
  MbAfterSpinlock: 5,
  MbAfterUnlockLock: 6,
} as const;

/** What a decision is about. 0 is always the calmest answer. */
export const Choice = {
  /** Which actor goes next: the CPU that ran last, then the others, then commits, then interrupts. */
  Actor: 0,
  /** 0: the store acts at once; 1: it is delayed. */
  Delay: 1,
  /** 0: the newest value; k: the k-th older one. */
  Stale: 2,
  /** 0: the allocation succeeds; 1: it fails. */
  Fail: 3,
  /** 0: walk the page table; 1: use the entry cached in the TLB. */
  Tlb: 4,
  /** A choice of the model: `cpu.choose`. */
  Model: 5,
} as const;

export const choiceNames = ['actor', 'delay', 'stale', 'fail', 'tlb', 'model'] as const;
