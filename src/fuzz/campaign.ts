import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../engine/errors.ts';
import { Batches, type Done } from './campaign-batches.ts';
import { Bulletin } from './campaign-bulletin.ts';
import { Findings } from './campaign-findings.ts';
import { Importer } from './campaign-import.ts';
import { CampaignJob, sumOver } from './campaign-job.ts';
import { sameJob } from './campaign-lost.ts';
import { CampaignRecord } from './campaign-record.ts';
import { type Host, runRounds, runStream } from './campaign-rounds.ts';
import type { CampaignSetup } from './campaign-setup.ts';
import { CampaignView } from './campaign-view.ts';
import { knownKey } from './case/case.ts';
import { type SitesReached, sitesReached } from './coverage/reached-sites.ts';
import { DiskError } from './directory/disk.ts';
import type { QueueFile } from './directory/queue-store.ts';
import type { CampaignEvent } from './events.ts';
import { memoryByName } from './executor.ts';
import { WorkerPool } from './pool.ts';
import { plantedModule, selfCheck } from './selfcheck.ts';
import type { Status } from './statistics/counters.ts';
import type { CampaignState, EndReason, Snapshot } from './statistics/snapshot.ts';
import type { Discovery, RawFinding } from './tasks.ts';

/** Seconds between looks at the queues of other instances. */
const SYNC_SECONDS = 10;
/** As long as the last look could not take all. */
const BEHIND_SECONDS = 0.25;
/** Seconds that the minimiser may go on when the time is up; what it has not come round to is left to --resume. */
const GRACE_SECONDS = 2;
/** Deaths of the process after which the finding that was being minimised is suspected. */
const MAX_DEATHS = 3;
/** Writes under way with which new batches wait: the disk is slower than the search. */
const MAX_PENDING = 256;

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
  readonly #view: CampaignView;
  readonly #bulletin: Bulletin;
  readonly #findings: Findings;
  readonly #importer: Importer;
  readonly #batches: Batches;
  #deadline = Number.POSITIVE_INFINITY;
  /** When the minimiser is to end; null while there is time. */
  #patience: number | null = null;
  #turn = 0;
  #nextSync = 0;
  #state: CampaignState = 'starting';
  #paused = false;
  #stopped = false;
  #crashed = false;
  /** All of the input is taken in. */
  #begun = false;
  /** Some files could not be written as the disk was full to the last. */
  #unwritten = false;
  #failure: Error | null = null;

  /** Takes up what earlier runs in the directory have left. */
  constructor(given: CampaignSetup) {
    const { config, places, workers, limits } = given;
    const emit = (event: CampaignEvent): void => {
      this.#view.log.take(event);
      given.emit(event);
    };
    const setup = { ...given, emit };
    this.#setup = setup;
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
    this.#findings = new Findings(record.crashes, this.#pool, setup.texts, emit, places.state);
    this.#view = new CampaignView(setup, { jobs: this.#jobs, pool: this.#pool, findings: this.#findings });
    this.#bulletin = new Bulletin(setup, record.disk);
    this.#batches = new Batches(setup, this.#pool, record);
    this.#importer = new Importer(this.#pool, record, this.#jobs, setup.targets, {
      found: (job, finding) => this.#found(job, finding, null, false),
      kept: features => this.#view.imported(features),
      note: message => emit({ type: 'note', level: 'info', message }),
      stopped: () => this.#stopped,
    });
  }

  /** What its targets' code has of sites, and which of them no batch of this process has reached. */
  sites(): SitesReached {
    const targets = new Set(this.#jobs.map(({ job }) => job.design.split('/')[0] ?? ''));
    return sitesReached(targets, this.#batches.reached);
  }

  /** Ends the campaign soon; what the running batches have found is still reported. */
  stop(): void {
    this.#stopped = true;
    this.pause(false);
    this.#record.disk.leave();
    this.#findings.stop();
    this.#pool.stop();
  }

  /** Makes all workers wait, and the campaign's time with them; or lets them go on. */
  pause(paused: boolean): void {
    if (paused === this.#paused || (paused && this.#stopped)) return;
    this.#paused = paused;
    this.#pool.pause(paused);
    this.#record.clock.pause(paused);
    this.#bulletin.hurry();
  }

  /** Has a finding minimised before the others that wait, or once more; its folder names it. */
  minimize(folder: string): void {
    const message = this.#findings.hurry(folder, this.#setup.targets);
    this.#setup.emit({ type: 'note', level: 'info', message });
    this.#bulletin.hurry();
  }

  async run(): Promise<{ readonly reason: EndReason; readonly snapshot: Snapshot }> {
    const { config, limits } = this.#setup;
    const { strays, view, turn, begun } = this.#record.restore(this.#jobs, limits.fromNow);
    this.#turn = turn;
    // The campaign's time begins with the search: a self-check cut short by a limit would look like one that failed.
    this.#record.clock.pause(true);
    this.#view.restore(view);
    if (limits.seconds !== null) {
      this.#deadline = limits.seconds + (limits.fromNow ? this.#record.seconds : 0);
    }
    const timer = setInterval(() => this.#tick(), 50);
    let reason: EndReason | null = null;
    try {
      if (this.#setup.selfcheck) await this.#checkItself();
      this.#record.clock.pause(this.#paused);
      this.#state = 'searching';
      await this.#begin(strays, begun).catch(error => this.#fail(error));
      await (config.deterministic ? runRounds : runStream)(this.#host());
      this.#state = 'minimizing';
      await this.#findings.settled();
      // A checkpoint says that the input is taken in, and never knows more than the files do: else an older one, or none,
      // has a later run do again what is missing.
      if (this.#failure === null && this.#begun && !this.#unwritten) {
        await this.#save(true).catch(error => this.#fail(error));
      }
      if (this.#failure !== null) throw this.#failure;
      reason = this.#reason() ?? 'nothing-left';
      this.#state = 'ended';
      return { reason, snapshot: this.#snapshot(reason) };
    } finally {
      clearInterval(timer);
      // Nobody lets go of a full disk any more.
      if (this.#record.seconds >= this.#deadline) this.#record.disk.leave();
      await this.#record.crashes.flush().catch(() => {});
      await this.#bulletin.close(this.#snapshot(reason));
      this.#record.close();
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /**
   * Takes up what earlier runs have left, and what the campaign is to begin with.
   *
   * @param begun whether an earlier run has taken in the latter.
   */
  async #begin(strays: readonly QueueFile[], begun: boolean): Promise<void> {
    await this.#takeUp();
    await this.#importer.own(strays);
    const { input } = this.#setup.config;
    if (input !== null && !begun) await this.#takeInput(input);
    this.#begun = !this.#stopped;
  }

  /** Findings that earlier runs have left without a report, and programs that killed the process. */
  async #takeUp(): Promise<void> {
    const { config, killers, restarts } = this.#setup;
    for (const unfinished of this.#record.unfinished()) {
      // What takes its worker or process down is not tried for ever.
      const deadly = restarts >= MAX_DEATHS && this.#findings.wasInWork(unfinished.crash);
      this.#findings.enqueue({ ...unfinished, asFound: deadly });
    }
    // A deterministic campaign comes to them again.
    for (const { suspect, finding } of config.deterministic ? [] : killers) {
      const job = this.#jobs.find(one => sameJob(one.job, suspect.job));
      if (job === undefined) continue;
      this.#batches.killed(job);
      await this.#found(job, finding, null, true);
    }
  }

  /** The folder may be gone when a run goes on that was ended before it had taken all of it. */
  async #takeInput(folder: string): Promise<void> {
    try {
      await this.#importer.input(folder);
    } catch (error) {
      if (!(error instanceof UsageError && this.#setup.resumed)) throw error;
      const message = `--input ${error.message}; the campaign goes on without what it had not taken in`;
      this.#setup.emit({ type: 'note', level: 'warning', message });
    }
  }

  /** Under each memory model of the campaign; says loudly if the search does not find what it must. */
  async #checkItself(): Promise<void> {
    this.#state = 'self-check';
    const { jobs, seed } = this.#setup.config;
    for (const memory of new Set(jobs.map(job => job.memory))) {
      const { ok, lines } = await selfCheck(this.#pool, memoryByName(memory), seed);
      if (this.#stopped) return;
      this.#setup.emit({ type: 'selfcheck', ok, lines });
      if (ok) continue;
      const message = 'the self-check FAILED: this campaign may miss bugs or raise false alarms';
      this.#setup.emit({ type: 'note', level: 'warning', message });
    }
  }

  #tick(): void {
    const late = this.#record.seconds - this.#deadline;
    if (late >= 0 || this.#crashed) this.#pool.endBatch();
    // Else a full disk would hold up for ever whoever waits for the end.
    if (late >= GRACE_SECONDS && this.#record.disk.full) this.#record.disk.leave();
    if (this.#state === 'minimizing' && this.#reason() === 'time') {
      this.#patience ??= performance.now() + 1000 * GRACE_SECONDS;
      if (performance.now() >= this.#patience) this.#findings.stop();
    }
    if (this.#bulletin.tick(() => this.#snapshot(null))) this.#record.crashes.flush().catch(() => {});
  }

  #snapshot(reason: EndReason | null): Snapshot {
    const working = this.#state === 'searching' || this.#state === 'minimizing';
    const held = this.#paused ? 'paused' : this.#record.disk.full ? 'disk-full' : null;
    return this.#view.snapshot((working ? held : null) ?? this.#state, reason, this.#status());
  }

  #status(): Status {
    return this.#record.status({
      liveDesigns: this.#jobs.filter(job => job.live || job.reserved > 0).length,
      design: this.#jobs[this.#turn]?.job.design ?? '',
      minimizing: this.#findings.pending,
      pending: sumOver(this.#jobs, job => job.queue.pending),
      turns: sumOver(this.#jobs, job => job.queue.turns),
      running: this.#pool.executions,
      runningAccesses: this.#pool.accesses,
    });
  }

  #reason(): EndReason | null {
    if (this.#crashed) return 'crash';
    if (this.#stopped) return 'stopped';
    if (this.#record.seconds >= this.#deadline) return 'time';
    if (this.#jobs.some(job => job.live)) return null;
    return this.#jobs.every(job => job.left <= 0) ? 'executions' : 'nothing-left';
  }

  /** What the loops over batches see of the campaign. */
  #host(): Host {
    const campaign = this;
    return {
      jobs: this.#jobs,
      workers: this.#setup.workers,
      batches: this.#batches,
      get over() {
        return campaign.#failure !== null || campaign.#reason() !== null;
      },
      get stopped() {
        return campaign.#stopped;
      },
      get crashed() {
        return campaign.#crashed;
      },
      get turn() {
        return campaign.#turn;
      },
      set turn(job) {
        campaign.#turn = job;
      },
      room: () => this.#room(),
      take: (job, done) => this.#take(job, done),
      between: () => this.#between(),
      fail: error => this.#fail(error),
    };
  }

  async #between(): Promise<void> {
    const { config, places } = this.#setup;
    if (this.#record.checkpointDue && !this.#unwritten) {
      await this.#save(false).catch(error => this.#fail(error));
    }
    if (config.instance === null || performance.now() < this.#nextSync) return;
    const all = await this.#importer.sync(places.root);
    this.#nextSync = performance.now() + 1000 * (all ? SYNC_SECONDS : BEHIND_SECONDS);
  }

  #save(last: boolean): Promise<void> {
    return this.#record.save(this.#jobs, { view: this.#view.save(), turn: this.#turn }, last);
  }

  async #room(): Promise<void> {
    const { disk } = this.#record;
    while ((disk.full || disk.pending > MAX_PENDING) && !disk.leaving && this.#failure === null) {
      await sleep(disk.full ? 100 : 5);
    }
  }

  async #take(job: CampaignJob, { step, plan, results, lost, note }: Done): Promise<void> {
    const record = this.#record;
    const before = record.counters.executions;
    for (const result of results) record.count(result, plan);
    const admitted: Discovery[] = [];
    for (const result of results) {
      for (const discovery of result.discoveries) {
        const features = job.fresh(discovery.features);
        if (features.length === 0) continue;
        const executions = before + discovery.executions;
        const entry = { ...discovery, features };
        admitted.push(entry);
        record.admit(job, entry, executions).catch(error => this.#fail(error));
      }
      job.merge(result);
    }
    const newFeatures = admitted.reduce((sum, { features }) => sum + features.length, 0);
    job.took(step, results, newFeatures);
    this.#view.took(job, results, admitted, record.seconds);
    if (note !== null) this.#batches.lostWorker(note);
    if (lost !== null) this.#batches.lost(job);
    const parent = step.kind === 'mutate' ? step.entry : null;
    for (const raw of results.flatMap(result => result.findings)) {
      if (!this.#crashed) await this.#found(job, raw, parent, false);
    }
    if (lost !== null && !this.#crashed) await this.#found(job, lost, parent, true);
    for (const [key, times] of results.flatMap(result => result.seen)) record.seen(job, key, times);
  }

  async #found(job: CampaignJob, raw: RawFinding, parent: string | null, fatal: boolean): Promise<void> {
    const at = this.#record.now();
    job.known.add(knownKey(raw.case.expect));
    const provenance = this.#record.provenance(parent, at);
    const crash = await this.#findings.add(raw, job.job, provenance, at, fatal);
    if (crash === null) return;
    this.#view.found(raw.provenance);
    this.#record.found(crash, at);
    this.#crashed = this.#setup.limits.untilCrash;
    this.#bulletin.hurry();
  }

  /** A disk that is full when the user leaves is no failure: what was not written is found again. */
  #fail(error: unknown): void {
    if (error instanceof DiskError && this.#record.disk.leaving) {
      if (!this.#unwritten) {
        const message = `${error.message}; what could not be written is searched for again by --resume`;
        this.#setup.emit({ type: 'note', level: 'warning', message });
      }
      this.#unwritten = true;
    } else this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }
}
