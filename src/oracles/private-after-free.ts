import type { Oracle } from './oracle.ts';

export const privateAfterFree: Oracle = {
  id: 'private-after-free',
  title: 'SEV-SNP: page freed while private',
  rule: 'A page that the allocator owns at the end is hypervisor-owned in the RMP table (I2).',
  source: 'sev_gmem_invalidate(), snp_leak_pages(); targets/guest-memfd/checks.ts',
  blind: 'Judged at the end only; an owner who writes the page before is a host access to a private page.',
};
