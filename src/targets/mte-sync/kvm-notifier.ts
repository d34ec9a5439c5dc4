import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mmuInvalidateBegin, mmuInvalidateEnd } from '../kernel/mmu-notifier.ts';
import type { State } from './state.ts';

/** KVM runs in the first address space. */
export const VMM = 0;

/** kvm_mmu_notifier_invalidate_range_start(): count up, unmap stage 2, flush (virt/kvm/kvm_main.c). */
export function* invalidateRangeStart(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateBegin(cpu, kvm);
  if ((yield cpu.readOnce(kvm.stage2[index])) !== 0) {
    yield cpu.writeOnce(kvm.stage2[index], 0);
    yield cpu.flushTlb(s.stage2Tlb[index]);
  }
  yield cpu.writeUnlock(kvm.mmu_lock);
}

/** kvm_mmu_notifier_invalidate_range_end() */
export function* invalidateRangeEnd(cpu: Cpu, s: State, mm: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateEnd(cpu, kvm);
  yield cpu.writeUnlock(kvm.mmu_lock);
}
