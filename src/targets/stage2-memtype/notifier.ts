import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { lowerInProgress, mmuInvalidateBegin, raiseInvalidateSeq } from '../kernel/mmu-notifier.ts';
import { stage2Unmap } from './stage2.ts';
import { type State, slotAt } from './state.ts';

/** kvm_mmu_invalidate_begin(), by design. */
function* invalidateBegin(cpu: Cpu, s: State): Kernel {
  if (s.d.countInBegin) yield* mmuInvalidateBegin(cpu, s.kvm);
}

/** kvm_mmu_invalidate_end(), by design: sequence, write barrier, count. */
function* invalidateEnd(cpu: Cpu, s: State): Kernel {
  const { d, kvm } = s;
  if (d.seqBump && d.seqBeforeCount) yield* raiseInvalidateSeq(cpu, kvm);
  if (d.countInBegin) yield* lowerInProgress(cpu, kvm);
  if (d.seqBump && !d.seqBeforeCount) yield* raiseInvalidateSeq(cpu, kvm);
}

/** The gfns whose memslot lies over a page of the VMM. */
function* gfnsOf(cpu: Cpu, s: State, page: number): Kernel<readonly number[]> {
  const gfns: number[] = [];
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    const slot = yield cpu.rcuDereference(s.kvm.memslot[gfn]);
    if (slot !== 0 && (yield cpu.readOnce(slotAt(s, slot).userspace_page)) === page) gfns.push(gfn);
  }
  return gfns;
}

/** kvm_mmu_notifier_invalidate_range_start(): memslots stay as they are until the end; stage 2 is unmapped. */
export function* invalidateRangeStart(cpu: Cpu, s: State, page: number): Kernel {
  const { kvm } = s;
  yield* changeActiveCount(cpu, s, 1);
  yield cpu.srcuReadLock(s.srcu);
  const gfns = yield* gfnsOf(cpu, s, page);
  if (gfns.length > 0) {
    yield cpu.writeLock(kvm.mmu_lock);
    yield* invalidateBegin(cpu, s);
    for (const gfn of gfns) yield* stage2Unmap(cpu, s, gfn);
    yield cpu.writeUnlock(kvm.mmu_lock);
  }
  yield cpu.srcuReadUnlock(s.srcu);
}

/** kvm_mmu_notifier_invalidate_range_end() */
export function* invalidateRangeEnd(cpu: Cpu, s: State, page: number): Kernel {
  const { kvm } = s;
  yield cpu.srcuReadLock(s.srcu);
  const gfns = yield* gfnsOf(cpu, s, page);
  if (gfns.length > 0) {
    yield cpu.writeLock(kvm.mmu_lock);
    yield* invalidateEnd(cpu, s);
    yield cpu.writeUnlock(kvm.mmu_lock);
  }
  yield cpu.srcuReadUnlock(s.srcu);
  yield* changeActiveCount(cpu, s, -1);
}

/** kvm->mn_active_invalidate_count, which kvm_swap_active_memslots() waits for. */
function* changeActiveCount(cpu: Cpu, s: State, by: number): Kernel {
  const { mn_invalidate_lock, mn_active_invalidate_count: count } = s.kvm;
  yield cpu.spinLock(mn_invalidate_lock);
  yield cpu.writeOnce(count, (yield cpu.readOnce(count)) + by);
  yield cpu.spinUnlock(mn_invalidate_lock);
}
