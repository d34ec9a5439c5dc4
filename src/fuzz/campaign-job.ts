import { deflateSync, inflateSync } from 'node:zlib';
import { CELLS } from './coverage/classes.ts';
import { CoverageMap } from './coverage/map.ts';
import type { SeedStore } from './directory/seed-store.ts';
import { type QueueState, SearchQueue, type Step } from './search/queue.ts';
import type { BatchResult, Job, Plan } from './tasks.ts';

/** Programs of one design that may hang before it is left out: each costs twice the watchdog's time. */
const MAX_HANGS = 3;
/** Batches of one design that may fail one after the other before it is left out. */
const MAX_FAILURES = 3;

/** What of a job is saved. */
export interface SavedJob {
  readonly design: string;
  readonly left: number | null;
  readonly done: number;
  readonly hangs: number;
  /** Batches that failed since the last one that did not; earlier versions did not save it. */
  readonly failures?: number;
  /** All batches that failed; earlier versions did not save it. */
  readonly failedBatches?: number;
  readonly closed: boolean;
  readonly queue: QueueState;
  /** `CoverageMap.content`, compressed, in base64. */
  readonly map: string;
}

/** One design in a campaign: what of it is done, and what comes next. */
export class CampaignJob {
  readonly job: Job;
  readonly index: number;
  /** Findings that batches need not report again. */
  readonly known = new Set<string>();
  /** Executions left; Infinity for no limit. */
  left: number;
  /** Executions done, by all runs. */
  done = 0;
  /** Batches whose programs were not run, as something failed. */
  failedBatches = 0;
  /** Executions that batches under way may use up. */
  reserved = 0;
  /** Time that workers have spent on it in this run, and on a step of its queue lately. */
  milliseconds = 0;
  stepMilliseconds = 20;
  readonly map = new CoverageMap();
  queue: SearchQueue;
  readonly #seeds: SeedStore;
  readonly #deterministic: boolean;
  /** Cells that entries of the queue show; the map has more while batches are under way. */
  readonly #shown = new Uint8Array(CELLS);
  #features = 0;
  #hangs = 0;
  #killers = 0;
  #failures = 0;
  #closed = false;

  constructor(job: Job, index: number, executions: number | null, seeds: SeedStore, deterministic: boolean) {
    this.#deterministic = deterministic;
    this.job = job;
    this.index = index;
    this.left = executions ?? Number.POSITIVE_INFINITY;
    this.#seeds = seeds;
    this.queue = new SearchQueue(`${job.seed}/${job.design}`, cell => this.map.hits(cell));
  }

  /** Whether there is anything left to run. */
  get live(): boolean {
    return this.left - this.reserved > 0 && !this.#closed;
  }

