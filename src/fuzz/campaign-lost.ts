import type { Killer } from './campaign-setup.ts';
import type { Case, Verdict } from './case/case.ts';
import { HangError, LostWorker, MemoryError, type WorkerPool } from './pool.ts';
import type { FuzzTask, Job, Plan, RawFinding } from './tasks.ts';

/** What is left of a batch whose worker was lost. */
export interface Salvage {
  /** The program that did it; null if it could not be made to do it again. */
  readonly finding: RawFinding | null;
  /** What is to be run again: the part of the batch before that program, all if none did it; null for nothing. */
  readonly again: Plan | null;
  /** One line for the log. */
  readonly note: string;
}

/** The first programs or children of a plan; null if that is none. */
function upTo(plan: Plan, program: number): Plan | null {
  if (plan.kind === 'mutate') return program > 0 ? { ...plan, children: program } : null;
  return program > plan.from ? { ...plan, programs: program - plan.from } : null;
}

/** Whether two plans run the same programs; an entry may travel in numbers once and as a case the next time. */
function samePlan(a: Plan, b: Plan): boolean {
  if (a.kind === 'fresh') return b.kind === 'fresh' && a.from === b.from;
  return b.kind === 'mutate' && a.entry.id === b.entry.id && a.stream === b.stream;
}

export function sameJob(a: Job, b: Job): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The first program of a plan that is known to kill the process, and the part of the plan before it; null if none is. */
export function killerIn(
  plan: Plan,
  job: Job,
  killers: readonly Killer[],
): { readonly finding: RawFinding; readonly before: Plan | null } | null {
  const [first] = killers
    .filter(({ suspect }) => sameJob(suspect.job, job) && samePlan(suspect.plan, plan))
    .sort((a, b) => a.suspect.program - b.suspect.program);
  return first === undefined ? null : { finding: first.finding, before: upTo(plan, first.suspect.program) };
}

/**
 * Finds out what the program did that a worker was lost with: it is run again, with the answers that it had been given,
 * and its steps are written down as they happen.
 */
export async function salvage(pool: WorkerPool, task: FuzzTask, lost: LostWorker): Promise<Salvage> {
  const { job, plan } = task;
  const { program, answers } = lost;
  const where = `${job.design}: ${lost.message}`;
  if (program < 0) return { finding: null, again: plan, note: `${where}, before a program began` };
  let same: LostWorker | null = null;
  try {
    await pool.run<'describe'>({ type: 'describe', job, plan, program, answers });
  } catch (error) {
    if (!(error instanceof LostWorker)) throw error;
    same = error;
  }
  if (same === null) {
    const advice = lost instanceof HangError ? ': a busy machine? Increase --hang-timeout' : '';
    return { finding: null, again: plan, note: `${where}, but run again it went on${advice}` };
  }
  const found = await pool.run<'hung'>({ type: 'hung', job, plan, program, steps: same.steps });
  const [verdict, message] = verdictOfLost(same);
  const finding = {
    case: { ...found, expect: verdict } satisfies Case,
    message,
    program,
    provenance: '',
    executions: 1,
    nondeterministic: false,
  };
  return { finding, again: upTo(plan, program), note: `${where}; the program is saved as a finding` };
}

/** How an execution is judged whose worker was lost with it, and in words. */
export function verdictOfLost(lost: LostWorker): readonly [Verdict, string] {
  if (lost instanceof HangError) return [{ verdict: 'hang' }, 'the model runs on for ever without an access'];
  const message = lost instanceof MemoryError ? lost.message : `the worker died: ${lost.message}`;
  return [{ verdict: 'error', message }, message];
}
