import type { Oracle } from './oracle.ts';

export const staleTags: Oracle = {
  id: 'stale-tags',
  title: 'MTE: stale or foreign tags visible',
  rule: 'No owner reads a tag that was in the page frame before its current content, or that belongs to another content, once somebody has begun to initialise the tags (property P1).',
  source: 'tag-shadow.ts; d77e59a8fccd, e059853d14ca, 1d0cb4c8864a',
  blind:
    'Equal tag values of the same content are not told apart from older ones; reads by the kernel itself (copies) count only when an owner reads the result.',
};
