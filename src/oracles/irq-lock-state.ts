import type { Oracle } from './oracle.ts';

export const irqLockState: Oracle = {
  id: 'irq-lock-state',
  title: 'WARNING: inconsistent lock state',
  rule: 'A class taken in hard interrupt context is never taken with interrupts on, and does not lead to a class that is.',
  source: 'Documentation/locking/lockdep-design.rst; engine/lockdep.ts',
  blind: 'Softirq usage is not told apart.',
};
