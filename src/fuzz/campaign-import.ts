import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Target } from '../targets/target.ts';
import type { CampaignJob } from './campaign-job.ts';
import type { CampaignRecord } from './campaign-record.ts';
import { type Case, caseDesign } from './case/case.ts';
import { readCase } from './case/read.ts';
import type { Evaluated } from './coverage/evaluate.ts';
import { instancesOf, placesOf } from './directory/campaign-directory.ts';
import { caseFilesBelow } from './directory/case-files.ts';
import type { Provenance } from './directory/names.ts';
import { type QueueFile, queueFiles } from './directory/queue-store.ts';
import type { WorkerPool } from './pool.ts';
import { singlyIfLost } from './singly.ts';
import type { RawFinding } from './tasks.ts';

/** Cases that travel to a worker at once, and those that are read before any is run: a queue may not fit into memory. */
const BATCH = 32;
const READ = 256;
/** Milliseconds that a look at another instance may take before the search goes on; the rest comes with the next look. */
const LOOK_MS = 1_000;

/** A case to be taken in, and how to say that it was not. */
interface Item {
  readonly case: Case;
  readonly provenance: Omit<Provenance, 'id'>;
  /** Set if it is an entry of this queue already. */
  readonly own: QueueFile | null;
  setAside(reason: string): Promise<void>;
}

export interface ImportHooks {
  /** A case that turned out to be a finding. */
  found(job: CampaignJob, finding: RawFinding): Promise<void>;
  /** A case was kept for these features. */
  kept(features: readonly number[]): void;
  note(message: string): void;
  /** Whether the campaign is to end: what was not taken in is left to a later run. */
  stopped(): boolean;
}

/** Takes cases into the queues: each is run, and kept if it shows what no entry has shown. */
export class Importer {
  readonly #pool: WorkerPool;
  readonly #record: CampaignRecord;
  readonly #jobs: readonly CampaignJob[];
  readonly #targets: readonly Target[];
  readonly #hooks: ImportHooks;
  /** By instance: entries that a look has seen and not come to. */
  readonly #behind = new Map<string, readonly QueueFile[]>();

  constructor(
    pool: WorkerPool,
    record: CampaignRecord,
    jobs: readonly CampaignJob[],
    targets: readonly Target[],
    hooks: ImportHooks,
  ) {
    this.#pool = pool;
    this.#record = record;
    this.#jobs = jobs;
    this.#targets = targets;
    this.#hooks = hooks;
  }

