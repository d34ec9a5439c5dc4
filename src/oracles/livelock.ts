import type { Oracle } from './oracle.ts';

export const livelock: Oracle = {
  id: 'livelock',
  title: 'watchdog: BUG: soft lockup',
  rule: 'No operation completed within the bound on accesses (5,000 unless set).',
  source: 'engine/machine.ts',
  blind:
    'A loop longer than the bound that would end counts as a livelock; a run that goes on completing operations is cut off without a verdict instead.',
};
