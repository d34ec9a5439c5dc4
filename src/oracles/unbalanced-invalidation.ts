import type { Oracle } from './oracle.ts';

export const unbalancedInvalidation: Oracle = {
  id: 'unbalanced-invalidation',
  title: 'KVM: unbalanced mmu_invalidate_begin and _end',
  rule: 'When no invalidation runs, mmu_invalidate_in_progress is 0; otherwise faults retry for ever (I5).',
  source: 'kvm_mmu_invalidate_end(); targets/guest-memfd/checks.ts, targets/stage2-memtype/checks.ts',
  blind: 'A negative count is reported as a warning.',
};
