import { setImmediate } from 'node:timers/promises';
import { EngineError, UsageError } from '../engine/errors.ts';
import type { ActorKind, Pick, Step } from '../engine/schedule.ts';
import { Answers } from '../engine/strategies/answers.ts';
import { type DescribeListener, Describer, trimmed } from '../engine/strategies/describe.ts';
import type { Size, Target } from '../targets/target.ts';
import { Batch } from './batch.ts';
import { type Case, caseDesign } from './case/case.ts';
import { Evaluator, type Shown } from './coverage/evaluate.ts';
import { CoverageMap } from './coverage/map.ts';
import { newlyReached } from './coverage/reached-sites.ts';
import { CoverageSession } from './coverage/session.ts';
import { reasonOf } from './directory/atomic.ts';
import { readEntry } from './directory/queue-store.ts';
import { Executor, memoryByName } from './executor.ts';
import { explore } from './explore.ts';
import { ProgramGenerator } from './generate.ts';
import { Heartbeat } from './heartbeat.ts';
import { measureCost } from './matrix/cost.ts';
import { prove } from './matrix/prove.ts';
import { minimizeCase } from './minimize/minimize.ts';
import { loadTargets } from './registry.ts';
import { replayCase, searchNear } from './replay.ts';
import { plannedProgram } from './search/programs.ts';
import { parseSelection } from './selection.ts';
import { stepCase } from './steps/step-case.ts';
import type { DescribeTask, Envelope, FileShown, FuzzResult, HungTask, Job } from './tasks.ts';
import { thrownText } from './thrown.ts';

// What a model prints must not come between the lines of a command.
process.stdout.write = process.stderr.write.bind(process.stderr);

const actors: readonly ActorKind[] = ['cpu', 'commit', 'irq', 'rcu'];
/** Stands for an answer among the steps written down: then kind and value follow. */
const PICK = actors.length;
const executors = new Map<string, Executor>();

const sessions = new WeakMap<Executor, CoverageSession>();

function sessionOf(executor: Executor): CoverageSession {
  let session = sessions.get(executor);
  if (session === undefined) {
    session = new CoverageSession(executor.machine, executor.model);
    sessions.set(executor, session);
  }
  return session;
}

const evaluators = new WeakMap<Executor, Evaluator>();

function evaluatorOf(executor: Executor): Evaluator {
  let evaluator = evaluators.get(executor);
  if (evaluator === undefined) {
    evaluator = new Evaluator(executor);
    evaluators.set(executor, evaluator);
  }
  return evaluator;
}

/** What was thrown while no task waited for it: by a timer, or in a promise that nobody awaits. */
const strays: unknown[] = [];
process.on('uncaughtException', error => strays.push(error));

/** The entry of the worker thread: runs one task. Machines are kept for the tasks that follow. */
export default async function runTask(envelope: Envelope): Promise<unknown> {
  strays.length = 0;
  const result = await perform(envelope).catch((error: unknown) => {
    throw sendable(error);
  });
  // Between tasks the thread sleeps, and nobody would hear of them.
  await setImmediate();
  const [stray] = strays;
  if (strays.length === 0) return result;
  throw new EngineError(`the model threw outside of its operations: ${thrownText(stray)}`);
}

/** What was thrown, as something that can be sent: of what cannot (a function, a symbol), nobody would hear. */
function sendable(error: unknown): unknown {
  try {
    structuredClone(error);
    return error;
  } catch {
    return new EngineError(thrownText(error));
  }
}

