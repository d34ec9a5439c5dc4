import type { Oracle } from './oracle.ts';

export const warn: Oracle = {
  id: 'warn',
  title: "WARNING: the model's own condition",
  rule: 'WARN_ON conditions of the kernel code modelled: reference counts that underflow, a destination that is tagged already, an assertion that a lock is held.',
  source: 'the model; cpu.warnOn',
  blind: 'Only what the model states.',
};
