import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { knownKey } from './batch.ts';
import { Findings, isModelFault } from './campaign-findings.ts';
import { Importer } from './campaign-import.ts';
import { CampaignJob, sumOver } from './campaign-job.ts';
import { salvage, sameJob, withoutKiller } from './campaign-lost.ts';
import { CampaignRecord } from './campaign-record.ts';
import type { CampaignSetup } from './campaign-setup.ts';
import { EntryError } from './directory/seed-store.ts';
import type { CampaignEvent, EndReason } from './events.ts';
import { memoryByName } from './executor.ts';
import { LostWorker, WorkerPool } from './pool.ts';
import type { Step } from './search/queue.ts';
import { plantedModule, selfCheck } from './selfcheck.ts';
import type { Status } from './statistics/counters.ts';
import type { BatchResult, FuzzTask, Plan, RawFinding } from './tasks.ts';

/** Batches of a design in a round, where results must not depend on timing. */
const ROUND = 8;
/** Executions of a batch in the first rounds. */
const FIRST_SHARE = 100;
/** Smallest number of executions worth the way to a worker, where a limit is shared. */
const SMALLEST_SHARE = 250;
/** Executions of a batch, at most: far more than its programs ask for. */
const LARGEST_BATCH = 1_000_000;
/** Seconds between looks at the queues of other instances. */
const SYNC_SECONDS = 10;
/** Deaths of the process after which the finding that was being minimised is suspected. */
const MAX_DEATHS = 3;
/** Writes under way with which new batches wait: the disk is slower than the search. */
const MAX_PENDING = 256;

/** What became of a batch. */
interface Done {
  readonly step: Step;
  readonly plan: Plan;
  readonly results: readonly BatchResult[];
  /** The program that its worker was lost with. */
  readonly lost: RawFinding | null;
}

/**
 * Runs the jobs of a campaign on all workers. By default batches come and go as they are done; a deterministic campaign
 * runs rounds of batches whose results are taken in the order of their numbers, so that the queue and the findings are
 * the same with any number of workers.
 */
export class Campaign {
  readonly #setup: CampaignSetup;
  readonly #pool: WorkerPool;
  readonly #jobs: readonly CampaignJob[];
  readonly #record: CampaignRecord;
  readonly #findings: Findings;
  readonly #importer: Importer;
  readonly #emit: (event: CampaignEvent) => void;
  #deadline = Number.POSITIVE_INFINITY;
  #turn = 0;
  #nextSync = 0;
  #stopped = false;
  #crashed = false;
  #failure: Error | null = null;

