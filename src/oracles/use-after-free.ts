import type { Oracle } from './oracle.ts';

export const useAfterFree: Oracle = {
  id: 'use-after-free',
  title: 'BUG: KASAN: use-after-free',
  rule: 'No access to an object of the slab, or a page frame, that is not live.',
  source: 'engine/slab.ts',
  blind: 'Seen when the access is issued, not when a delayed store arrives.',
};
