import type { Case } from '../case/case.ts';
import { HangError, type WorkerPool } from '../pool.ts';
import { stepsBeforeLast } from './step-case.ts';
import type { Stepped } from './steps.ts';

/**
 * Replays a case in a worker and tells each step. Of a case that hangs, the steps before the one that never ends.
 *
 * @throws HangError if the model hangs elsewhere than its case says.
 */
export async function loadSteps(pool: WorkerPool, one: Case): Promise<Stepped> {
  try {
    return await pool.run<'steps'>({ type: 'steps', case: one, limit: null });
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
    return await pool.run<'steps'>({ type: 'steps', case: one, limit: stepsBeforeLast(one) });
  }
}
