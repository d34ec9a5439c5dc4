import { UsageError } from '../engine/errors.ts';
import type { Operation } from '../targets/target.ts';
import { type CampaignJob, type SavedJob, sumOver } from './campaign-job.ts';
import type { CampaignSetup } from './campaign-setup.ts';
import type { SavedView } from './campaign-view.ts';
import type { Evaluated } from './coverage/evaluate.ts';
import { type Checkpoint, checkpointText, readCheckpoint } from './directory/checkpoint.ts';
import { type Crash, CrashStore, isModelFault, type Unfinished } from './directory/crash-store.ts';
import { Disk } from './directory/disk.ts';
import type { Provenance } from './directory/names.ts';
import { type QueueFile, QueueStore } from './directory/queue-store.ts';
import { countRestarts } from './directory/restarts.ts';
import { SeedStore } from './directory/seed-store.ts';
import type { SightingNow } from './directory/seen.ts';
import { Streams } from './directory/streams.ts';
import { parseSelection } from './selection.ts';
import { CampaignClock } from './statistics/clock.ts';
import { type Counters, newCounters, readCounters, type Status } from './statistics/counters.ts';
import { Rate } from './statistics/rate.ts';
import type { BatchResult, Discovery, Plan } from './tasks.ts';

/** A checkpoint is taken this often, but takes at most this share of the time. */
const CHECKPOINT_SECONDS = 2;
const CHECKPOINT_SHARE = 0.01;
/**
 * At first more often, as what is killed again and again must get on as well: a run that is killed loses a third of its
 * time at most, and these checkpoints take a tenth.
 */
const EARLY_SECONDS = 0.2;
const EARLY_GROWTH = 0.5;
const EARLY_SHARE = 0.1;

/** What a status needs that the record does not know. */
interface Moment {
  readonly liveDesigns: number;
  readonly design: string;
  readonly minimizing: number;
  readonly pending: number;
  /** Turns that entries have had. */
  readonly turns: number;
  /** Executions and accesses of batches under way. */
  readonly running: number;
  readonly runningAccesses: number;
}

/** What earlier runs have left. */
export interface Restored {
  /** Entries that no checkpoint knows. */
  readonly strays: readonly QueueFile[];
  /** What was saved of `SavedView`; null if nothing was. */
  readonly view: unknown;
  /** The job whose turn it is. */
  readonly turn: number;
  /** Whether a checkpoint was taken: what the campaign was to begin with has been taken in. */
  readonly begun: boolean;
}

/** A campaign in its directory: counters, queue, findings, and the checkpoints from which it goes on. */
export class CampaignRecord {
  counters: Counters = newCounters();
  readonly clock = new CampaignClock();
  readonly disk: Disk;
  readonly crashes: CrashStore;
  readonly seeds: SeedStore;
  readonly #setup: CampaignSetup;
  readonly #queue: QueueStore;
  readonly #operations: readonly (readonly Operation[])[];
  readonly #streams: Streams;
  readonly #drawn: readonly number[];
  #synced: Record<string, number> = {};
  /** Entries of a round that was cut short and is run again, by id. */
  #cutShort: ReadonlyMap<number, QueueFile> = new Map();
  #rate = new Rate(0, 0);
  /** The checkpoint that is being written. */
  #checkpoint: Promise<void> = Promise.resolve();
  #nextCheckpoint = 0;