  /** Entries of this queue that the last snapshot does not know. */
  async own(files: readonly QueueFile[]): Promise<void> {
    for (const some of inParts(files, READ)) {
      if (this.#hooks.stopped()) return;
      const items = some.flatMap(file => {
        const setAside = (reason: string): Promise<void> => this.#record.setAside(file, reason);
        return this.#read(file.path, {}, setAside, file);
      });
      await this.#take(items, isOf);
    }
  }

  /** The cases of a folder that the user names: for all designs of their targets. */
  async input(folder: string): Promise<void> {
    let odd = 0;
    let read = 0;
    let kept = 0;
    for (const some of inParts(caseFilesBelow(folder), READ)) {
      if (this.#hooks.stopped()) return;
      const items = some.flatMap(path => {
        const setAside = (reason: string): Promise<void> => {
          odd++;
          return this.#record.setAsideCopy(path, reason);
        };
        return this.#read(path, { orig: basename(path).replace(/\.\w+$/, '') }, setAside, null);
      });
      read += items.length;
      kept += await this.#take(items, (job, one) => job.job.design.startsWith(`${one.target}/`));
    }
    const where = odd > 0 ? `; ${odd} did not fit: see set-aside/ in the campaign directory` : '';
    this.#hooks.note(`--input ${folder}: ${kept} entries from ${read} cases${where}`);
  }

  /**
   * What other instances that share the output directory have found since the last look; false if there is more than one
   * look may take.
   */
  async sync(root: string): Promise<boolean> {
    const began = performance.now();
    for (const other of instancesOf(dirname(root))) {
      if (other === root || basename(other) === basename(root)) continue;
      const name = basename(other);
      const from = this.#record.syncedTo(name);
      // A listing of a large queue takes long; while behind, what the last look has seen is gone through first.
      const left = (this.#behind.get(name) ?? []).filter(file => file.id >= from);
      this.#behind.delete(name);
      const files =
        left.length > 0 ? left : queueFiles(placesOf(other).queue).filter(file => file.id >= from);
      const parts = [...inParts(files, READ)];
      const read = (some: readonly QueueFile[] = []): readonly Item[] =>
        some.flatMap(file => {
          const provenance = { sync: name, src: [file.id] };
          // Being written or set aside there at this moment, or of another version: not ours to judge.
          return this.#read(file.path, provenance, async () => {}, null);
        });
      let items = read(parts[0]);
      for (const [i, some] of parts.entries()) {
        // Each look takes some, however long it took to read them.
        if (i > 0 && performance.now() > began + LOOK_MS) {
          this.#behind.set(name, files);
          return false;
        }
        const taken = this.#take(items, isOf);
        taken.catch(() => {});
        // The next ones are read while workers run these, which have left for them by then.
        await new Promise(setImmediate);
        items = read(parts[i + 1]);
        await taken;
        const last = some.at(-1);
        if (last !== undefined) this.#record.synced(name, last.id + 1);
      }
    }
    return true;
  }

  #read(
    path: string,
    provenance: Item['provenance'],
    setAside: (reason: string) => Promise<void>,
    own: QueueFile | null,
  ): readonly Item[] {
    try {
      return [{ case: readCase(readFileSync(path), path, this.#targets), provenance, setAside, own }];
    } catch (error) {
      setAside(error instanceof Error ? error.message : String(error)).catch(() => {});
      return [];
    }
  }

  /** Returns how many were kept. */
  async #take(items: readonly Item[], fits: (job: CampaignJob, one: Case) => boolean): Promise<number> {
    let kept = 0;
    const written: Promise<void>[] = [];
    const orphans = items.filter(item => !this.#jobs.some(job => fits(job, item.case)));
    for (const item of orphans) await item.setAside('no design of this campaign can run it');
    for (const job of this.#jobs) {
      const own = items.filter(item => fits(job, item.case));
      // All workers at once; what they bring is taken in the order of the items.
      const batches = [...inParts(own, BATCH)].map(some => this.#evaluate(job, some));
      const results = (await Promise.all(batches)).flat();
      for (const [i, item] of own.entries()) {
        const result = results[i] ?? null;
        if (typeof result === 'string') await item.setAside(result);
        else if (result !== null && (await this.#keep(job, item, result, written))) kept++;
      }
    }
    await Promise.all(written);
    return kept;
  }

  /** Whether it was kept; `written` gets what is to be waited for at the end, not one by one. */
  async #keep(
    job: CampaignJob,
    { provenance, own }: Item,
    result: Evaluated,
    written: Promise<void>[],
  ): Promise<boolean> {
    const { verdict } = result.case.expect;
    if (verdict !== 'clean') {
      const { case: one, message } = result;
      await this.#hooks.found(job, {
        case: one,
        message,
        program: 0,
        provenance: '',
        executions: 1,
        nondeterministic: false,
      });
    }
    const features = job.claim(result.features);
    this.#hooks.kept(features);
    if (own !== null) {
      this.#record.readmit(job, own, result, features);
      return true;
    }
    if (features.length === 0) return false;
    const entry = this.#record.takeIn(job, result, features, provenance);
    entry.catch(() => {});
    written.push(entry);
    return true;
  }

  /** What cases show; null of one that adds nothing, unless it is in the queue already. */
  #evaluate(job: CampaignJob, items: readonly Item[]): Promise<readonly (Evaluated | string | null)[]> {
    const known = items.some(item => item.own !== null) ? null : job.map.buffer;
    return singlyIfLost<Case, Evaluated | string | null>(
      items.map(item => item.case),
      cases => this.#pool.run<'evaluate'>({ type: 'evaluate', job: job.job, cases, known }),
      (_, reason) => `the worker that ran it was lost: ${reason}`,
    );
  }
}

/** Whether a case is of the design of a job. */
function isOf({ job }: CampaignJob, one: Case): boolean {
  return job.design === caseDesign(one) && job.memory === one.memory;
}

function* inParts<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
}
