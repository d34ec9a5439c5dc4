import { type Access, Fence, Kind, Order, RmwOp } from '../access.ts';
import { CpuContexts } from './contexts.ts';

/** Loads, stores, barriers, atomics and waiting for a word, with the kernel's names and orderings. */
export class CpuAccesses extends CpuContexts {
  // ---- loads and stores ------------------------------------------------------------------------------------

  readOnce(address: number): Access {
    return this.describe(Kind.Load, address, 0, 0, Order.Relaxed);
  }
  writeOnce(address: number, value: number): Access {
    return this.describe(Kind.Store, address, value, 0, Order.Relaxed);
  }
  smpLoadAcquire(address: number): Access {
    return this.describe(Kind.Load, address, 0, 0, Order.Acquire);
  }
  smpStoreRelease(address: number, value: number): Access {
    return this.describe(Kind.Store, address, value, 0, Order.Release);
  }
  /** A load of a pointer; what is read through it afterwards is ordered after the load (address dependency). */
  rcuDereference(address: number): Access {
    return this.describe(Kind.Load, address, 0, 0, Order.Pointer);
  }
  rcuAssignPointer(address: number, value: number): Access {
    return this.describe(Kind.Store, address, value, 0, value === 0 ? Order.Relaxed : Order.Release);
  }
  /** A load whose address was computed from the last pointer load or page-table walk of this CPU. */
  readDependent(address: number): Access {
    return this.describe(Kind.Load, address, 0, 0, Order.Dependent);
  }
  /** A plain load: undefined if it races (checked by the data-race oracle on words declared `plain`). */
  loadPlain(address: number): Access {
    return this.describe(Kind.PlainLoad, address, 0, 0, Order.Relaxed);
  }
  storePlain(address: number, value: number): Access {
    return this.describe(Kind.PlainStore, address, value, 0, Order.Relaxed);
  }
  /** data_race(x): a plain load whose race is intended. */
  dataRace(address: number): Access {
    return this.describe(Kind.Load, address, 0, 0, Order.RaceIntended);
  }

  // ---- barriers --------------------------------------------------------------------------------------------

  smpMb(): Access {
    return this.describe(Kind.Fence, 0, Fence.Mb, 0, 0);
  }
  smpRmb(): Access {
    return this.describe(Kind.Fence, 0, Fence.Rmb, 0, 0);
  }
  smpWmb(): Access {
    return this.describe(Kind.Fence, 0, Fence.Wmb, 0, 0);
  }
  smpMbBeforeAtomic(): Access {
    return this.describe(Kind.Fence, 0, Fence.MbBeforeAtomic, 0, 0);
  }
  smpMbAfterAtomic(): Access {
    return this.describe(Kind.Fence, 0, Fence.MbAfterAtomic, 0, 0);
  }
  smpMbAfterSpinlock(): Access {
    return this.describe(Kind.Fence, 0, Fence.MbAfterSpinlock, 0, 0);
  }
  smpMbAfterUnlockLock(): Access {
    return this.describe(Kind.Fence, 0, Fence.MbAfterUnlockLock, 0, 0);
  }

  // ---- atomics; `order` is Full unless given, as in the kernel ---------------------------------------------

  atomicAdd(address: number, n: number): Access {
    return this.rmw(RmwOp.Add, address, n, 0, Order.Void);
  }
  atomicInc(address: number): Access {
    return this.rmw(RmwOp.Add, address, 1, 0, Order.Void);
  }
  atomicDec(address: number): Access {
    return this.rmw(RmwOp.Add, address, -1, 0, Order.Void);
  }
  /** Returns the value before, as `atomic_fetch_add`. */
  atomicFetchAdd(address: number, n: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.Add, address, n, 0, order);
  }
  xchg(address: number, value: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.Xchg, address, value, 0, order);
  }
  /** Returns the value found; it was replaced if that equals `expected`. A failure orders nothing. */
  cmpxchg(address: number, expected: number, value: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.Cmpxchg, address, value, expected, order);
  }
  /** Adds unless the value is `unless`; returns the value found. */
  atomicFetchAddUnless(address: number, n: number, unless: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.AddUnless, address, n, unless, order);
  }
  setBit(bit: number, address: number): Access {
    return this.rmw(RmwOp.Or, address, 1 << bit, 0, Order.Void);
  }
  clearBit(bit: number, address: number): Access {
    return this.rmw(RmwOp.AndNot, address, 1 << bit, 0, Order.Void);
  }
  changeBit(bit: number, address: number): Access {
    return this.rmw(RmwOp.Xor, address, 1 << bit, 0, Order.Void);
  }
  /** Returns the old bit; fully ordered even if the bit does not change (since 415d83249709, v6.0). */
  testAndSetBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.Or, address, 1 << bit, 0, order | Order.TestBit);
  }
  /** Takes a bit as a lock: 0 if won, which is an acquire; a failure orders nothing and may be stale. */
  testAndSetBitLock(bit: number, address: number): Access {
    return this.rmw(RmwOp.OrUnlessSet, address, 1 << bit, 1 << bit, Order.Acquire | Order.TestBit);
  }
  testAndClearBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.AndNot, address, 1 << bit, 0, order | Order.TestBit);
  }
  testAndChangeBit(bit: number, address: number, order: number = Order.Full): Access {
    return this.rmw(RmwOp.Xor, address, 1 << bit, 0, order | Order.TestBit);
  }
  testBit(bit: number, address: number): Access {
    return this.describe(Kind.Load, address, 1 << bit, 0, Order.TestBit);
  }
  testBitAcquire(bit: number, address: number): Access {
    return this.describe(Kind.Load, address, 1 << bit, 0, Order.TestBit | Order.Acquire);
  }
  clearBitUnlock(bit: number, address: number): Access {
    return this.rmw(RmwOp.AndNot, address, 1 << bit, 0, Order.Release | Order.Void);
  }

  // ---- waiting ---------------------------------------------------------------------------------------------

  /** Spins on plain `test_bit` until the bit is set: no ordering of later loads. */
  waitBit(bit: number, address: number): Access {
    return this.describe(Kind.Wait, address, 1 << bit, 1 << bit, Order.Relaxed);
  }
  /** `smp_cond_load_acquire(addr, VAL & BIT(bit))` */
  waitBitAcquire(bit: number, address: number): Access {
    return this.describe(Kind.Wait, address, 1 << bit, 1 << bit, Order.Acquire);
  }
  /** `smp_cond_load_acquire(addr, (VAL & mask) == want)` */
  smpCondLoadAcquire(address: number, mask: number, want: number): Access {
    return this.describe(Kind.Wait, address, mask, want, Order.Acquire);
  }
  /** Sleeps until (value & mask) == want, as `wait_event` does: legal only where sleeping is. */
  waitEvent(address: number, mask: number, want: number): Access {
    this.mightSleep('wait_event');
    return this.describe(Kind.Wait, address, mask, want, Order.Acquire);
  }
  /** `cpu_relax()` in a retry loop: after it, going on with another CPU is the calmest choice. */
  cpuRelax(): Access {
    return this.describe(Kind.Relax, 0, 0, 0, 0);
  }
  condResched(): Access {
    this.mightSleep('cond_resched');
    return this.describe(Kind.Relax, 0, 0, 0, 0);
  }

  protected rmw(op: number, address: number, operand: number, expected: number, order: number): Access {
    this.op = op;
    return this.describe(Kind.Rmw, address, operand, expected, order);
  }
}
