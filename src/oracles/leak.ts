import type { Oracle } from './oracle.ts';

export const leak: Oracle = {
  id: 'leak',
  title: 'BUG: memory leak',
  rule: 'At the end every live object is referred to by a pointer word of reachable memory, as kmemleak judges.',
  source: 'engine/slab.ts',
  blind: 'Page frames are counted by their reference counts, not here.',
};
