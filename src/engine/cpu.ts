import { Access, Fence, type Frame, type Kernel, Kind, Order, RmwOp } from './access.ts';
import { Gfp, gfpBlocks } from './gfp.ts';
import { isSpinning, LockType, type SlabCache } from './layout.ts';
import type { Held } from './lockdep.ts';
import type { Machine } from './machine.ts';

const MAX_HELD = 16;

/** What a CPU puts aside while an interrupt runs on it. */
interface Interrupted {
  readonly generator: Frame;
  readonly frameBase: number;
  readonly kind: number;
  readonly address: number;
  readonly a: number;
  readonly b: number;
  readonly order: number;
  readonly op: number;
  readonly site: number;
  readonly operation: number;
}

/**
 * A simulated CPU. Its primitives bear the names of the kernel's and describe the next access in the fields
 * below, allocating nothing: `yield` what they return, the value of the `yield` is the result. Primitives that
 * return no `Access` act at once and cost no step (contexts, checks, choices of the model).
 */
export class Cpu {
  readonly id: number;
  readonly machine: Machine;

  // The pending access. `kind` is Kind.None while model code runs and has described nothing yet.
  kind: number = Kind.None;
  address = 0;
  a = 0;
  b = 0;
  order = 0;
  op = 0;
  /** Site of the pending access; the build sets it before each primitive. */
  site = 0;

  // Context (kernel/tag-storage part 4).
  preemptDepth = 0;
  softirqDepth = 0;
  hardirqDepth = 0;
  irqsOff = false;
  rcuDepth = 0;
  readonly held: Held[];
  heldCount = 0;
  /** Number of the outermost RCU section this CPU is in, 0 if none. */
  rcuSection = 0;
  /** Translation (plus one) that this CPU has walked but not yet accessed memory through; 0 if none. */
  inflight = 0;

  // Coroutine state.
  generator: Frame | null = null;
  /** Callers of `generator`, outermost first; those of an interrupted operation lie below `frameBase`. */
  readonly frames: Frame[] = [];
  frameBase = 0;
  /** Index in `machine.program` of the operation that runs. */
  operation = -1;
  readonly interrupted: Interrupted[] = [];
  /** An interrupt handler runs here. */
  inHandler = false;

  constructor(id: number, machine: Machine) {
    this.id = id;
    this.machine = machine;
    this.held = Array.from({ length: MAX_HELD }, () => {
      return { address: 0, bit: -1, lockClass: -1, type: LockType.None, read: false, site: 0, since: 0 };
    });
  }

  reset(): void {
    this.kind = Kind.None;
    this.address = 0;
    this.a = 0;
    this.b = 0;
    this.order = 0;
    // Described only by read-modify-writes, yet shown with every access.
    this.op = 0;
    this.site = 0;
    this.preemptDepth = 0;
    this.softirqDepth = 0;
    this.hardirqDepth = 0;
    this.irqsOff = false;
    this.rcuDepth = 0;
    this.heldCount = 0;
    this.rcuSection = 0;
    this.inflight = 0;
    this.generator = null;
    this.frames.length = 0;
    this.frameBase = 0;
    this.operation = -1;
    this.interrupted.length = 0;
    this.inHandler = false;
  }

  // ---- loads and stores -------------------------------------------------------------------------------------

  readOnce(address: number): Access {
    return this.#describe(Kind.Load, address, 0, 0, Order.Relaxed);
  }
  writeOnce(address: number, value: number): Access {
    return this.#describe(Kind.Store, address, value, 0, Order.Relaxed);
  }
  smpLoadAcquire(address: number): Access {
    return this.#describe(Kind.Load, address, 0, 0, Order.Acquire);
  }
  smpStoreRelease(address: number, value: number): Access {
    return this.#describe(Kind.Store, address, value, 0, Order.Release);
  }
  /** A load of a pointer; what is read through it afterwards is ordered after the load (address dependency). */
  rcuDereference(address: number): Access {
    return this.#describe(Kind.Load, address, 0, 0, Order.Pointer);
  }
  rcuAssignPointer(address: number, value: number): Access {
    return this.#describe(Kind.Store, address, value, 0, value === 0 ? Order.Relaxed : Order.Release);
  }
  /** A load whose address was computed from the last pointer load or page-table walk of this CPU. */
  readDependent(address: number): Access {
    return this.#describe(Kind.Load, address, 0, 0, Order.Dependent);
  }
  /** A plain load: undefined if it races (checked by the data-race oracle on words declared `plain`). */
  loadPlain(address: number): Access {
    return this.#describe(Kind.PlainLoad, address, 0, 0, Order.Relaxed);
  }
  storePlain(address: number, value: number): Access {
    return this.#describe(Kind.PlainStore, address, value, 0, Order.Relaxed);
  }
  /** data_race(x): a plain load whose race is intended. */
  dataRace(address: number): Access {
    return this.#describe(Kind.Load, address, 0, 0, Order.RaceIntended);
  }

