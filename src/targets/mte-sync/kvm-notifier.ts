import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { State } from './state.ts';

/** KVM runs in the first address space. */
export const VMM = 0;

/** kvm_mmu_notifier_invalidate_range_start(): count up, unmap stage 2, flush (virt/kvm/kvm_main.c). */
export function* invalidateRangeStart(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield cpu.writeOnce(
    kvm.mmu_invalidate_in_progress,
    (yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) + 1,
  );
  if ((yield cpu.readOnce(kvm.stage2[index])) !== 0) {
    yield cpu.writeOnce(kvm.stage2[index], 0);
    yield cpu.flushTlb(s.stage2Tlb[index]);
  }
  yield cpu.writeUnlock(kvm.mmu_lock);
}

/** kvm_mmu_notifier_invalidate_range_end(): the sequence goes up before the count goes down. */
export function* invalidateRangeEnd(cpu: Cpu, s: State, mm: number): Kernel {
  if (mm !== VMM || !s.d.kvm) return;
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield cpu.writeOnce(kvm.mmu_invalidate_seq, (yield cpu.readOnce(kvm.mmu_invalidate_seq)) + 1);
  yield cpu.smpWmb();
  yield cpu.writeOnce(
    kvm.mmu_invalidate_in_progress,
    (yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) - 1,
  );
  yield cpu.writeUnlock(kvm.mmu_lock);
}
