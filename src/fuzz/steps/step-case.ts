import { DivergenceError } from '../../engine/errors.ts';
import { Replay } from '../../engine/strategies/replay.ts';
import type { Case } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { replayCase } from '../replay.ts';
import { TraceRecorder } from '../trace.ts';
import { StepRecorder } from './record.ts';
import type { ExecutionSteps, Stepped } from './steps.ts';

/**
 * Replays a case and writes down each step. With `limit`, as many steps of its schedule and no more: for a case that
 * hangs after them, whose verdict then is that.
 */
export function stepCase(executor: Executor, one: Case, limit: number | null): Stepped {
  const execution = stepsOf(executor, one, limit ?? Number.POSITIVE_INFINITY);
  if (limit !== null) {
    const { steps } = executor.machine;
    const verdict = { verdict: 'hang' } as const;
    return { case: one, execution, verdict, accesses: steps, observations: [], diverged: null };
  }
  const { verdict, accesses, observations, diverged } = replayCase(executor, one);
  return { case: one, execution, verdict, accesses, observations, diverged };
}

function stepsOf(executor: Executor, one: Case, limit: number): ExecutionSteps {
  const { machine, model } = executor;
  const replay = new Replay(parseSchedule(one.schedule, name => machine.layout.find(name)));
  const recorder = new TraceRecorder(machine, model.operations, one.program.setup.length);
  const steps = new StepRecorder(machine, model.operations, replay, recorder, limit);
  try {
    executor.judge(one.program, steps, steps);
  } catch (error) {
    if (!(error instanceof DivergenceError) && error !== machine.stop) throw error;
  }
  return steps.finish();
}

/** Steps of a case's schedule before the one that it ends in. */
export function stepsBeforeLast(one: Case): number {
  // Locations need no address to be counted.
  return parseSchedule(one.schedule, () => 1).steps.length - 1;
}
