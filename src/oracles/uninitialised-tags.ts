import type { Oracle } from './oracle.ts';

export const uninitialisedTags: Oracle = {
  id: 'uninitialised-tags',
  title: 'MTE: uninitialised tags visible',
  rule: 'No owner reads tags of a page whose tags nobody has begun to initialise since it got its content: PG_mte_tagged was set without initialisation.',
  source: 'tag-shadow.ts; a8e5e5146ad0 and c4c597f1b367',
  blind: 'As for stale-tags; which of the two is reported depends on whether an initialiser had begun.',
};
