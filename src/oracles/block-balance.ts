import type { Oracle } from './oracle.ts';

export const blockBalance: Oracle = {
  id: 'block-balance',
  title: 'MTE: references to a tag-storage block do not balance',
  rule: 'At the end a reserved block has one reference for itself and one for each of its pages with PG_tag_storage_reserved, and a block without such pages is not reserved (I6 of the fact sheet).',
  source: 'targets/tag-storage; kernel/tag-storage.md section 1.4 (C4)',
  blind: 'Counts that are wrong in between and right at the end are seen only by what they lead to.',
};
