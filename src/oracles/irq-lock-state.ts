import type { Oracle } from './oracle.ts';

export const irqLockState: Oracle = {
  id: 'irq-lock-state',
  title: 'WARNING: inconsistent lock state',
  rule: 'A class taken in hard interrupt context is never taken with interrupts on, and does not lead to a class that is; nor is one taken in softirq context (RCU callbacks) taken with softirqs on.',
  source: 'Documentation/locking/lockdep-design.rst; engine/lockdep.ts',
  blind: 'Readers count as writers: a read lock taken in both contexts is reported though it cannot block.',
};
