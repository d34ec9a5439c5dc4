import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { lock, word } from '../../engine/layout.ts';

/** What struct kvm has for MMU notifiers; spread it into the struct. */
export const notifierFields = {
  mmu_lock: lock('Rwlock', 'mmu_lock'),
  mmu_invalidate_seq: word(),
  mmu_invalidate_in_progress: word(),
};

/** Addresses of these words. */
export interface MmuNotifier {
  readonly mmu_lock: number;
  readonly mmu_invalidate_seq: number;
  readonly mmu_invalidate_in_progress: number;
}

/** kvm_mmu_invalidate_begin() (virt/kvm/kvm_main.c), mmu_lock held for write; how many are in progress now. */
export function* mmuInvalidateBegin(cpu: Cpu, kvm: MmuNotifier): Kernel<number> {
  const count = (yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) + 1;
  yield cpu.writeOnce(kvm.mmu_invalidate_in_progress, count);
  return count;
}

/** kvm_mmu_invalidate_end(), mmu_lock held for write: the sequence goes up before the count goes down. */
export function* mmuInvalidateEnd(cpu: Cpu, kvm: MmuNotifier): Kernel {
  yield* raiseInvalidateSeq(cpu, kvm);
  yield* lowerInProgress(cpu, kvm);
}

/** The first half of kvm_mmu_invalidate_end(). */
export function* raiseInvalidateSeq(cpu: Cpu, kvm: MmuNotifier): Kernel {
  yield cpu.writeOnce(kvm.mmu_invalidate_seq, (yield cpu.readOnce(kvm.mmu_invalidate_seq)) + 1);
  yield cpu.smpWmb();
}

/** The second half. */
export function* lowerInProgress(cpu: Cpu, kvm: MmuNotifier): Kernel {
  const count = (yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) - 1;
  cpu.warnOn(count < 0, 'KVM_BUG_ON: mmu_invalidate_in_progress is negative', kvm.mmu_invalidate_in_progress);
  yield cpu.writeOnce(kvm.mmu_invalidate_in_progress, count);
}

/** mmu_invalidate_retry(): an invalidation is in progress or has been since the snapshot `seq`. */
export function* mmuInvalidateRetry(cpu: Cpu, kvm: MmuNotifier, seq: number): Kernel<boolean> {
  if ((yield cpu.readOnce(kvm.mmu_invalidate_in_progress)) !== 0) return true;
  return yield* invalidateSeqChanged(cpu, kvm, seq);
}

/** The second half of it: an invalidation has ended since. */
export function* invalidateSeqChanged(cpu: Cpu, kvm: MmuNotifier, seq: number): Kernel<boolean> {
  yield cpu.smpRmb();
  return (yield cpu.readOnce(kvm.mmu_invalidate_seq)) !== seq;
}
