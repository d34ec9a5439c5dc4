import type { Oracle } from './oracle.ts';

export const storageCorruption: Oracle = {
  id: 'storage-corruption',
  title: 'MTE: tag storage corrupted',
  rule: 'Tags are written only while the block of the page holds tags (I1 of the fact sheet), data only while it does not (I2), and no dirty cache line of the old kind is left when a block changes its role (I9).',
  source: 'storage-shadow.ts; the tag-storage thread, kernel/tag-storage.md section 1.9 (C1 to C3)',
  blind:
    'A block is ordinary memory even while nobody uses it, so tags written to free memory count. Cache lines are followed word by word; when they are written back is not modelled, only that they can be.',
};
