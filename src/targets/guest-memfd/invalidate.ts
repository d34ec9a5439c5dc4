import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import {
  invalidateSeqChanged,
  mmuInvalidateBegin as kvmMmuInvalidateBegin,
  lowerInProgress,
  raiseInvalidateSeq,
} from '../kernel/mmu-notifier.ts';
import { type Filter, unmapGfnRange } from './npt.ts';
import { INVALID_GPA, PGOFF, type State, slotAt } from './state.ts';

/** kvm_mmu_invalidate_begin() (virt/kvm/kvm_main.c, v6.8), mmu_lock held for write. */
export function* mmuInvalidateBegin(cpu: Cpu, s: State): Kernel {
  const { kvm } = s;
  if (!s.d.countInBegin || (yield* kvmMmuInvalidateBegin(cpu, kvm)) !== 1) return;
  yield cpu.writeOnce(kvm.mmu_invalidate_range_start, INVALID_GPA);
  yield cpu.writeOnce(kvm.mmu_invalidate_range_end, INVALID_GPA);
}

/** kvm_mmu_invalidate_range_add(): the hull of what is invalidated at the time. */
export function* mmuInvalidateRangeAdd(cpu: Cpu, s: State, start: number, end: number): Kernel {
  const { kvm } = s;
  const from = yield cpu.readOnce(kvm.mmu_invalidate_range_start);
  if (from === INVALID_GPA) {
    yield cpu.writeOnce(kvm.mmu_invalidate_range_start, start);
    yield cpu.writeOnce(kvm.mmu_invalidate_range_end, end);
    return;
  }
  if (start < from) yield cpu.writeOnce(kvm.mmu_invalidate_range_start, start);
  if (end > (yield cpu.readOnce(kvm.mmu_invalidate_range_end))) {
    yield cpu.writeOnce(kvm.mmu_invalidate_range_end, end);
  }
}

/** kvm_mmu_invalidate_end(), mmu_lock held for write: sequence, write barrier, count. */
export function* mmuInvalidateEnd(cpu: Cpu, s: State): Kernel {
  const { kvm, d } = s;
  if (d.seqBeforeCount && d.seqBump) yield* raiseInvalidateSeq(cpu, kvm);
  if (d.countInBegin) yield* lowerInProgress(cpu, kvm);
  if (!d.seqBeforeCount && d.seqBump) yield* raiseInvalidateSeq(cpu, kvm);
}

/** mmu_invalidate_retry_gfn(): whether a fault that took its snapshot `seq` may not map gfn. */
export function* mmuInvalidateRetryGfn(cpu: Cpu, s: State, seq: number, gfn: number): Kernel<boolean> {
  const { kvm } = s;
  if ((yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) !== 0) {
    const start = yield cpu.readOnce(kvm.mmu_invalidate_range_start);
    const end = yield cpu.readOnce(kvm.mmu_invalidate_range_end);
    if (start === INVALID_GPA || (gfn >= start && gfn < end)) return true;
  }
  return yield* invalidateSeqChanged(cpu, kvm, seq);
}

/** The first memslot bound in [start, end), which the caller's invalidate_lock keeps there; 0 if there is none. */
function* boundSlot(cpu: Cpu, s: State, start: number, end: number): Kernel<number> {
  const gmem = yield cpu.rcuDereference(s.gmemFile.private_data);
  if (gmem === 0) return 0;
  for (let index = start; index < end; index++) {
    const slot = yield cpu.rcuDereference(s.gmem.bindings[index]);
    if (slot !== 0) return slot;
  }
  return 0;
}

/** The gfns of a slot that lie in [start, end) of the file; with the seed code's arithmetic if the design has it. */
function gfnRange(s: State, start: number, end: number): readonly [number, number] {
  const first = Math.max(start, PGOFF);
  const last = Math.min(end, PGOFF + s.gfns);
  if (!s.d.wrongRange) return [first - PGOFF, last - PGOFF];
  return [Math.min(first, s.gfns), Math.min(last, s.gfns)];
}

/**
 * kvm_gmem_invalidate_begin() (virt/kvm/guest_memfd.c, v6.8; guest_mem.c, May 2023): unmaps [start, end) from the
 * guest and holds faults off until the end. `under` runs in the same hold of mmu_lock (the v7 series' RMP update).
 */
export function* gmemInvalidateBegin(
  cpu: Cpu,
  s: State,
  start: number,
  end: number,
  under: Kernel | null,
): Kernel {
  const { kvm, d } = s;
  let locked = false;
  if (d.beginUnconditional) {
    yield cpu.writeLock(kvm.mmu_lock);
    yield* mmuInvalidateBegin(cpu, s);
    locked = true;
  }
  const slot = yield* boundSlot(cpu, s, start, end);
  if (slot !== 0) {
    // slot->base_gfn
    yield cpu.readOnce(slotAt(s, slot).flags);
    const [first, last] = gfnRange(s, start, end);
    const filter = filterOf(s);
    if (!d.beginBeforeZap) {
      yield cpu.writeLock(kvm.mmu_lock);
      yield* unmapGfnRange(cpu, s, first, last, filter);
      yield cpu.writeUnlock(kvm.mmu_lock);
    }
    if (!locked) {
      yield cpu.writeLock(kvm.mmu_lock);
      yield* mmuInvalidateBegin(cpu, s);
      locked = true;
    }
    yield* mmuInvalidateRangeAdd(cpu, s, first, last);
    if (d.beginBeforeZap) yield* unmapGfnRange(cpu, s, first, last, filter);
    if (under !== null) yield* under;
  }
  if (locked) yield cpu.writeUnlock(kvm.mmu_lock);
}

/** What the inode's pages are mapped as: private unless it has INIT_SHARED (5d3341d684be). */
function filterOf(s: State): Filter {
  if (s.d.inPlace) return 'all';
  return s.d.initShared && !s.d.privateFilterOnly ? 'shared' : 'private';
}

/** kvm_gmem_invalidate_end() */
export function* gmemInvalidateEnd(cpu: Cpu, s: State, start: number, end: number): Kernel {
  if ((yield* boundSlot(cpu, s, start, end)) === 0) return;
  yield cpu.writeLock(s.kvm.mmu_lock);
  yield* mmuInvalidateEnd(cpu, s);
  yield cpu.writeUnlock(s.kvm.mmu_lock);
}