  constructor(setup: CampaignSetup) {
    const { places, targets, config } = setup;
    this.#setup = setup;
    this.disk = new Disk(message => this.#note(message));
    this.crashes = new CrashStore(places, this.disk);
    this.seeds = new SeedStore(targets);
    this.#queue = new QueueStore(places.queue, places.setAside, this.disk);
    this.#operations = config.jobs.map(job => {
      const [selection] = parseSelection(job.design, targets);
      return selection === undefined ? [] : selection.target.build(selection.settings, job.size).operations;
    });
    const { streams, drawn } = Streams.open(`${places.state}/streams`);
    this.#streams = streams;
    this.#drawn = drawn;
  }

  #note(message: string): void {
    this.#setup.emit({ type: 'note', level: 'warning', message });
  }

  /** Seconds that the campaign has run. */
  get seconds(): number {
    return this.clock.seconds;
  }

  /**
   * Takes up what earlier runs have left; returns the entries that no checkpoint knows, which must be run to be of use. In
   * a deterministic campaign there are none: the round that was cut short is run again and writes the same files.
   */
  restore(jobs: readonly CampaignJob[], fromNow: boolean): Restored {
    const { places, targets, config } = this.#setup;
    this.crashes.load(targets, message => this.#note(message));
    const files = this.#queue.list();
    const checkpoint = readCheckpoint(places.checkpoint);
    if (typeof checkpoint === 'string') {
      const how = config.deterministic
        ? 'begins anew, and keeps what it finds again'
        : 'goes on from its queue and findings, and counts anew';
      this.#note(`${checkpoint}; the campaign ${how}`);
    }
    const usable = typeof checkpoint === 'string' ? null : checkpoint;
    try {
      if (usable !== null) this.#resume(usable, jobs, fromNow, files);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UsageError(
        `${places.checkpoint}: cannot be used (${why}); without the file the campaign goes on from its queue and findings`,
      );
    }
    const from = usable?.nextEntry ?? 0;
    this.#queue.next = config.deterministic ? from : Math.max(from, 1 + (files.at(-1)?.id ?? -1));
    // What the round that was cut short has found and counted is found and counted again.
    if (config.deterministic) this.crashes.rewind(usable?.seen ?? {});
    for (const crash of this.crashes.all) {
      for (const { job, known } of jobs) {
        if (crash.awaited || job.design !== crash.design || job.memory !== crash.memory) continue;
        known.add(crash.key);
      }
    }
    this.#countFindings();
    this.counters.restarts = countRestarts(places.state);
    if (this.counters.startTime === 0) this.counters.startTime = unixTime();
    this.clock.goOn(this.counters.runSeconds);
    this.#rate = new Rate(0, this.counters.executions);
    const after = files.filter(file => file.id >= from);
    const strays = config.deterministic ? [] : after;
    if (config.deterministic) this.#cutShort = new Map(after.map(file => [file.id, file]));
    return {
      strays,
      view: usable?.view ?? null,
      turn: (usable?.turn ?? 0) % Math.max(1, jobs.length),
      begun: usable !== null,
    };
  }

  #resume(
    checkpoint: Checkpoint,
    jobs: readonly CampaignJob[],
    fromNow: boolean,
    files: readonly QueueFile[],
  ): void {
    const { deterministic } = this.#setup.config;
    this.counters = readCounters(checkpoint.counters);
    this.#synced = { ...checkpoint.synced };
    const paths = new Map(files.map(file => [String(file.id), file.path]));
    this.seeds.known(paths);
    for (const job of jobs) {
      const saved = checkpoint.jobs[job.index];
      if (!isSaved(saved) || saved.design !== job.job.design) continue;
      // In a deterministic campaign the round that was cut short is run again; else nothing is drawn twice.
      const drawn = deterministic ? 0 : (this.#drawn[job.index] ?? 0);
      job.restore(saved, drawn, fromNow, id => paths.has(id));
    }
    this.counters.queued = sumOver(jobs, job => job.queue.size);
    this.counters.features = sumOver(jobs, job => job.features);
  }

  /** The folders know best what was found. */
  #countFindings(): void {
    const { all } = this.crashes;
    this.counters.hangs = all.filter(crash => crash.verdict === 'hang').length;
    this.counters.modelFaults = all.filter(isModelFault).length;
    this.counters.findings = all.length - this.counters.modelFaults;
  }

  /** Findings that earlier runs have not come round to minimise. */
  unfinished(): readonly Unfinished[] {
    return this.crashes.unfinished(this.#setup.targets);
  }

  /** Writes down how far a job's stream of programs is handed out, before a worker gets them. */
  drawn(job: CampaignJob, next: number): void {
    this.#streams.mark(job.index, next);
  }

  /** Where and when something was found, as far as results may depend on it. */
  now(): SightingNow {
    const { deterministic } = this.#setup.config;
    const time = deterministic ? null : unixTime();
    return { execs: this.counters.executions, time, seconds: this.seconds };
  }

  provenance(parent: string | null, { execs, time, seconds }: SightingNow): Omit<Provenance, 'id'> {
    return {
      ...(parent === null ? {} : { src: [Number(parent)] }),
      ...(time === null ? {} : { time: 1000 * seconds }),
      execs,
    };
  }

  /** Adds up what a batch has done. */
  count(result: BatchResult, plan: Plan): void {
    const { counters } = this;
    counters.executions += result.executions;
    counters.accesses += result.accesses;
    counters.violations += result.violations;
    counters.cutOff += result.cutOff;
    for (const executions of Object.values(result.observed)) counters.observations += executions;
    counters.programs += result.next - (plan.kind === 'fresh' ? plan.from : 0);
    counters.classExecutions += result.classes.executions;
    counters.distinct += result.classes.distinct;
    counters.once += result.classes.once;
  }

  /** Adds a discovery to the queue; resolves when its file is there. */
  admit(job: CampaignJob, discovery: Discovery, executions: number): Promise<void> {
    const at = { ...this.now(), execs: executions };
    const provenance = { ...this.provenance(discovery.parent, at), op: discovery.provenance, coverage: true };
    return this.#add(job, discovery, provenance);
  }

  /** Adds what was found elsewhere. */
  takeIn(
    job: CampaignJob,
    { case: one, answers, accesses }: Evaluated,
    features: readonly number[],
    from: Omit<Provenance, 'id'>,
  ): Promise<void> {
    this.counters.imported++;
    const provenance = { ...this.provenance(null, this.now()), ...from, coverage: true };
    return this.#add(job, { case: one, answers, accesses, parent: null, features }, provenance);
  }

  /** Takes up an entry whose file was there already. */
  readmit(job: CampaignJob, file: QueueFile, entry: Evaluated, features: readonly number[]): void {
    const id = String(file.id);
    this.seeds.read(id, file.path, entry.case);
    job.queue.add({ id, parent: null, features, accesses: entry.accesses });
    this.counters.queued++;
    this.counters.features += features.length;
  }

  #add(
    job: CampaignJob,
    entry: Pick<Discovery, 'case' | 'answers' | 'accesses' | 'parent' | 'features'>,
    provenance: Omit<Provenance, 'id'>,
  ): Promise<void> {
    const { case: one, answers, parent, features, accesses } = entry;
    const operations = this.#operations[job.index] ?? [];
    const { id, path, written } = this.#queue.add(one, { operations }, provenance);
    const name = String(id);
    this.seeds.found(name, path, one.program, answers);
    job.queue.add({ id: name, parent, features, accesses });
    this.counters.queued++;
    this.counters.features += features.length;
    this.counters.lastFind = unixTime();
    this.counters.executionsAtFind = this.counters.executions;
    this.counters.secondsAtFind = this.seconds;
    const before = this.#cutShort.get(id);
    if (before === undefined || before.path === path) return written;
    // The round ran otherwise: with another limit, or another version of the model.
    return this.setAside(before, 'its round was run again and found another entry').then(() => written);
  }

  /** Moves an entry that cannot be used out of the queue. */
  async setAside(file: Pick<QueueFile, 'path' | 'name'>, reason: string): Promise<void> {
    this.counters.setAside++;
    this.#note(`${file.path}: set aside: ${reason}`);
    await this.#queue.setAside(file, reason);
  }

  /** Keeps a copy of a case that the user named and that cannot be used. */
  async setAsideCopy(path: string, reason: string): Promise<void> {
    this.counters.setAside++;
    await this.#queue.setAsideCopy(path, reason);
  }

  /** The id up to which an instance's entries have been looked at. */
  syncedTo(instance: string): number {
    return this.#synced[instance] ?? 0;
  }

  synced(instance: string, next: number): void {
    this.#synced[instance] = next;
  }

  /** Counts sightings of a finding. */
  seen({ job }: CampaignJob, key: string, times: number): void {
    const crash = this.crashes.find(job.design, job.memory, key);
    if (crash !== undefined) this.crashes.seen(crash, times, this.now());
  }

  /** A finding came. */
  found({ verdict }: Crash, { execs }: SightingNow): void {
    const { counters } = this;
    this.#countFindings();
    counters.executionsAtCrash = execs;
    if (verdict === 'hang') counters.lastHang = unixTime();
    else counters.lastCrash = unixTime();
  }

  status({ turns, ...moment }: Moment): Status {
    this.counters.cycles = Math.floor(turns / Math.max(1, this.counters.queued));
    this.counters.runSeconds = this.seconds;
    const at = this.clock.ofRun;
    const executions = this.counters.executions + moment.running;
    this.#rate.sample(at, executions);
    return {
      ...moment,
      counters: { ...this.counters },
      rate: this.#rate.overall(at, executions),
      rateLastMinute: this.#rate.lately(at, executions),
      designs: this.#setup.config.jobs.length,
      workers: this.#setup.workers,
      paused: this.disk.full,
      rss: process.memoryUsage.rss(),
      cpuSeconds: cpuSeconds(),
      pid: process.pid,
      now: unixTime(),
    };
  }

  get checkpointDue(): boolean {
    return performance.now() / 1000 >= this.#nextCheckpoint;
  }

  /** Takes a checkpoint and writes it once all files that it knows of are there, also after a power failure. */
  async save(
    jobs: readonly CampaignJob[],
    rest: { readonly view: SavedView; readonly turn: number },
    last: boolean,
  ): Promise<void> {
    // An older checkpoint must not come after a newer one, nor fail unnoticed.
    await this.#checkpoint;
    const began = performance.now();
    this.#nextCheckpoint = Number.POSITIVE_INFINITY;
    this.counters.runSeconds = this.seconds;
    const text = checkpointText({
      counters: this.counters,
      nextEntry: this.#queue.next,
      jobs: jobs.map(job => job.save()),
      seen: this.crashes.sightings(),
      synced: this.#synced,
      ...rest,
    });
    const taken = (performance.now() - began) / 1000;
    await this.disk.settled();
    this.#checkpoint = this.disk
      .flush()
      .then(() => this.disk.write(this.#setup.places.checkpoint, text))
      .finally(() => {
        const early = Math.max(EARLY_SECONDS, EARLY_GROWTH * this.clock.ofRun, taken / EARLY_SHARE);
        const pause = Math.max(CHECKPOINT_SECONDS, taken / CHECKPOINT_SHARE);
        this.#nextCheckpoint = performance.now() / 1000 + Math.min(early, pause);
      });
    if (last) await this.#checkpoint;
    else this.#checkpoint.catch(() => {});
  }

  close(): void {
    this.#streams.close();
  }
}

function isSaved(value: unknown): value is SavedJob {
  if (typeof value !== 'object' || value === null) return false;
  const { design, queue, map } = value as Partial<Record<keyof SavedJob, unknown>>;
  return typeof design === 'string' && typeof map === 'string' && typeof queue === 'object' && queue !== null;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function unixTime(): number {
  return Math.floor(Date.now() / 1000);
}
