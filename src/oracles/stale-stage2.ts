import type { Oracle } from './oracle.ts';

export const staleStage2: Oracle = {
  id: 'stale-stage2',
  title: 'KVM: stale stage-2 mapping',
  rule: 'When the VMM has unmapped a page, no stage-2 entry or TLB leads to it; with its memslot gone, a gfn has none (I3).',
  source:
    'kvm_mmu_notifier_invalidate_range_start(), kvm_invalidate_memslot(); targets/stage2-memtype/checks.ts',
  blind: 'TLB entries count when a guest uses them; of freed RAM that is a use after free.',
};
