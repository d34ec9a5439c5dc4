import type { Oracle } from './oracle.ts';

export const sleepingInAtomic: Oracle = {
  id: 'sleeping-in-atomic',
  title: 'BUG: sleeping function called from invalid context',
  rule: 'mightSleep, blocking allocations, mutexes, rwsems, the folio lock and waiting for events are legal only with preempt count 0, outside RCU read sections and with interrupts on. Checked at the call, whether or not it would block.',
  source: '__might_resched(), include/linux/kernel.h; engine/cpu.ts',
  blind: 'Idle-task and non_block_start() contexts are not modelled; PREEMPT_RT differs.',
};
