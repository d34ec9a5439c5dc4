import type { Oracle } from './oracle.ts';

export const lostInvalidation: Oracle = {
  id: 'lost-invalidation',
  title: 'KVM: mapping installed across an invalidation',
  rule: 'A fault installs no mapping of a page that was removed since its lookup, of a range whose invalidation is in progress, or that contradicts the memory attributes.',
  source: 'is_page_fault_stale(), mmu_invalidate_retry_gfn(); targets/guest-memfd/checks.ts',
  blind: 'Judged at installation.',
};
