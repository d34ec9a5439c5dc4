import type { Oracle } from './oracle.ts';

export const mismatchedAttributes: Oracle = {
  id: 'mismatched-attributes',
  title: 'KVM: cacheable and non-cacheable aliases of one memory',
  rule: 'A guest never reads what was in its memory before the VMM cleared it, no write-back of a dirty line replaces what it stored, no cache line hides that from the VMM: memory that the VMM maps cacheable has no Normal-NC or Device alias in stage 2 (I13).',
  source: '2a8dfab26677; targets/stage2-memtype/cache.ts',
  blind: 'Judged by its effects.',
};
