import type { Oracle } from './oracle.ts';

export const dataRace: Oracle = {
  id: 'data-race',
  title: 'BUG: KCSAN: data-race',
  rule: 'Two accesses to a word, at least one plain and at least one a write, are ordered by locks, release and acquire, barriers with the accesses they order, address dependencies, or grace periods.',
  source: 'tools/memory-model/Documentation/access-marking.txt; engine/race.ts',
  blind:
    'Only words declared plain are checked; control dependencies are not counted as ordering and no false report is known from that; interrupts on one CPU do not race with what they interrupt.',
};
