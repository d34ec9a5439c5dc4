import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mmuInvalidateBegin, mmuInvalidateEnd } from '../kernel/mmu-notifier.ts';
import { areaOf } from './areas.ts';
import type { State } from './state.ts';

/** KVM runs in the first address space. */
export const VMM = 0;

/** kvm_mmu_notifier_invalidate_range_start(): count up, unmap stage 2, flush (virt/kvm/kvm_main.c). */
export function* invalidateRangeStart(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateBegin(cpu, kvm);
  yield* unmapStage2(cpu, s, index);
  // A block that covers the page goes as a whole.
  if (index >= s.areas.first) {
    for (const other of s.areas.of[areaOf(s.areas, index)]) {
      if (other !== index) yield* unmapStage2(cpu, s, other);
    }
  }
  yield cpu.writeUnlock(kvm.mmu_lock);
}

/** kvm_unmap_gfn_range() of one page. */
export function* unmapStage2(cpu: Cpu, s: State, index: number): Kernel {
  const { stage2 } = s.kvm;
  if ((yield cpu.readOnce(stage2[index])) === 0) return;
  yield cpu.writeOnce(stage2[index], 0);
  yield cpu.flushTlb(s.stage2Tlb[index]);
}

/** kvm_mmu_notifier_invalidate_range_end() */
export function* invalidateRangeEnd(cpu: Cpu, s: State, mm: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateEnd(cpu, kvm);
  yield cpu.writeUnlock(kvm.mmu_lock);
}
