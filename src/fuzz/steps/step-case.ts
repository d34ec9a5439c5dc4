import type { DecisionSource } from '../../engine/decisions.ts';
import { DivergenceError } from '../../engine/errors.ts';
import type { Observer } from '../../engine/observer.ts';
import { Replay } from '../../engine/strategies/replay.ts';
import type { Case } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { replayCase } from '../replay.ts';
import { TraceRecorder } from '../trace.ts';
import { Limited } from './limited.ts';
import { ReadSets } from './read-sets.ts';
import { StepRecorder } from './record.ts';
import type { ExecutionSteps, Stepped } from './steps.ts';

/**
 * Replays a case and writes down each step. With `limit`, as many steps of its schedule and no more: for a case that
 * hangs after them, whose verdict then is that. `beat` is called at each step: it may take long, and is no hang.
 */
export function stepCase(
  executor: Executor,
  one: Case,
  limit: number | null,
  beat: () => void = () => {},
): Stepped {
  const execution = stepsOf(executor, one, limit ?? Number.POSITIVE_INFINITY, beat);
  if (limit !== null) {
    const { steps } = executor.machine;
    const verdict = { verdict: 'hang' } as const;
    return { case: one, execution, verdict, accesses: steps, observations: [], diverged: null };
  }
  const { verdict, accesses, observations, diverged } = replayCase(executor, one);
  return { case: one, execution, verdict, accesses, observations, diverged };
}

function stepsOf(executor: Executor, one: Case, limit: number, beat: () => void): ExecutionSteps {
  const { machine, model } = executor;
  const replay = new Replay(parseSchedule(one.schedule, name => machine.layout.find(name)));
  const reads = machine.cpus.map(() => new Set<number>());
  run(executor, one, new Limited(replay, machine, limit, beat), new ReadSets(reads));
  const recorder = new TraceRecorder(machine, model.operations, one.program.setup.length);
  const limited = new Limited(replay, machine, limit, beat);
  const steps = new StepRecorder(machine, model.operations, limited, recorder, reads);
  run(executor, one, steps, steps);
  return steps.finish();
}

/** Runs a case to its end, to where it diverges, or to the limit. */
function run(executor: Executor, one: Case, source: DecisionSource, observer: Observer): void {
  try {
    executor.judge(one.program, source, observer);
  } catch (error) {
    if (!(error instanceof DivergenceError) && error !== executor.machine.stop) throw error;
  }
}

/** Steps of a case's schedule before the one that it ends in. */
export function stepsBeforeLast(one: Case): number {
  // Locations need no address to be counted.
  return parseSchedule(one.schedule, () => 1).steps.length - 1;
}
