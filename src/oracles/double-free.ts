import type { Oracle } from './oracle.ts';

export const doubleFree: Oracle = {
  id: 'double-free',
  title: 'BUG: KASAN: double-free or invalid-free',
  rule: 'Only live objects are freed.',
  source: 'engine/slab.ts',
  blind: 'Nothing known.',
};
