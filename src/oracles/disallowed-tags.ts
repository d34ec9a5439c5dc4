import type { Oracle } from './oracle.ts';

export const disallowedTags: Oracle = {
  id: 'disallowed-tags',
  title: 'MTE: tags of a page that may not have any are changed',
  rule: 'Nobody writes allocation tags of a page whose area lacks VM_MTE_ALLOWED: a page of a regular file, whose tags belong to the kernel (property P9).',
  source: 'tag-shadow.ts; 13ec9308a857 and 8c2e8ac8ad4b',
  blind: 'Reads of such tags are not reported.',
};
