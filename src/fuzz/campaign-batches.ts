import { basename } from 'node:path';
import type { CampaignJob } from './campaign-job.ts';
import { killerIn, salvage } from './campaign-lost.ts';
import type { CampaignRecord } from './campaign-record.ts';
import type { CampaignSetup } from './campaign-setup.ts';
import { EntryError } from './directory/seed-store.ts';
import { LostWorker, type WorkerPool } from './pool.ts';
import type { Step } from './search/queue.ts';
import type { BatchResult, FuzzTask, Plan, RawFinding } from './tasks.ts';
import { thrownText } from './thrown.ts';

/** Executions of a batch, at most: far more than its programs ask for. */
export const LARGEST_BATCH = 1_000_000;

/** What became of a batch. */
export interface Done {
  readonly step: Step;
  readonly plan: Plan;
  readonly results: readonly BatchResult[];
  /** The program that its worker was lost with. */
  readonly lost: RawFinding | null;
  /** What to tell of a worker that was lost; null if none was. */
  readonly note: string | null;
}

/** A step of a job's queue, with the entries that it names. */
export type Planned = ReturnType<CampaignJob['next']>;

/** Runs single batches; one that fails costs itself and a line. */
export class Batches {
  readonly #setup: CampaignSetup;
  readonly #pool: WorkerPool;
  readonly #record: CampaignRecord;
  readonly #reached = new Set<string>();

  constructor(setup: CampaignSetup, pool: WorkerPool, record: CampaignRecord) {
    this.#setup = setup;
    this.#pool = pool;
    this.#record = record;
  }

  /**
   * Runs a batch; null if it failed.
   *
   * @param stopped says whether that is because the campaign ends.
   * @param what a step that is planned, or how large one to plan: see `SearchQueue.next`.
   */
  async execute(
    job: CampaignJob,
    executions: number,
    stopped: () => boolean,
    what: Planned | number,
  ): Promise<Done | null> {
    const began = performance.now();
    try {
      const { step, plan } = typeof what === 'number' ? await this.plan(job, what) : what;
      if (step.kind === 'fresh') this.#record.drawn(job, step.from + step.programs);
      const killer = killerIn(plan, job.job, this.#setup.killers);
      // Else it was reported at the start; here it has its place among the findings, whenever the process died.
      const killed = this.#setup.config.deterministic ? (killer?.finding ?? null) : null;
      const harmless = killer === null ? plan : killer.before;
      if (harmless === null) return { step, plan, results: [], lost: killed, note: null };
      const task = this.#task(job, harmless, executions);
      try {
        return { step, plan, results: [await this.#run(task)], lost: killed, note: null };
      } catch (error) {
        if (!(error instanceof LostWorker)) throw error;
        const { results, lost, note } = await this.#salvage(task, error);
        return { step, plan, results, lost: lost ?? killed, note };
      }
    } catch (error) {
      if (stopped()) return null;
      this.#failed(job, error);
      return null;
    } finally {
      this.#record.counters.workerSeconds += (performance.now() - began) / 1000;
    }
  }

  /** Keys of the sites that batches of this process have reached. */
  get reached(): ReadonlySet<string> {
    return this.#reached;
  }

  async #run(task: FuzzTask): Promise<BatchResult> {
    const result = await this.#pool.run<'fuzz'>(task);
    for (const key of result.sites) this.#reached.add(key);
    return result;
  }

  /** Plans a step of a job's queue. Entries whose file cannot be used are set aside, and another step is planned. */
  async plan(job: CampaignJob, scale = 1): Promise<Planned> {
    for (;;) {
      try {
        return job.next(scale);
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        job.drop(error.id);
        await this.#record.setAside({ path: error.path, name: basename(error.path) }, error.message);
      }
    }
  }

  /** Whether a step is known to run a program that kills the process: its batch counts as lost. */
  kills(job: CampaignJob, { plan }: Planned): boolean {
    return killerIn(plan, job.job, this.#setup.killers) !== null;
  }

  /** Counts a batch that lost its worker, and tells of it. */
  lostWorker(note: string): void {
    this.#record.counters.lostBatches++;
    this.#warn(note);
  }

  /** A job whose model takes its workers down again and again is left out. */
  lost(job: CampaignJob): void {
    if (job.hung()) this.#leaveOut(job, 'program after program was lost with its worker');
  }

  /** The same of one that takes the process down; to be said of each such program whenever the process begins. */
  killed(job: CampaignJob): void {
    if (job.killed()) this.#leaveOut(job, 'program after program killed its process');
  }

  #failed(job: CampaignJob, error: unknown): void {
    const message = thrownText(error);
    this.#record.counters.lostBatches++;
    // Of a design that is left out, other batches of the round are still under way.
    if (!job.closed) this.#warn(`${job.job.design}: a batch failed: ${message}`);
    if (job.failed()) this.#leaveOut(job, 'batch after batch failed');
  }

  #task(job: CampaignJob, plan: Plan, executions: number): FuzzTask {
    return {
      type: 'fuzz',
      job: job.job,
      plan,
      executions: Math.min(executions, LARGEST_BATCH),
      known: [...job.known],
      untilCrash: this.#setup.limits.untilCrash,
      coverage: job.map.buffer,
      deterministic: this.#setup.config.deterministic,
    };
  }

  async #salvage(task: FuzzTask, error: LostWorker): Promise<Omit<Done, 'step' | 'plan'>> {
    const { finding, again, note } = await salvage(this.#pool, task, error);
    const results = again === null ? [] : [await this.#run({ ...task, plan: again })];
    return { results, lost: finding, note };
  }

  #leaveOut(job: CampaignJob, why: string): void {
    this.#warn(`${job.job.design}: ${why}; it is left out from here on`);
  }

  #warn(message: string): void {
    this.#setup.emit({ type: 'note', level: 'warning', message });
  }
}
