import { Batch } from '../src/fuzz/batch.ts';
import { CoverageMap } from '../src/fuzz/coverage/map.ts';
import { CoverageSession } from '../src/fuzz/coverage/session.ts';
import { Executor } from '../src/fuzz/executor.ts';
import { ProgramGenerator } from '../src/fuzz/generate.ts';
import { Heartbeat } from '../src/fuzz/heartbeat.ts';
import type { Shares } from '../src/fuzz/search/portfolio.ts';
import { SearchQueue } from '../src/fuzz/search/queue.ts';
import { parseSelection, selectionName } from '../src/fuzz/selection.ts';
import type { BatchResult, Job, Plan, Seed } from '../src/fuzz/tasks.ts';
import { targets } from '../src/targets/index.ts';

/** A way to search: with or without a queue, and which strategies give the schedules. */
export interface Mode {
  readonly name: string;
  readonly guided: boolean;
  readonly shares?: Shares;
}

export const modes: readonly Mode[] = [
  { name: 'walk', guided: false, shares: { walk: 1, pct: 0, pos: 0, hold: 0, edit: 0 } },
  { name: 'portfolio', guided: false },
  { name: 'guided', guided: true },
];

/** Programs of one task without a queue. */
const FRESH = 8;

/** What a search of one design has come to. */
export interface Searched {
  /** Executions up to the batch that showed the finding, that batch only as far as the finding. Null if not found. */
  readonly found: number | null;
  readonly executions: number;
  readonly queue: number;
  readonly covered: number;
}

/** Searches one design in this thread, as a campaign with one worker does, until a signature fits. */
export function search(
  executor: Executor,
  job: Job,
  finding: RegExp,
  mode: Mode,
  limit: number,
  result?: (result: BatchResult) => void,
): Searched {
  const generator = new ProgramGenerator(executor.model, job.size, job.ops);
  const session = new CoverageSession(executor.machine, executor.model);
  const map = new CoverageMap();
  const queue = new SearchQueue(`${job.seed}/${job.design}`, cell => map.hits(cell));
  const seeds = new Map<string, Seed>();
  const heartbeat = new Heartbeat();
  let executions = 0;
  let from = 0;
  const known: string[] = [];
  const done = (found: number | null): Searched => {
    return { found, executions, queue: queue.size, covered: map.snapshot().covered };
  };
  while (executions < limit) {
    const step = mode.guided ? queue.next() : ({ kind: 'fresh', from, programs: FRESH } as const);
    from += FRESH;
    const plan: Plan =
      step.kind === 'fresh'
        ? step
        : { ...step, entry: seedOf(seeds, step.entry), others: step.others.map(id => seedOf(seeds, id)) };
    heartbeat.reset(false);
    const batch = new Batch(executor, generator, heartbeat, session, {
      type: 'fuzz',
      job,
      plan,
      executions: limit - executions,
      known,
      untilCrash: false,
      coverage: mode.guided ? map.buffer : null,
      deterministic: false,
      ...(mode.shares === undefined ? {} : { shares: mode.shares }),
    });
    const outcome = batch.run();
    result?.(outcome);
    for (const { case: one, executions: at } of outcome.findings) {
      if (one.expect.verdict !== 'violation') continue;
      known.push(one.expect.signature);
      if (finding.test(one.expect.signature)) return done(executions + at);
    }
    executions += outcome.executions;
    for (const { answers, case: one, features, parent, accesses } of outcome.discoveries) {
      const id = String(seeds.size);
      seeds.set(id, { id, program: one.program, answers });
      queue.add({ id, parent, features, accesses });
    }
    queue.done(step, {
      executions: outcome.executions,
      newFeatures: outcome.discoveries.reduce((sum, one) => sum + one.features.length, 0),
    });
  }
  return done(null);
}

function seedOf(seeds: ReadonlyMap<string, Seed>, id: string): Seed {
  const seed = seeds.get(id);
  if (seed === undefined) throw new Error(`the queue has no entry ${id}`);
  return seed;
}

/** A machine for a design, and the job that draws its programs from a seed. `options` are those of `pagestorm fuzz`. */
export function prepare(
  design: string,
  memory: Executor['memory'],
  options: readonly string[],
): { executor: Executor; job(seed: string): Job } {
  const [selection] = parseSelection(design, targets);
  if (selection === undefined) throw new Error(`${design} names no variant`);
  const given = (name: string): string | undefined => {
    const at = options.indexOf(name);
    return at < 0 ? undefined : options[at + 1];
  };
  const { cpus, pages, mms } = selection.target.size;
  const size = {
    cpus: Number(given('--cpus') ?? cpus),
    pages: Number(given('--pages') ?? pages),
    mms: Number(given('--mms') ?? mms),
  };
  const executor = new Executor(selection, memory, size);
  const known = executor.model.operations.map(one => one.name);
  const ops = (given('--ops') ?? '').split(',').filter(name => known.includes(name));
  return {
    executor,
    job: seed => ({ design: selectionName(selection), memory, size, ops, seed }),
  };
}
