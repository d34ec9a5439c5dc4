import type { Oracle } from './oracle.ts';

export const staleNpt: Oracle = {
  id: 'stale-npt',
  title: 'KVM: stale nested mapping of a freed page',
  rule: 'Once a folio has left the page cache and invalidate_end has run, no nested page table or TLB entry leads to it; with the memslot gone, no entry is left (I3).',
  source: 'kvm_gmem_invalidate_begin(); targets/guest-memfd/checks.ts',
  blind: 'TLB entries count when a guest uses them.',
};
