import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { type Case, caseDesign } from '../../fuzz/case/case.ts';
import { cover, type Showing } from '../../fuzz/cover.ts';
import { makeFolder, reasonOf } from '../../fuzz/directory/atomic.ts';
import { isCampaign, placesOf } from '../../fuzz/directory/campaign-directory.ts';
import { caseFilesBelow } from '../../fuzz/directory/case-files.ts';
import { Disk } from '../../fuzz/directory/disk.ts';
import { takeLock } from '../../fuzz/directory/lock.ts';
import { QueueStore } from '../../fuzz/directory/queue-store.ts';
import { LostWorker, WorkerPool } from '../../fuzz/pool.ts';
import type { Job } from '../../fuzz/tasks.ts';
import type { Target } from '../../targets/target.ts';
import { loadCase } from '../case-files.ts';
import { Exit } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';
import { StatusLine } from '../status-line.ts';

export interface CminOptions extends GlobalOptions {
  /** A campaign directory, or a folder of cases. */
  readonly dir: string;
  /** Where to copy what is kept; undefined to reduce the queue of the campaign itself. */
  readonly out: string | undefined;
  readonly workers: number;
}

/** Cases that travel to a worker at once. */
const BATCH = 64;

interface Entry extends Showing {
  readonly path: string;
  readonly design: string;
}

/** `pagestorm cmin <dir> [-o folder]` */
export async function cminCommand(targets: readonly Target[], options: CminOptions): Promise<number> {
  const { dir, out, workers } = options;
  const campaign = isCampaign(dir);
  if (out === undefined && !campaign) {
    throw new UsageError(`${dir}: is no campaign; name a folder for the cases that are kept with --output`);
  }
  const note = (message: string): void => console.error(`pagestorm: ${message}`);
  const release = out === undefined ? takeLock(dir, note) : null;
  const pool = new WorkerPool(options.modules, options.hangTimeout, { threads: workers });
  try {
    const files = caseFilesBelow(campaign ? placesOf(dir).queue : dir);
    const entries = await evaluateAll(files, targets, pool, workers);
    // Features of different designs are of different code, even where they look the same.
    const designs = new Set(entries.map(entry => entry.design));
    const kept = new Set<string>();
    let features = 0;
    for (const design of designs) {
      const own = entries.filter(entry => entry.design === design);
      const covering = cover(own);
      for (const i of covering) kept.add(own[i]?.path ?? '');
      features += new Set(covering.flatMap(i => [...(own[i]?.features ?? [])])).size;
    }
    const others = entries.filter(entry => !kept.has(entry.path));
    if (out !== undefined) copyAll([...kept], out);
    else await setAsideAll(others, dir);
    console.log(
      `${kept.size} of ${files.length} cases show all ${features} features` +
        `${out === undefined ? '; the others are in set-aside/' : `; copied to ${out}`}` +
        `${files.length > entries.length ? `; ${files.length - entries.length} cannot be used` : ''}`,
    );
    return Exit.Ok;
  } finally {
    await pool.close();
    release?.();
  }
}

/** Runs every case once. They are read as workers become free: a large queue does not fit into memory. */
async function evaluateAll(
  files: readonly string[],
  targets: readonly Target[],
  pool: WorkerPool,
  workers: number,
): Promise<readonly Entry[]> {
  const batches = batchesOf(files, targets);
  const status = new StatusLine();
  const entries: Entry[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (const { job, members } of batches) {
      entries.push(...(await evaluate(job, members, pool)));
      done += members.length;
      status.count(done, files.length, 'cases evaluated');
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  status.clear();
  // Which worker was first must not show.
  const place = new Map(files.map((path, i) => [path, i]));
  return entries.sort((a, b) => (place.get(a.path) ?? 0) - (place.get(b.path) ?? 0));
}

interface Members {
  readonly job: Job;
  readonly members: { readonly path: string; readonly case: Case }[];
}

/** Reads cases and gives those of a job in batches. */
function* batchesOf(files: readonly string[], targets: readonly Target[]): Generator<Members> {
  const groups = new Map<string, Members>();
  for (const path of files) {
    const one = tryLoad(path, targets);
    if (one === null) continue;
    const job: Job = { design: caseDesign(one), memory: one.memory, size: one.size, ops: [], seed: '' };
    const key = JSON.stringify(job);
    const group = groups.get(key) ?? { job, members: [] };
    group.members.push({ path, case: one });
    if (group.members.length < BATCH) groups.set(key, group);
    else {
      groups.delete(key);
      yield group;
    }
  }
  yield* groups.values();
}

function tryLoad(path: string, targets: readonly Target[]): Case | null {
  try {
    return loadCase(path, targets);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`pagestorm: ${error.message}`);
    return null;
  }
}

async function evaluate(job: Job, members: Members['members'], pool: WorkerPool): Promise<readonly Entry[]> {
  try {
    const cases = members.map(member => member.case);
    const results = await pool.run<'evaluate'>({ type: 'evaluate', job, cases });
    return members.flatMap(({ path }, i) => {
      const result = results[i];
      if (typeof result === 'object') {
        const { features, accesses } = result;
        return [{ path, design: job.design, features: Int32Array.from(features), accesses }];
      }
      console.error(`pagestorm: ${path}: ${result}`);
      return [];
    });
  } catch (error) {
    if (!(error instanceof LostWorker)) throw error;
    if (members.length > 1) {
      const singly: Entry[] = [];
      for (const member of members) singly.push(...(await evaluate(job, [member], pool)));
      return singly;
    }
    console.error(`pagestorm: ${members[0]?.path}: ${error.message}`);
    return [];
  }
}

function copyAll(paths: readonly string[], out: string): void {
  try {
    makeFolder(out);
    for (const path of paths) copyFileSync(path, join(out, basename(path)));
  } catch (error) {
    throw new UsageError(`--output ${out}: cannot be written: ${reasonOf(error)}`);
  }
}

async function setAsideAll(entries: readonly Entry[], dir: string): Promise<void> {
  const { queue, setAside } = placesOf(dir);
  const store = new QueueStore(queue, setAside, new Disk(message => console.error(`pagestorm: ${message}`)));
  for (const { path } of entries) {
    await store.setAside({ path, name: basename(path) }, 'cmin: other entries show all that it shows');
  }
}
