import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { cover } from '../../fuzz/cover.ts';
import { makeFolder, reasonOf } from '../../fuzz/directory/atomic.ts';
import { isCampaign, placesOf } from '../../fuzz/directory/campaign-directory.ts';
import { caseFilesBelow } from '../../fuzz/directory/case-files.ts';
import { Disk } from '../../fuzz/directory/disk.ts';
import { takeLock } from '../../fuzz/directory/lock.ts';
import { QueueStore } from '../../fuzz/directory/queue-store.ts';
import { WorkerPool } from '../../fuzz/pool.ts';
import { singlyIfLost } from '../../fuzz/singly.ts';
import type { FileShown } from '../../fuzz/tasks.ts';
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

interface Entry extends FileShown {
  readonly path: string;
}

/** `pagestorm cmin <dir> [-o folder]`. Exit code 2: some cases cannot be used, the others were. */
export async function cminCommand(options: CminOptions): Promise<number> {
  const { dir, out, workers } = options;
  const campaign = isCampaign(dir);
  if (out === undefined && !campaign) {
    throw new UsageError(`${dir}: is no campaign; name a folder for the cases that are kept with --output`);
  }
  if (out !== undefined) openFolder(out);
  const note = (message: string): void => console.error(`pagestorm: ${message}`);
  const release = out === undefined ? takeLock(dir, note) : null;
  const pool = new WorkerPool(options.modules, options.hangTimeout, { threads: workers });
  try {
    const files = caseFilesBelow(campaign ? placesOf(dir).queue : dir);
    const entries = await showAll(files, pool, workers);
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
    return entries.length < files.length ? Exit.Usage : Exit.Ok;
  } finally {
    await pool.close();
    release?.();
  }
}

/** Runs every case once: workers read them, as a large queue does not fit into memory. */
async function showAll(
  files: readonly string[],
  pool: WorkerPool,
  workers: number,
): Promise<readonly Entry[]> {
  const status = new StatusLine();
  const shown: (FileShown | string)[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      const from = next;
      next += BATCH;
      const results = await singlyIfLost<string, FileShown | string>(
        files.slice(from, from + BATCH),
        paths => pool.run<'show'>({ type: 'show', paths }),
        (path, reason) => `${path}: ${reason}`,
      );
      // In the order of the files: which worker was first must not show.
      for (const [i, result] of results.entries()) shown[from + i] = result;
      done += results.length;
      status.count(done, files.length, 'cases evaluated');
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  status.clear();
  return shown.flatMap((one, i): readonly Entry[] => {
    if (typeof one === 'object') return [{ path: files[i] ?? '', ...one }];
    console.error(`pagestorm: ${one}`);
    return [];
  });
}

function openFolder(out: string): void {
  try {
    makeFolder(out);
  } catch (error) {
    throw new UsageError(`--output ${out}: cannot be written: ${reasonOf(error)}`);
  }
}

function copyAll(paths: readonly string[], out: string): void {
  try {
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