  /** Whether it was left out. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What a worker runs next: a step of the queue, with the entries that it names; `scale` as in `SearchQueue.next`. */
  next(scale = 1): { readonly step: Step; readonly plan: Plan } {
    const step = this.queue.next(scale);
    if (step.kind === 'fresh') return { step, plan: step };
    const { stream, children } = step;
    const others = step.others.map(id => this.#seeds.seed(id));
    return { step, plan: { kind: 'mutate', entry: this.#seeds.seed(step.entry), stream, children, others } };
  }

  /**
   * Features of a discovery that no entry has shown. In a deterministic campaign batches of one round know nothing of
   * each other; else a batch claims what it is the first to see.
   */
  fresh(features: readonly number[]): readonly number[] {
    const fresh = this.#deterministic ? features.filter(cell => !this.map.has(cell)) : features;
    this.#show(fresh);
    return fresh;
  }

  /** Marks features as seen; returns those that were new. */
  claim(features: readonly number[]): readonly number[] {
    const fresh = features.filter(cell => this.map.claim(cell));
    this.#show(fresh);
    return fresh;
  }

  /** Features that entries of the queue have shown. */
  get features(): number {
    return this.#features;
  }

  #show(cells: readonly number[]): void {
    for (const cell of cells) {
      this.#features += 1 - (this.#shown[cell] ?? 0);
      this.#shown[cell] = 1;
    }
  }

  /** Takes an entry whose file cannot be used out of the queue: what it showed is to be found again. */
  drop(id: string): void {
    for (const cell of this.queue.remove(id) ?? []) {
      this.map.forget(cell);
      this.#features -= this.#shown[cell] ?? 0;
      this.#shown[cell] = 0;
    }
  }

  /** Merges the map of a batch of a deterministic campaign. */
  merge({ mapChanges }: BatchResult): void {
    if (mapChanges !== null) this.map.merge(mapChanges);
  }

  /** Takes what a batch has brought; entries are added by whoever gives them ids. */
  took(step: Step, results: readonly BatchResult[], newFeatures: number): void {
    this.#failures = 0;
    const executions = results.reduce((sum, result) => sum + result.executions, 0);
    this.left -= executions;
    this.done += executions;
    this.queue.done(step, { executions, newFeatures });
  }

  /** Says how long a batch of some steps took. */
  spent(milliseconds: number, steps: number): void {
    this.milliseconds += milliseconds;
    this.stepMilliseconds += (milliseconds / steps - this.stepMilliseconds) / 8;
  }

  /** Whether so many more programs that hang, or kill the process, leave the design out. */
  leftOutAfter(lost: number): boolean {
    return this.#hangs + this.#killers + lost >= MAX_HANGS;
  }

  /** Counts a program that hung; returns true if the design is left out because of that. */
  hung(): boolean {
    this.#hangs++;
    return this.#leaveOutIf(this.leftOutAfter(0));
  }

  /** The same of a program that killed the process; it is not saved, as whoever starts the process knows it. */
  killed(): boolean {
    this.#killers++;
    return this.#leaveOutIf(this.leftOutAfter(0));
  }

  /** Counts a batch that failed; returns true if the design is left out because of that. */
  failed(): boolean {
    this.#failures++;
    this.failedBatches++;
    return this.#leaveOutIf(this.#failures >= MAX_FAILURES);
  }

  #leaveOutIf(over: boolean): boolean {
    const now = over && !this.#closed;
    this.#closed ||= over;
    return now;
  }

  save(): SavedJob {
    return {
      design: this.job.design,
      left: Number.isFinite(this.left) ? this.left : null,
      done: this.done,
      hangs: this.#hangs,
      failures: this.#failures,
      failedBatches: this.failedBatches,
      closed: this.#closed,
      queue: this.queue.toJSON(),
      map: packed(this.map.content(cell => this.#shown[cell] !== 0)),
    };
  }

  /**
   * Goes on from what was saved; `drawn` programs at least have been handed out since. A new limit counts from now.
   * Entries that are not there any more (a power failure may take the last of them) are left out, and what they showed is
   * to be found again.
   */
  restore(saved: SavedJob, drawn: number, newLimit: boolean, there: (id: string) => boolean): void {
    if (saved.left !== null && !newLimit) this.left = saved.left;
    this.done = saved.done;
    this.#hangs = saved.hangs;
    this.#failures = saved.failures ?? 0;
    this.failedBatches = saved.failedBatches ?? 0;
    this.#closed = saved.closed;
    const content = unpacked(saved.map);
    this.map.merge(content);
    for (let cell = 0; cell < CELLS; cell++) if (this.map.has(cell)) this.#show([cell]);
    const { queue } = saved;
    const state = { ...queue, nextProgram: Math.max(queue.nextProgram, drawn) };
    this.queue = SearchQueue.fromJSON(state, cell => this.map.hits(cell));
    for (const { id } of queue.entries) if (!there(id)) this.drop(id);
  }
}

/** A figure of all jobs together. */
export function sumOver(jobs: readonly CampaignJob[], of: (job: CampaignJob) => number): number {
  return jobs.reduce((total, job) => total + of(job), 0);
}

function packed(content: Int32Array): string {
  const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  return deflateSync(bytes, { level: 1 }).toString('base64');
}

function unpacked(text: string): Int32Array {
  const bytes = inflateSync(Buffer.from(text, 'base64'));
  return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
