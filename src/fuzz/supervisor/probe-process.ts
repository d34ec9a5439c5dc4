import type { Case } from '../case/case.ts';
import type { Suspect } from '../directory/journal.ts';
import { leave } from '../fence.ts';
import { LostWorker, WorkerPool } from '../pool.ts';
import type { Plan } from '../tasks.ts';
import { endWithParent } from './parent.ts';

/** What a probe does: run the program, write down an execution with the answers given, or make a case of its steps. */
export interface ProbeStage {
  readonly stage: 'run' | 'describe' | 'case';
  readonly suspect: Suspect;
  /** Answers for `describe`, steps for `case`. */
  readonly numbers: readonly number[];
}

export interface ProbeMessage extends ProbeStage {
  readonly modules: readonly string[];
  readonly hangSeconds: number;
  /** File for what the process did last: answers, or steps. */
  readonly notes: string;
}

/** Sent by a process that survives. */
export interface ProbeAnswer {
  readonly case: Case | null;
}

async function run(message: ProbeMessage): Promise<ProbeAnswer> {
  const { stage, suspect, numbers, modules, hangSeconds, notes } = message;
  const { job, plan, program } = suspect;
  const pool = new WorkerPool(modules, hangSeconds, { notes });
  try {
    if (stage === 'case') {
      const steps = Array.from({ length: Math.floor(numbers.length / 3) }, (_, i) => {
        return [numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]] as const;
      });
      return { case: await pool.run<'hung'>({ type: 'hung', job, plan, program, steps }) };
    }
    if (stage === 'describe') {
      await pool.run<'describe'>({ type: 'describe', job, plan, program, answers: numbers });
    } else {
      await pool.run<'fuzz'>({
        type: 'fuzz',
        job,
        plan: only(plan, program),
        executions: Number.MAX_SAFE_INTEGER,
        known: [],
        untilCrash: false,
        coverage: null,
        deterministic: true,
      });
    }
  } catch (error) {
    // A worker that hangs or runs out of memory without its process is found as such by the campaign.
    if (!(error instanceof LostWorker)) throw error;
  } finally {
    await pool.close();
  }
  return { case: null };
}

/** A plan for one program; children of an entry are counted from the first. */
function only(plan: Plan, program: number): Plan {
  return plan.kind === 'fresh' ? { ...plan, from: program, programs: 1 } : { ...plan, children: program + 1 };
}

process.on('SIGINT', () => {});
// Nobody waits for the answer any more.
endWithParent();
process.once('message', async (message: ProbeMessage) => {
  const answer = await run(message).catch((): ProbeAnswer => ({ case: null }));
  process.send?.(answer, () => leave(0));
});