async function perform({ task, modules, heartbeat, journal, notes }: Envelope): Promise<unknown> {
  const beat = new Heartbeat(heartbeat, journal, notes);
  const ofCase = async (one: Case): Promise<Executor> => {
    const executor = await executorFor(modules, caseDesign(one), one.memory, one.size);
    // The watchdog is patient until the first beat.
    beat.beat();
    return executor;
  };
  const ofJob = ({ design, memory, size }: Job): Promise<Executor> =>
    executorFor(modules, design, memory, size);
  switch (task.type) {
    case 'fuzz': {
      const { executor, generator } = await prepare(modules, task.job);
      const result = new Batch(executor, generator, beat, sessionOf(executor), task).run();
      return { ...result, sites: newlyReached() } satisfies FuzzResult;
    }
    case 'describe':
      return describe(await prepare(modules, task.job), task, beat);
    case 'hung':
      return hung(await prepare(modules, task.job), task, beat);
    case 'replay':
      return replayCase(await ofCase(task.case), task.case);
    case 'steps':
      return stepCase(await ofCase(task.case), task.case, task.limit, () => beat.beat());
    case 'search':
      return searchNear(await ofCase(task.case), task.case, () => beat.beat());
    case 'minimize':
      return minimizeCase(
        await ofCase(task.case),
        task.case,
        task.budget,
        () => beat.beat(),
        size => beat.size(size),
      );
    case 'explore':
      return explore(await ofCase(task.case), task, () => beat.beat());
    case 'evaluate': {
      const evaluator = evaluatorOf(await ofJob(task.job));
      const known = task.known === null ? null : new CoverageMap(task.known);
      return task.cases.map(one => {
        beat.beat();
        return known !== null && addsNothing(evaluator.show(one), known) ? null : evaluator.evaluate(one);
      });
    }
    case 'show': {
      const targets = await loadTargets(modules);
      const shown: (FileShown | string)[] = [];
      for (const path of task.paths) shown.push(await show(path, targets, ofCase));
      return shown;
    }
    case 'cost':
      return measureCost(await ofJob(task.job), task, () => beat.beat());
    case 'prove':
      return prove(await ofJob(task.job), task, () => beat.beat());
  }
}

interface Prepared {
  readonly executor: Executor;
  readonly generator: ProgramGenerator;
}

async function prepare(modules: readonly string[], job: Job): Promise<Prepared> {
  const executor = await executorFor(modules, job.design, job.memory, job.size);
  return { executor, generator: new ProgramGenerator(executor.model, job.size, job.ops) };
}

async function executorFor(
  modules: readonly string[],
  design: string,
  memory: string,
  size: Size,
): Promise<Executor> {
  const key = `${design} ${memory} ${size.cpus} ${size.pages} ${size.mms}`;
  let executor = executors.get(key);
  if (executor === undefined) {
    const [selection] = parseSelection(design, await loadTargets(modules));
    if (selection === undefined) throw new UsageError(`${design} names no variant`);
    executor = new Executor(selection, memoryByName(memory), size);
    executors.set(key, executor);
  }
  return executor;
}

function addsNothing(shown: Shown | string, known: CoverageMap): boolean {
  return typeof shown === 'object' && shown.isClean && shown.features.every(cell => known.has(cell));
}

/** What a case file shows; a text says why it cannot be used. */
async function show(
  path: string,
  targets: readonly Target[],
  executorOf: (one: Case) => Promise<Executor>,
): Promise<FileShown | string> {
  let one: Case;
  try {
    one = readEntry(path, targets);
  } catch (error) {
    return error instanceof UsageError ? error.message : `${path}: ${reasonOf(error)}`;
  }
  const shown = evaluatorOf(await executorOf(one)).show(one);
  if (typeof shown === 'string') return `${path}: ${shown}`;
  const { features, accesses } = shown;
  return { design: caseDesign(one), features: Int32Array.from(features), accesses };
}

/** Runs an execution that will hang again, leaving its steps in the shared words. */
function describe({ executor, generator }: Prepared, task: DescribeTask, beat: Heartbeat): null {
  beat.beat();
  const { program } = plannedProgram(generator, task.job, task.plan, task.program);
  const listener: DescribeListener = {
    step: step => beat.addStep(actors.indexOf(step.actor), step.cpu, step.address),
    pick: pick => beat.addStep(PICK, pick.kind, pick.value),
  };
  executor.judge(program, new Describer(new Answers(task.answers), listener));
  return null;
}

function hung({ executor, generator }: Prepared, task: HungTask, beat: Heartbeat): Case {
  beat.beat();
  const { program } = plannedProgram(generator, task.job, task.plan, task.program);
  const before: Pick[] = [];
  const steps: Step[] = [];
  let picks = before;
  for (const [what, cpu, address] of task.steps) {
    if (what === PICK) picks.push({ kind: cpu, value: address });
    else {
      picks = [];
      steps.push({ actor: actors[what] ?? 'cpu', cpu, address, picks });
    }
  }
  const schedule = {
    before: trimmed(before),
    steps: steps.map(step => ({ ...step, picks: trimmed(step.picks) })),
  };
  return executor.toCase(program, schedule, { verdict: 'hang' });
}
