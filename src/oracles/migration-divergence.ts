import type { Oracle } from './oracle.ts';

export const migrationDivergence: Oracle = {
  id: 'migration-divergence',
  title: 'live migration: source and destination differ',
  rule: "When the destination starts, data and tags of every guest page equal the source's (property P8 of the fact sheet); from then on they change by stores of guest and devices there alone. With post-copy a page counts when it is first read, and at the end.",
  source: 'migration-shadow.ts; e0b7de4fd18c fixes such a divergence',
  blind:
    "A page whose tags nobody initialised counts as tags 0. Older values of the guest itself are accepted where it reads at the destination (coherence is the memory model's matter). Executions in which no migration completes compare nothing.",
};