  /** Takes up what earlier runs in the directory have left. */
  constructor(setup: CampaignSetup) {
    const { config, places, workers, limits } = setup;
    this.#setup = setup;
    this.#emit = setup.emit;
    // One more than works: the minimiser runs beside the search, which does not wait for it.
    this.#pool = new WorkerPool([...config.modules, plantedModule], config.hangSeconds, {
      threads: workers + 1,
      journals: places.state,
    });
    const record = new CampaignRecord(setup);
    this.#record = record;
    const { executions } = limits;
    this.#jobs = config.jobs.map((job, i) => {
      const share =
        executions === null
          ? null
          : Math.floor((executions + config.jobs.length - 1 - i) / config.jobs.length);
      return new CampaignJob(job, i, share, record.seeds, config.deterministic);
    });
    this.#findings = new Findings(
      record.crashes,
      this.#pool,
      setup.texts,
      setup.emit,
      join(places.state, 'minimizing'),
    );
    this.#importer = new Importer(this.#pool, record, this.#jobs, setup.targets, {
      found: (job, finding) => this.#found(job, finding, null, false),
      note: message => this.#emit({ type: 'note', level: 'info', message }),
    });
  }

  get pool(): WorkerPool {
    return this.#pool;
  }

  /** Ends the campaign soon; what the running batches have found is still reported. */
  stop(): void {
    this.#stopped = true;
    this.#findings.stop();
    this.#pool.stop();
  }

  async run(): Promise<{ readonly reason: EndReason; readonly status: Status }> {
    const { limits, killers, restarts } = this.#setup;
    const strays = this.#record.restore(this.#jobs, limits.fromNow);
    for (const unfinished of this.#record.unfinished()) {
      // What takes its worker or process down is not tried for ever.
      const deadly = restarts >= MAX_DEATHS && this.#findings.wasInWork(unfinished.crash);
      this.#findings.enqueue({
        ...unfinished,
        asFound: deadly || unfinished.case.expect.verdict !== 'violation',
      });
    }
    for (const { suspect, finding } of killers) {
      const job = this.#jobs.find(one => sameJob(one.job, suspect.job));
      if (job === undefined) continue;
      if (job.hung()) this.#leaveOut(job, 'program after program killed its process');
      await this.#found(job, finding, null, true);
    }
    if (limits.seconds !== null) {
      const spent = limits.fromNow ? 0 : this.#record.seconds;
      this.#deadline = performance.now() + 1000 * (limits.seconds - spent);
    }
    const timer = setInterval(() => this.#tick(), 50);
    try {
      if (this.#setup.selfcheck) await this.#checkItself();
      await this.#importer.own(strays);
      if (this.#setup.input !== null) await this.#importer.input(this.#setup.input);
      if (this.#setup.config.deterministic) await this.#rounds();
      else await this.#stream();
      await this.#findings.settled();
      if (this.#failure !== null) throw this.#failure;
      await this.#record.save(this.#jobs, true);
      return { reason: this.#reason() ?? 'nothing-left', status: this.#status() };
    } finally {
      clearInterval(timer);
      await this.#record.close(this.#status());
    }
  }

  /** Under each memory model of the campaign; says loudly if the search does not find what it must. */
  async #checkItself(): Promise<void> {
    const { jobs, seed } = this.#setup.config;
    for (const memory of new Set(jobs.map(job => job.memory))) {
      const { ok, lines } = await selfCheck(this.#pool, memoryByName(memory), seed);
      if (this.#stopped) return;
      this.#emit({ type: 'selfcheck', ok, lines });
      if (!ok) this.#warn('the self-check FAILED: this campaign may miss bugs or raise false alarms');
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #tick(): void {
    if (performance.now() >= this.#deadline || this.#crashed) this.#pool.endBatch();
    this.#record.tick(() => this.#status());
  }

  #status(): Status {
    return this.#record.status({
      liveDesigns: this.#jobs.filter(job => job.live || job.reserved > 0).length,
      design: this.#jobs[this.#turn]?.job.design ?? '',
      minimizing: this.#findings.pending,
      pending: sumOver(this.#jobs, job => job.queue.pending),
      turns: sumOver(this.#jobs, job => job.queue.turns),
      running: this.#pool.executions,
    });
  }

  #reason(): EndReason | null {
    if (this.#crashed) return 'crash';
    if (this.#stopped) return 'stopped';
    if (performance.now() >= this.#deadline) return 'time';
    if (this.#jobs.some(job => job.live)) return null;
    return this.#jobs.every(job => job.left <= 0) ? 'executions' : 'nothing-left';
  }

  get #over(): boolean {
    return this.#failure !== null || this.#reason() !== null;
  }

  /** Batches come and go as workers are free. */
  async #stream(): Promise<void> {
    const { workers } = this.#setup;
    const running = new Set<Promise<void>>();
    while (!this.#over) {
      await this.#room();
      const job = running.size < workers ? this.#nextJob() : null;
      if (job !== null) {
        const batch = this.#batch(job).finally(() => running.delete(batch));
        running.add(batch);
      } else if (running.size > 0) await Promise.race(running);
      else break;
      if (this.#record.snapshotDue) await this.#record.save(this.#jobs, false);
      await this.#sync();
    }
    await Promise.all(running);
  }

  /** Looks at what other instances have found, when it is time. */
  async #sync(): Promise<void> {
    const { config, places } = this.#setup;
    if (config.instance === null || performance.now() < this.#nextSync) return;
    await this.#importer.sync(places.root);
    this.#nextSync = performance.now() + 1000 * SYNC_SECONDS;
  }

  async #batch(job: CampaignJob): Promise<void> {
    const share = Math.max(SMALLEST_SHARE, Math.ceil(job.left / (2 * this.#setup.workers)));
    const executions = Math.min(job.left - job.reserved, share, LARGEST_BATCH);
    job.reserved += executions;
    try {
      const done = await this.#execute(job, executions);
      if (done !== null) await this.#take(job, done);
    } catch (error) {
      this.#fail(error);
    } finally {
      job.reserved -= executions;
    }
  }

  /** Rounds of batches by count. */
  async #rounds(): Promise<void> {
    while (!this.#over) {
      for (const job of this.#jobs) {
        if (!job.live || this.#over) continue;
        this.#turn = job.index;
        await this.#room();
        await this.#round(job);
        // Only between rounds: what a round was cut short in is run again in whole, with the same results.
        if (this.#record.snapshotDue) await this.#record.save(this.#jobs, false);
      }
    }
  }

  async #round(job: CampaignJob): Promise<void> {
    const { workers } = this.#setup;
    // Short rounds at first: what the first programs show guides the next ones, and a kill costs at most a round.
    const growing = Math.max(FIRST_SHARE, Math.floor(job.done / (2 * ROUND)));
    const share = Math.max(1, Math.min(growing, Math.ceil(job.left / ROUND)));
    const count = Math.min(ROUND, Math.ceil(job.left / share));
    const planned = Array.from({ length: count }, () => job.next());
    const all: (Promise<Done | null> | undefined)[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count && !this.#stopped) {
        const i = next++;
        const limit = Math.min(share, job.left - i * share);
        const run = this.#execute(job, limit, planned[i]);
        all[i] = run;
        await run.catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    // A round that was cut short counts for nothing: a later run repeats it.
    if (this.#stopped) return;
    for (const run of all) {
      try {
        const done = await run;
        if (done !== null && done !== undefined) await this.#take(job, done);
      } catch (error) {
        this.#fail(error);
      }
      if (this.#crashed || job.closed) return;
    }
  }

  /** Waits while the disk is full, or behind. */
  async #room(): Promise<void> {
    const { disk } = this.#record;
    while ((disk.full || disk.pending > MAX_PENDING) && !this.#stopped && this.#failure === null) {
      await sleep(disk.full ? 100 : 5);
    }
  }

  #nextJob(): CampaignJob | null {
    for (let i = 1; i <= this.#jobs.length; i++) {
      const at = (this.#turn + i) % this.#jobs.length;
      const job = this.#jobs[at];
      if (job?.live !== true) continue;
      this.#turn = at;
      return job;
    }
    return null;
  }

  /** Runs a batch; null if it failed, which costs the batch and a line. */
  async #execute(
    job: CampaignJob,
    executions: number,
    planned?: ReturnType<CampaignJob['next']>,
  ): Promise<Done | null> {
    const began = performance.now();
    try {
      const { step, plan } = planned ?? job.next();
      if (step.kind === 'fresh') this.#record.drawn(job, step.from + step.programs);
      const harmless = withoutKiller(plan, job.job, this.#setup.killers);
      if (harmless === null) return { step, plan, results: [], lost: null };
      const task = this.#task(job, harmless, executions);
      try {
        return { step, plan, results: [await this.#pool.run<'fuzz'>(task)], lost: null };
      } catch (error) {
        if (!(error instanceof LostWorker)) throw error;
        const { results, lost } = await this.#salvage(task, error);
        return { step, plan, results, lost };
      }
    } catch (error) {
      if (this.#stopped) return null;
      if (error instanceof EntryError) {
        job.drop(error.id);
        await this.#record.setAside({ path: error.path, name: basename(error.path) }, error.message);
        return null;
      }
      const message = error instanceof Error ? error.message : String(error);
      this.#record.counters.lostBatches++;
      this.#warn(`${job.job.design}: a batch failed: ${message}`);
      if (job.failed()) this.#leaveOut(job, 'batch after batch failed');
      return null;
    } finally {
      this.#record.counters.workerSeconds += (performance.now() - began) / 1000;
    }
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

  async #salvage(task: FuzzTask, error: LostWorker): Promise<Pick<Done, 'results' | 'lost'>> {
    this.#record.counters.lostBatches++;
    const { finding, before, note } = await salvage(this.#pool, task, error);
    this.#warn(note);
    const results = before === null ? [] : [await this.#pool.run<'fuzz'>({ ...task, plan: before })];
    return { results, lost: finding };
  }

  async #take(job: CampaignJob, { step, plan, results, lost }: Done): Promise<void> {
    const record = this.#record;
    const before = record.counters.executions;
    for (const result of results) record.count(result, plan);
    let newFeatures = 0;
    for (const result of results) {
      for (const discovery of result.discoveries) {
        const features = job.fresh(discovery.features);
        newFeatures += features.length;
        if (features.length === 0) continue;
        const executions = before + discovery.executions;
        record.admit(job, { ...discovery, features }, executions).catch(error => this.#fail(error));
      }
      job.merge(result);
    }
    job.took(step, results, newFeatures);
    if (lost !== null && job.hung()) this.#leaveOut(job, 'program after program was lost with its worker');
    const parent = step.kind === 'mutate' ? step.entry : null;
    for (const raw of results.flatMap(result => result.findings)) {
      if (!this.#crashed) await this.#found(job, raw, parent, false);
    }
    if (lost !== null && !this.#crashed) await this.#found(job, lost, parent, true);
    for (const [key, times] of results.flatMap(result => result.seen)) record.seen(job, key, times);
  }

  async #found(job: CampaignJob, raw: RawFinding, parent: string | null, asFound: boolean): Promise<void> {
    const at = this.#record.now();
    const { counters, seconds } = this.#record;
    job.known.add(knownKey(raw.case.expect));
    const provenance = this.#record.provenance(parent, at);
    const crash = await this.#findings.add(raw, job.job, provenance, at, seconds, asFound);
    if (crash === null) return;
    this.#record.found(raw.case.expect.verdict === 'hang', isModelFault(raw));
    counters.executionsAtCrash = at.execs;
    this.#crashed = this.#setup.limits.untilCrash;
  }

  #leaveOut(job: CampaignJob, why: string): void {
    this.#warn(`${job.job.design}: ${why}; it is left out from here on`);
  }

  #warn(message: string): void {
    this.#emit({ type: 'note', level: 'warning', message });
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }
}
