import type { Oracle } from './oracle.ts';

export const hostUnmappedAccess: Oracle = {
  id: 'host-unmapped-access',
  title: 'Unable to handle kernel paging request at an address of the linear map',
  rule: 'The host maintains caches and clears tags only of memory that its linear map covers.',
  source: '0c67288e0c8b (kvm_supports_cacheable_pfnmap()); targets/stage2-memtype/checks.ts',
  blind: 'The instruction cache has no content in the model.',
};
