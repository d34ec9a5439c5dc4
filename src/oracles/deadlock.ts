import type { Oracle } from './oracle.ts';

export const deadlock: Oracle = {
  id: 'deadlock',
  title: 'INFO: task hung: deadlock',
  rule: 'Some CPU or RCU callback has work left, nobody can run and no store is delayed. The report says who waits for what.',
  source: 'engine/machine.ts',
  blind: 'A CPU is one task: a sleeping task does not let another run on its CPU.',
};
