import type { Oracle } from './oracle.ts';

export const lockOrder: Oracle = {
  id: 'lock-order',
  title: 'WARNING: possible circular locking dependency detected',
  rule: 'Within one execution the order in which lock classes are taken has no cycle, no class is taken twice by one CPU (readers aside), and locks are released by their holder before the operation ends.',
  source: 'Documentation/locking/lockdep-design.rst; engine/lockdep.ts',
  blind:
    'Order is not collected across executions; waits that are no locks (PG_mte_lock) show up as deadlocks only.',
};
