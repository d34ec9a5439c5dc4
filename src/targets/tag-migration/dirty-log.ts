import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { allocateSavedTags, saveTags } from './dump.ts';
import { flushStage2, writeProtect } from './stage2.ts';
import { type Host, MEM_LOG_DIRTY_PAGES, memslotAt, type State } from './state.ts';

/**
 * KVM_SET_USER_MEMORY_REGION with KVM_MEM_LOG_DIRTY_PAGES: a new memslot is published, faults that saw the old one
 * have ended when synchronize_srcu() returns, then kvm_mmu_wp_memory_region() write-protects all of it.
 */
export function* enableDirtyLog(cpu: Cpu, s: State, h: Host): Kernel {
  const { kvm } = h;
  yield cpu.mutexLock(kvm.slots_lock);
  const old = yield cpu.readOnce(kvm.memslot);
  const slot = yield cpu.kmalloc(h.slotCache, Gfp.Kernel | Gfp.Nofail);
  yield cpu.writeOnce(memslotAt(h, slot).flags, MEM_LOG_DIRTY_PAGES);
  yield cpu.writeOnce(memslotAt(h, slot).dirty_bitmap, 0);
  if (s.d.tagAccess === 'dump' && s.d.dumpBuffers === 'kept') yield* allocateSavedTags(cpu, s, h);
  yield cpu.rcuAssignPointer(kvm.memslot, slot);
  if (s.d.srcuBeforeProtect) yield* cpu.synchronizeSrcu(h.srcu);
  yield* flagClean(cpu, s, h, (1 << s.gfns) - 1, true);
  if (!s.d.srcuBeforeProtect) yield* cpu.synchronizeSrcu(h.srcu);
  yield cpu.kfree(old);
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/**
 * KVM_GET_DIRTY_LOG: which gfns were dirtied since they were last flagged clean. The legacy form flags them clean;
 * with manual protection KVM_CLEAR_DIRTY_LOG does.
 */
export function* getDirtyLog(cpu: Cpu, s: State, h: Host): Kernel<number> {
  const { kvm } = h;
  yield cpu.mutexLock(kvm.slots_lock);
  const { dirty_bitmap } = memslotAt(h, yield cpu.readOnce(kvm.memslot));
  const dirty = s.d.manualProtect
    ? yield cpu.readOnce(dirty_bitmap)
    : yield* flagClean(cpu, s, h, yield cpu.readOnce(dirty_bitmap), false);
  yield cpu.mutexUnlock(kvm.slots_lock);
  return dirty;
}

/** KVM_CLEAR_DIRTY_LOG of some gfns. */
export function* clearDirtyLog(cpu: Cpu, s: State, h: Host, gfns: number): Kernel {
  yield cpu.mutexLock(h.kvm.slots_lock);
  yield* flagClean(cpu, s, h, gfns, false);
  yield cpu.mutexUnlock(h.kvm.slots_lock);
}

/**
 * Clears dirty bits and write-protects their gfns (or all that are asked for), then flushes the TLBs; returns the gfns
 * concerned. With slots_lock held.
 */
function* flagClean(cpu: Cpu, s: State, h: Host, wanted: number, all: boolean): Kernel<number> {
  if (wanted === 0) return 0;
  const { mmu_lock, memslot } = h.kvm;
  const { dirty_bitmap } = memslotAt(h, yield cpu.readOnce(memslot));
  const dumps = s.d.tagAccess === 'dump';
  yield cpu.writeLock(mmu_lock);
  let gfns = 0;
  if (all) gfns = wanted;
  else if (s.d.manualProtect) {
    // fetch_andnot()
    for (let gfn = 0; gfn < s.gfns; gfn++) {
      if ((wanted & (1 << gfn)) !== 0 && (yield cpu.testAndClearBit(gfn, dirty_bitmap)) === 1)
        gfns |= 1 << gfn;
    }
  } else gfns = yield cpu.xchg(dirty_bitmap, 0);
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    if ((gfns & (1 << gfn)) === 0) continue;
    yield* writeProtect(cpu, h, gfn);
    if (dumps && !s.d.dumpAfterFlush) yield* saveTags(cpu, s, h, gfn);
  }
  yield cpu.writeUnlock(mmu_lock);
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    if ((gfns & (1 << gfn)) === 0) continue;
    if (s.d.flushOnClear) yield flushStage2(cpu, h, gfn);
    if (dumps && s.d.dumpAfterFlush) yield* saveTags(cpu, s, h, gfn);
  }
  return gfns;
}
