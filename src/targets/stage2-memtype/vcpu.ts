import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { State } from './state.ts';

/** KVM_ENABLE_CAP of KVM_CAP_ARM_MTE: only while there is no vCPU, so that no stage-2 entry is older (kvm->lock). */
export function* enableMte(cpu: Cpu, s: State): Kernel {
  const { kvm, d } = s;
  const early = !d.mteUnderLock && (yield cpu.readOnce(kvm.created_vcpus)) === 0;
  yield cpu.mutexLock(kvm.lock);
  const none = d.mteUnderLock ? (yield cpu.readOnce(kvm.created_vcpus)) === 0 : early;
  if (none || !d.mteBeforeVcpus) yield cpu.writeOnce(kvm.mte_enabled, 1);
  yield cpu.mutexUnlock(kvm.lock);
}

/** KVM_CREATE_VCPU before the first run; the descriptor that user space gets orders the runs after it. */
export function* createVcpu(cpu: Cpu, s: State): Kernel {
  const { kvm } = s;
  if ((yield cpu.smpLoadAcquire(kvm.created_vcpus)) !== 0) return;
  yield cpu.mutexLock(kvm.lock);
  yield cpu.smpStoreRelease(kvm.created_vcpus, 1);
  yield cpu.mutexUnlock(kvm.lock);
}
