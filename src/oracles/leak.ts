import type { Oracle } from './oracle.ts';

export const leak: Oracle = {
  id: 'leak',
  title: 'BUG: memory leak',
  rule: 'At the end every live object is referred to by a pointer word of reachable memory, as kmemleak judges; where a target counts them, no page frame has more references than holders.',
  source: 'engine/slab.ts; targets/stage2-memtype/checks.ts',
  blind: 'Elsewhere references to page frames are not counted here.',
};
