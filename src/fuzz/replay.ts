import { DivergenceError } from '../engine/errors.ts';
import type { Schedule } from '../engine/schedule.ts';
import { Describer } from '../engine/strategies/describe.ts';
import { Follow } from '../engine/strategies/follow.ts';
import { RandomWalk } from '../engine/strategies/random.ts';
import { Replay } from '../engine/strategies/replay.ts';
import type { Observation } from '../engine/violation.ts';
import { type Case, sameVerdict, type Verdict, verdictText } from './case/case.ts';
import { parseSchedule } from './case/schedule-text.ts';
import type { Executor } from './executor.ts';
import { type Trace, TraceRecorder } from './trace.ts';

/** What a replay shows. */
export interface Replayed {
  readonly verdict: Verdict;
  /** Accesses executed, setup included. */
  readonly accesses: number;
  readonly trace: Trace;
  /** What was noticed that is no violation. */
  readonly observations: readonly Observation[];
  /** Why the schedule could not be followed to its end; null if it was. */
  readonly diverged: { readonly step: number; readonly message: string } | null;
}

/** Runs a case to the letter. A schedule that no longer fits is a result (`diverged`), not an error. */
export function replayCase(executor: Executor, one: Case): Replayed {
  const { machine, model } = executor;
  const schedule = parseSchedule(one.schedule, name => machine.layout.find(name));
  const recorder = new TraceRecorder(machine, model.operations, one.program.setup.length);
  const replay = new Replay(schedule);
  let verdict: Verdict = { verdict: 'clean' };
  let trace: Trace | null = null;
  let observations: readonly Observation[] = [];
  let diverged: Replayed['diverged'] = null;
  try {
    verdict = executor.judge(one.program, replay, recorder);
    trace = recorder.trace();
    observations = [...machine.observations];
    replay.finish();
    if (!repeats(executor, one, schedule, verdict)) verdict = nondeterministic;
    if (replay.left > 0 && !sameVerdict(verdict, one.expect)) {
      const step = schedule.steps.length - replay.left + 1;
      diverged = {
        step,
        message: `the execution ended before step ${step} of ${schedule.steps.length} (${verdictText(verdict)})`,
      };
    }
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    diverged = { step: error.step, message: error.message.replace(/^replay diverged at step \d+: /, '') };
  }
  const { steps } = machine;
  return { verdict, accesses: steps, trace: trace ?? recorder.trace(), observations, diverged };
}

/** The verdict on a model that does not do the same again with the same decisions. */
export const nondeterministic: Verdict = { verdict: 'error', message: 'nondeterministic model' };

/** Whether the execution that has just ended can be run again bit-identically. */
function repeats(executor: Executor, one: Case, schedule: Schedule, verdict: Verdict): boolean {
  const { machine } = executor;
  const { steps } = machine;
  const words = machine.words.slice();
  try {
    const again = executor.judge(one.program, new Replay(schedule));
    return (
      sameVerdict(again, verdict) &&
      machine.steps === steps &&
      machine.words.every((word, a) => word === words[a])
    );
  } catch (error) {
    if (error instanceof DivergenceError) return false;
    throw error;
  }
}

/** Executions that a search near a case tries. */
const SEARCH = 20_000;

/**
 * Looks for the expected verdict near a case whose schedule no longer fits: follows it for ever shorter prefixes
 * and goes on at random. Returns the case with a schedule that fits, or null.
 */
export function searchNear(executor: Executor, one: Case, beat: () => boolean): Case | null {
  const schedule = parseSchedule(one.schedule, name => executor.machine.layout.find(name));
  const length = schedule.steps.length;
  const walk = new RandomWalk('search near');
  for (let i = 0; i < SEARCH && beat(); i++) {
    const keep = i === 0 ? length : Math.floor((length * (SEARCH - i)) / SEARCH);
    const describer = new Describer(new Follow(schedule, i === 0 ? null : walk, keep));
    const verdict = executor.judge(one.program, describer);
    if (sameVerdict(verdict, one.expect)) return executor.toCase(one.program, describer.schedule(), verdict);
  }
  return null;
}