  // ---- barriers ---------------------------------------------------------------------------------------------

  smpMb(): Access {
    return this.#describe(Kind.Fence, 0, Fence.Mb, 0, 0);
  }
  smpRmb(): Access {
    return this.#describe(Kind.Fence, 0, Fence.Rmb, 0, 0);
  }
  smpWmb(): Access {
    return this.#describe(Kind.Fence, 0, Fence.Wmb, 0, 0);
  }
  smpMbBeforeAtomic(): Access {
    return this.#describe(Kind.Fence, 0, Fence.MbBeforeAtomic, 0, 0);
  }
  smpMbAfterAtomic(): Access {
    return this.#describe(Kind.Fence, 0, Fence.MbAfterAtomic, 0, 0);
  }
  smpMbAfterSpinlock(): Access {
    return this.#describe(Kind.Fence, 0, Fence.MbAfterSpinlock, 0, 0);
  }
  smpMbAfterUnlockLock(): Access {
    return this.#describe(Kind.Fence, 0, Fence.MbAfterUnlockLock, 0, 0);
  }

  // ---- atomics; `order` is Full unless given, as in the kernel ------------------------------------------------

  atomicAdd(address: number, n: number): Access {
    return this.#rmw(RmwOp.Add, address, n, 0, Order.Void);
  }
  atomicInc(address: number): Access {
    return this.#rmw(RmwOp.Add, address, 1, 0, Order.Void);
  }
  atomicDec(address: number): Access {
    return this.#rmw(RmwOp.Add, address, -1, 0, Order.Void);
  }
  /** Returns the value before, as `atomic_fetch_add`. */
  atomicFetchAdd(address: number, n: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.Add, address, n, 0, order);
  }
  xchg(address: number, value: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.Xchg, address, value, 0, order);
  }
  /** Returns the value found; it was replaced if that equals `expected`. A failure orders nothing. */
  cmpxchg(address: number, expected: number, value: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.Cmpxchg, address, value, expected, order);
  }
  /** Adds unless the value is `unless`; returns the value found. */
  atomicFetchAddUnless(address: number, n: number, unless: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.AddUnless, address, n, unless, order);
  }
  setBit(bit: number, address: number): Access {
    return this.#rmw(RmwOp.Or, address, 1 << bit, 0, Order.Void);
  }
  clearBit(bit: number, address: number): Access {
    return this.#rmw(RmwOp.AndNot, address, 1 << bit, 0, Order.Void);
  }
  changeBit(bit: number, address: number): Access {
    return this.#rmw(RmwOp.Xor, address, 1 << bit, 0, Order.Void);
  }
  /** Returns the old bit; fully ordered even if the bit does not change (since 415d83249709, v6.0). */
  testAndSetBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.Or, address, 1 << bit, 0, order | Order.TestBit);
  }
  /** Takes a bit as a lock: 0 if won, which is an acquire; a failure orders nothing and may be stale. */
  testAndSetBitLock(bit: number, address: number): Access {
    return this.#rmw(RmwOp.OrUnlessSet, address, 1 << bit, 1 << bit, Order.Acquire | Order.TestBit);
  }
  testAndClearBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.AndNot, address, 1 << bit, 0, order | Order.TestBit);
  }
  testAndChangeBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.#rmw(RmwOp.Xor, address, 1 << bit, 0, order | Order.TestBit);
  }
  testBit(bit: number, address: number): Access {
    return this.#describe(Kind.Load, address, 1 << bit, 0, Order.TestBit);
  }
  testBitAcquire(bit: number, address: number): Access {
    return this.#describe(Kind.Load, address, 1 << bit, 0, Order.TestBit | Order.Acquire);
  }
  clearBitUnlock(bit: number, address: number): Access {
    return this.#rmw(RmwOp.AndNot, address, 1 << bit, 0, Order.Release | Order.Void);
  }

  // ---- waiting ----------------------------------------------------------------------------------------------

  /** Spins on plain `test_bit` until the bit is set: no ordering of later loads. */
  waitBit(bit: number, address: number): Access {
    return this.#describe(Kind.Wait, address, 1 << bit, 1 << bit, Order.Relaxed);
  }
  /** `smp_cond_load_acquire(addr, VAL & BIT(bit))` */
  waitBitAcquire(bit: number, address: number): Access {
    return this.#describe(Kind.Wait, address, 1 << bit, 1 << bit, Order.Acquire);
  }
  /** `smp_cond_load_acquire(addr, (VAL & mask) == want)` */
  smpCondLoadAcquire(address: number, mask: number, want: number): Access {
    return this.#describe(Kind.Wait, address, mask, want, Order.Acquire);
  }
  /** Sleeps until (value & mask) == want, as `wait_event` does: legal only where sleeping is. */
  waitEvent(address: number, mask: number, want: number): Access {
    this.mightSleep('wait_event');
    return this.#describe(Kind.Wait, address, mask, want, Order.Acquire);
  }
  /** `cpu_relax()` in a retry loop: after it, going on with another CPU is the calmest choice. */
  cpuRelax(): Access {
    return this.#describe(Kind.Relax, 0, 0, 0, 0);
  }
  condResched(): Access {
    this.mightSleep('cond_resched');
    return this.#describe(Kind.Relax, 0, 0, 0, 0);
  }

  // ---- locks ------------------------------------------------------------------------------------------------

  /** `spin_lock`; the spin primitives serve raw spinlocks as well: what the word was declared as decides. */
  spinLock(lock: number): Access {
    this.#acquiring(lock, false, true);
    this.preemptDepth++;
    return this.#describe(Kind.Lock, lock, 0, 0, 0);
  }
  /** `spin_lock_nested`: for lockdep the lock is of the class `lockClass` (from `layout.lockClass`) this time. */
  spinLockNested(lock: number, lockClass: number): Access {
    this.#checkType(lock, true);
    this.machine.checkLockOrder(this, lockClass, this.machine.lockTypeOf(lock), false);
    this.preemptDepth++;
    return this.#describe(Kind.Lock, lock, 0, lockClass + 1, 0);
  }
  spinUnlock(lock: number): Access {
    return this.#describe(Kind.Unlock, lock, 0, 0, 0);
  }
  /** `spin_lock_irq`; also for `raw_spin_lock_irq`. */
  spinLockIrq(lock: number): Access {
    this.localIrqDisable();
    return this.spinLock(lock);
  }
  /** Interrupts are on again when the lock is released. */
  spinUnlockIrq(lock: number): Access {
    return this.#describe(Kind.Unlock, lock, 1, 0, 0);
  }
  /** `spin_lock_irqsave`; the result, for `spinUnlockIrqrestore`, says whether interrupts were off before. */
  spinLockIrqsave(lock: number): Access {
    const flags = this.irqsOff ? 1 : 0;
    this.localIrqDisable();
    this.#acquiring(lock, false, true);
    this.preemptDepth++;
    return this.#describe(Kind.Lock, lock, flags, 0, 0);
  }
  spinUnlockIrqrestore(lock: number, flags: number): Access {
    return this.#describe(Kind.Unlock, lock, flags === 0 ? 1 : 0, 0, 0);
  }
  spinLockBh(lock: number): Access {
    this.localBhDisable();
    return this.spinLock(lock);
  }
  spinUnlockBh(lock: number): Access {
    return this.#describe(Kind.Unlock, lock, 2, 0, 0);
  }
  /** 1 if taken. A failure orders nothing and may be stale. */
  spinTrylock(lock: number): Access {
    this.#checkType(lock, true);
    return this.#describe(Kind.Trylock, lock, 0, 0, 0);
  }
  spinIsLocked(lock: number): Access {
    return this.#describe(Kind.IsLocked, lock, 0, 0, 0);
  }
  readLock(lock: number): Access {
    this.#acquiring(lock, true, true);
    this.preemptDepth++;
    return this.#describe(Kind.ReadLock, lock, 0, 0, 0);
  }
  readUnlock(lock: number): Access {
    return this.#describe(Kind.ReadUnlock, lock, 0, 0, 0);
  }
  writeLock(lock: number): Access {
    return this.spinLock(lock);
  }
  writeUnlock(lock: number): Access {
    return this.spinUnlock(lock);
  }
  mutexLock(lock: number): Access {
    this.mightSleep('mutex_lock');
    this.#acquiring(lock, false, false);
    return this.#describe(Kind.Lock, lock, 0, 0, 0);
  }
  mutexTrylock(lock: number): Access {
    this.#checkType(lock, false);
    return this.#describe(Kind.Trylock, lock, 0, 0, 0);
  }
  mutexUnlock(lock: number): Access {
    return this.#describe(Kind.Unlock, lock, 0, 0, 0);
  }
  downRead(lock: number): Access {
    this.mightSleep('down_read');
    this.#acquiring(lock, true, false);
    return this.#describe(Kind.ReadLock, lock, 0, 0, 0);
  }
  downReadTrylock(lock: number): Access {
    this.#checkType(lock, false);
    return this.#describe(Kind.ReadTrylock, lock, 0, 0, 0);
  }
  upRead(lock: number): Access {
    return this.#describe(Kind.ReadUnlock, lock, 0, 0, 0);
  }
  downWrite(lock: number): Access {
    this.mightSleep('down_write');
    this.#acquiring(lock, false, false);
    return this.#describe(Kind.Lock, lock, 0, 0, 0);
  }
  upWrite(lock: number): Access {
    return this.#describe(Kind.Unlock, lock, 0, 0, 0);
  }
  /** `bit_spin_lock`; `lockClass` comes from `layout.lockClass`. */
  bitSpinLock(bit: number, address: number, lockClass: number): Access {
    this.machine.checkLockOrder(this, lockClass, LockType.BitSpinlock, false);
    this.preemptDepth++;
    return this.#describe(Kind.BitLock, address, bit, lockClass, LockType.BitSpinlock);
  }
  bitSpinUnlock(bit: number, address: number): Access {
    return this.#describe(Kind.BitUnlock, address, bit, 0, LockType.BitSpinlock);
  }
  /** `folio_lock`: a sleeping bit lock in the folio's flags. */
  folioLock(bit: number, address: number, lockClass: number): Access {
    this.mightSleep('folio_lock');
    this.machine.checkLockOrder(this, lockClass, LockType.FolioLock, false);
    return this.#describe(Kind.BitLock, address, bit, lockClass, LockType.FolioLock);
  }
  /** 1 if taken. */
  folioTrylock(bit: number, address: number, lockClass: number): Access {
    return this.#describe(Kind.BitTrylock, address, bit, lockClass, LockType.FolioLock);
  }
  folioUnlock(bit: number, address: number): Access {
    return this.#describe(Kind.BitUnlock, address, bit, 0, LockType.FolioLock);
  }

  // ---- RCU and SRCU -----------------------------------------------------------------------------------------

  rcuReadLock(): Access {
    return this.#describe(Kind.RcuReadLock, 0, 0, 0, 0);
  }
  rcuReadUnlock(): Access {
    return this.#describe(Kind.RcuReadUnlock, 0, 0, 0, 0);
  }
  /**
   * `yield*` it: starts a grace period and waits for its end. There is no `call_rcu`: a model runs the callback as an
   * operation (or the tail of one) of its own after `synchronizeRcu`, on whichever CPU plays the callback thread.
   */
  *synchronizeRcu(): Kernel {
    this.mightSleep('synchronize_rcu');
    const section = yield this.#describe(Kind.SyncRcuStart, 0, 0, 0, 0);
    yield this.#describe(Kind.SyncRcuEnd, 0, section, 0, 0);
  }
  srcuReadLock(domain: number): Access {
    return this.#describe(Kind.SrcuReadLock, 0, domain, 0, 0);
  }
  srcuReadUnlock(domain: number): Access {
    return this.#describe(Kind.SrcuReadUnlock, 0, domain, 0, 0);
  }
  *synchronizeSrcu(domain: number): Kernel {
    this.mightSleep('synchronize_srcu');
    const section = yield this.#describe(Kind.SyncSrcuStart, 0, domain, 0, 0);
    yield this.#describe(Kind.SyncSrcuEnd, 0, section, domain, 0);
  }

  // ---- allocation -------------------------------------------------------------------------------------------

  /** The address of a new object, or 0: success is a decision unless `gfp` has Nofail. */
  kmalloc(cache: SlabCache, gfp: number): Access {
    if (gfpBlocks(gfp)) this.mightSleep(`kmalloc(${cache.name}, GFP_KERNEL)`);
    return this.#describe(Kind.Alloc, 0, cache.id, gfp & Gfp.Nofail, 0);
  }
  /** Frees an object; NULL is allowed. Delayed stores of this CPU into the object reach memory first. */
  kfree(object: number): Access {
    return this.#describe(Kind.Free, object, 0, 0, 0);
  }

  // ---- page tables ------------------------------------------------------------------------------------------

  /**
   * A hardware walk: the entry at `pte`, from this CPU's TLB if it holds one for `translation`, else from memory
   * (never from the store buffer). The access that follows is done through the entry: a flush waits for it.
   */
  walk(translation: number, pte: number): Access {
    return this.#describe(Kind.Walk, pte, translation, 0, 0);
  }
  /** Broadcast invalidation with completion (arm64 `tlbi; dsb ish`). */
  flushTlb(translation: number): Access {
    return this.#describe(Kind.FlushTlb, 0, translation, 0, 0);
  }
  /** Invalidation by interrupts to the other CPUs, whose interrupts must be on (x86 `flush_tlb_others`). */
  flushTlbIpi(translation: number): Access {
    return this.#describe(Kind.FlushTlb, 0, translation, 1, 0);
  }
  /** Invalidates the entry of this CPU alone. */
  flushTlbLocal(translation: number): Access {
    return this.#describe(Kind.FlushTlb, 0, translation, 2, 0);
  }

  // ---- contexts and checks; these act at once -----------------------------------------------------------------

  preemptDisable(): void {
    this.preemptDepth++;
  }
  preemptEnable(): void {
    if (this.preemptDepth-- === 0) this.machine.misuse(this, 'preempt_enable without preempt_disable');
  }
  localIrqDisable(): void {
    this.irqsOff = true;
    this.machine.irqStateChanged(this);
  }
  localIrqEnable(): void {
    this.irqsOff = false;
    this.machine.irqStateChanged(this);
  }
  /** `local_irq_save`: whether interrupts were off before, for `localIrqRestore`. */
  localIrqSave(): number {
    const flags = this.irqsOff ? 1 : 0;
    this.localIrqDisable();
    return flags;
  }
  localIrqRestore(flags: number): void {
    if (flags === 0) this.localIrqEnable();
  }
  localBhDisable(): void {
    this.softirqDepth++;
  }
  localBhEnable(): void {
    if (this.softirqDepth-- === 0) this.machine.misuse(this, 'local_bh_enable without local_bh_disable');
  }
  inAtomic(): boolean {
    return this.preemptDepth !== 0 || this.softirqDepth !== 0 || this.hardirqDepth !== 0;
  }
  /** Whether blocking is legal (`__might_resched`: preempt count, RCU depth, interrupts). */
  maySleep(): boolean {
    return !this.inAtomic() && this.rcuDepth === 0 && !this.irqsOff;
  }
  /** Reports sleeping in atomic context at the call, whether or not it would really block. */
  mightSleep(what = 'might_sleep'): void {
    if (!this.maySleep()) this.machine.sleepingInAtomic(this, what);
  }
  /** `WARN_ON(condition)`: a finding of the `warn` oracle. */
  warnOn(condition: boolean, message: string, address = 0): void {
    if (condition) this.machine.violateNow('warn', message, this, address, []);
  }
  /** `lockdep_assert_held` */
  assertHeld(lock: number): void {
    for (let i = 0; i < this.heldCount; i++) if (this.held[i].address === lock) return;
    this.machine.violateNow('warn', `${this.machine.layout.nameOf(lock)} is not held`, this, lock, []);
  }
  /** A choice that the model leaves open; 0 is the calmest. */
  choose(n: number): number {
    return n > 1 ? this.machine.chooseFor(this, n) : 0;
  }

  /** Sets the site after the arguments of a primitive were computed; called by built models. */
  at(site: number, value: number): number {
    this.site = site;
    return value;
  }

  #rmw(op: number, address: number, operand: number, expected: number, order: number): Access {
    this.op = op;
    return this.#describe(Kind.Rmw, address, operand, expected, order);
  }

  #acquiring(lock: number, read: boolean, spinning: boolean): void {
    this.#checkType(lock, spinning);
    this.machine.checkLockOrder(this, this.machine.lockClassOf[lock], this.machine.lockTypeOf(lock), read);
  }

  #checkType(lock: number, spinning: boolean): void {
    const type = this.machine.lockTypeOf(lock);
    if (type === LockType.None || isSpinning(type) !== spinning) {
      this.machine.misuse(
        this,
        `${this.machine.layout.nameOf(lock)} is not declared as a ${spinning ? 'spinning' : 'sleeping'} lock`,
      );
    }
  }

  #describe(kind: number, address: number, a: number, b: number, order: number): Access {
    if (this.kind !== Kind.None) this.machine.forgottenYield(this);
    this.kind = kind;
    this.address = address;
    this.a = a;
    this.b = b;
    this.order = order;
    return Access.described;
  }
}
