import { type Batches, type Done, LARGEST_BATCH, type Planned } from './campaign-batches.ts';
import type { CampaignJob } from './campaign-job.ts';

/** Batches of a design in a round, where results must not depend on timing. */
const ROUND = 8;
/** Executions of a batch in the first rounds. */
const FIRST_SHARE = 100;
/** Smallest number of executions worth the way to a worker, where a limit is shared. */
const SMALLEST_SHARE = 250;
/**
 * Milliseconds of work in a batch, else. At first little, as what a batch has found guides none before it has ended; later
 * enough to make the way to the worker and back (some 2 ms, also of this thread's time) cost next to nothing.
 */
const FIRST_MS = 20;
const MOST_MS = 250;
/** By so much of the time that a design has been worked on a batch may grow. */
const GROWTH = 0.02;
/** Steps of the queue in a batch, at most: their entries travel to the worker. */
const MOST_STEPS = 16;

/** What the two ways of running batches need of the campaign. */
export interface Host {
  readonly jobs: readonly CampaignJob[];
  readonly workers: number;
  readonly batches: Batches;
  /** Whether the search is to end; whether the campaign is; whether its first finding ended it. */
  readonly over: boolean;
  readonly stopped: boolean;
  readonly crashed: boolean;
  /** The job whose turn it is; a campaign that goes on begins with it. */
  turn: number;
  /** Waits while the disk is full, or behind. */
  room(): Promise<void>;
  /** Takes what a batch has brought. */
  take(job: CampaignJob, done: Done): Promise<void>;
  /** What is to be done now and then between batches. */
  between(): Promise<void>;
  fail(error: unknown): void;
}

/** Batches come and go as workers are free. */
export async function runStream(host: Host): Promise<void> {
  const running = new Set<Promise<void>>();
  while (!host.over) {
    await host.room();
    const job = running.size < host.workers ? nextJob(host) : null;
    if (job !== null) {
      const batch = runBatch(host, job).finally(() => running.delete(batch));
      running.add(batch);
    } else if (running.size > 0) await Promise.race(running);
    else break;
    await host.between();
  }
  await Promise.all(running);
}

function nextJob(host: Host): CampaignJob | null {
  for (let i = 1; i <= host.jobs.length; i++) {
    const at = (host.turn + i) % host.jobs.length;
    const job = host.jobs[at];
    if (job?.live !== true) continue;
    host.turn = at;
    return job;
  }
  return null;
}

async function runBatch(host: Host, job: CampaignJob): Promise<void> {
  const share = Math.max(SMALLEST_SHARE, Math.ceil(job.left / (2 * host.workers)));
  const executions = Math.min(job.left - job.reserved, share, LARGEST_BATCH);
  job.reserved += executions;
  try {
    const target = Math.min(MOST_MS, FIRST_MS + GROWTH * job.milliseconds);
    const scale = Math.max(1, Math.min(MOST_STEPS, Math.round(target / job.stepMilliseconds)));
    const began = performance.now();
    const done = await host.batches.execute(job, executions, () => host.stopped, scale);
    job.spent(performance.now() - began, scale);
    if (done !== null) await host.take(job, done);
  } catch (error) {
    host.fail(error);
  } finally {
    job.reserved -= executions;
  }
}

/** Rounds of batches by count, whose results are taken in the order of their numbers. */
export async function runRounds(host: Host): Promise<void> {
  while (!host.over) {
    const job = host.jobs[host.turn];
    if (job?.live === true) {
      await host.room();
      if (!(await runRound(host, job))) return;
    }
    host.turn = (host.turn + 1) % host.jobs.length;
    // Only between rounds: what a round was cut short in is run again in whole, with the same results.
    await host.between();
  }
}

/** Returns false if it was cut short, and counts for nothing. */
async function runRound(host: Host, job: CampaignJob): Promise<boolean> {
  // Short rounds at first: what the first programs show guides the next ones, and a kill costs at most a round.
  const growing = Math.max(FIRST_SHARE, Math.floor(job.done / (2 * ROUND)));
  const share = Math.max(1, Math.min(growing, Math.ceil(job.left / ROUND)));
  const count = Math.min(ROUND, Math.ceil(job.left / share));
  job.queue.mark();
  const planned: Planned[] = [];
  while (planned.length < count) planned.push(await host.batches.plan(job));
  const all: (Promise<Done | null> | undefined)[] = [];
  let next = 0;
  // A batch of which those before it leave the design out counts for nothing: it is not begun, as it may well cost
  // another worker, or process.
  const lost = planned.map(step => host.batches.kills(job, step));
  const inVain = (): boolean => job.leftOutAfter(lost.slice(0, next).filter(Boolean).length);
  const work = async (): Promise<void> => {
    while (next < count && !host.stopped && !inVain()) {
      const i = next++;
      const limit = Math.min(share, job.left - i * share);
      const run = host.batches.execute(job, limit, () => host.stopped, planned[i] ?? 1);
      all[i] = run;
      const done = await run.catch(() => null);
      lost[i] ||= (done?.lost ?? null) !== null;
    }
  };
  await Promise.all(Array.from({ length: host.workers }, work));
  // A later run repeats it.
  if (host.stopped) {
    job.queue.rewind();
    return false;
  }
  for (const run of all) {
    try {
      const done = await run;
      if (done !== null && done !== undefined) await host.take(job, done);
    } catch (error) {
      host.fail(error);
    }
    if (host.crashed || job.closed) break;
  }
  return true;
}
