import { type Access, type Code, type Kernel, Kind } from './access.ts';
import { CpuLocks } from './cpu/locks.ts';
import { Gfp, gfpBlocks } from './gfp.ts';
import type { SlabCache } from './layout.ts';

/** What `call_rcu` runs when its grace period is over: in softirq context, so it must not sleep. */
export type RcuCallback = (cpu: Cpu, ...args: readonly number[]) => Code;

/** Runs model code on from inside. */
export interface Driver {
  /** The next access of a CPU, just described: true if it could be executed at once, its result in `cpu.result`. */
  runOn(cpu: Cpu): boolean;
  /** Calls model code from model code: true if it could run to its end at once, its result in `cpu.returned`. */
  call(cpu: Cpu, callee: Code): boolean;
}

/** Suspends model code at each access. */
const suspend: Driver = { runOn: () => false, call: () => false };

/**
 * A simulated CPU. Its primitives bear the names of the kernel's and describe the next access in the fields of
 * `CpuState`, allocating nothing: `yield` what they return, the value of the `yield` is the result. Primitives that
 * return no `Access` act at once and cost no step. They lie in families below cpu/; here are RCU, allocation and
 * page tables.
 */
export class Cpu extends CpuLocks {
  driver: Driver = suspend;

  /**
   * Whether the access just described was executed at once, its result in `result`; if not, it must be yielded. Called by
   * built models, for which `yield access` reads `cpu.goesOn(access) ? cpu.result : yield access`.
   */
  goesOn(_access: Access): boolean {
    return this.driver.runOn(this);
  }

  /** The same for `yield* f(cpu)`: whether the callee ran to its end, its result in `returned`. */
  calls(callee: Code): boolean {
    return this.driver.call(this, callee);
  }

  // ---- RCU and SRCU ----------------------------------------------------------------------------------------

  rcuReadLock(): Access {
    return this.describe(Kind.RcuReadLock, 0, 0, 0, 0);
  }
  rcuReadUnlock(): Access {
    return this.describe(Kind.RcuReadUnlock, 0, 0, 0, 0);
  }
  /** `yield*` it: starts a grace period and waits for its end. */
  *synchronizeRcu(): Kernel {
    this.mightSleep('synchronize_rcu');
    const section = yield this.describe(Kind.SyncRcuStart, 0, 0, 0, 0);
    yield this.describe(Kind.SyncRcuEnd, 0, section, 0, 0);
  }
  /**
   * `call_rcu`: returns at once and orders nothing for its caller. The grace period starts now or later; after its end
   * `callback` runs on this CPU in softirq context, behind a full barrier, one callback after the other in the order of
   * their calls. It arrives like an interrupt, where this CPU has interrupts and bottom halves on, also when its
   * operations are done; an execution does not end before it. Arguments are numbers: addresses, as all shared state.
   */
  callRcu(callback: RcuCallback, ...args: readonly number[]): Access {
    const key = this.machine.rcuCallback(callback.name, () => callback(this, ...args));
    return this.describe(Kind.SyncRcuStart, 0, key, 0, 0);
  }
  /** `kfree_rcu`: frees an object after a grace period. */
  kfreeRcu(object: number): Access {
    return this.callRcu(kfreeRcu, object);
  }
  /** `rcu_barrier`; `yield*` it: waits until all callbacks queued before it, by whichever CPU, have run. */
  *rcuBarrier(): Kernel {
    this.mightSleep('rcu_barrier');
    const last = yield this.describe(Kind.SyncRcuStart, 0, 0, 1, 0);
    yield this.describe(Kind.SyncRcuEnd, 0, last, 1, 0);
  }
  srcuReadLock(domain: number): Access {
    return this.describe(Kind.SrcuReadLock, 0, domain, 0, 0);
  }
  srcuReadUnlock(domain: number): Access {
    return this.describe(Kind.SrcuReadUnlock, 0, domain, 0, 0);
  }
  *synchronizeSrcu(domain: number): Kernel {
    this.mightSleep('synchronize_srcu');
    const section = yield this.describe(Kind.SyncSrcuStart, 0, domain, 0, 0);
    yield this.describe(Kind.SyncSrcuEnd, 0, section, domain, 0);
  }

  // ---- allocation ------------------------------------------------------------------------------------------

  /** The address of a new object, or 0: success is a decision unless `gfp` has Nofail. */
  kmalloc(cache: SlabCache, gfp: number): Access {
    if (gfpBlocks(gfp)) this.mightSleep(`kmalloc(${cache.name}, GFP_KERNEL)`);
    return this.describe(Kind.Alloc, 0, cache.id, gfp & Gfp.Nofail, 0);
  }
  /** Frees an object; NULL is allowed. Delayed stores of this CPU into the object reach memory first. */
  kfree(object: number): Access {
    return this.describe(Kind.Free, object, 0, 0, 0);
  }

  // ---- page tables -----------------------------------------------------------------------------------------

  /**
   * A hardware walk: the entry at `pte`, from this CPU's TLB if it holds one for `translation`, else from memory
   * (never from the store buffer). The access that follows is done through the entry: a flush waits for it.
   */
  walk(translation: number, pte: number): Access {
    return this.describe(Kind.Walk, pte, translation, 0, 0);
  }
  /** Broadcast invalidation with completion (arm64 `tlbi; dsb ish`). */
  flushTlb(translation: number): Access {
    return this.describe(Kind.FlushTlb, 0, translation, 0, 0);
  }
  /** Invalidation by interrupts to the other CPUs, whose interrupts must be on (x86 `flush_tlb_others`). */
  flushTlbIpi(translation: number): Access {
    return this.describe(Kind.FlushTlb, 0, translation, 1, 0);
  }
  /** Invalidates the entry of this CPU alone. */
  flushTlbLocal(translation: number): Access {
    return this.describe(Kind.FlushTlb, 0, translation, 2, 0);
  }
}

function* kfreeRcu(cpu: Cpu, object: number): Kernel {
  yield cpu.kfree(object);
}
