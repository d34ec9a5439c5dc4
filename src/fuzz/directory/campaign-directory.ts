import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { makeFolder, reasonOf, removeUnfinished, unfinishedIn, writeAtomic } from './atomic.ts';
import { type CampaignConfig, readConfig } from './config.ts';
import { crashesReadme } from './crashes-readme.ts';

/** The places of a campaign directory. */
export interface Places {
  readonly root: string;
  readonly config: string;
  readonly cmdline: string;
  readonly stats: string;
  /** A moment of the campaign, whole; see `Snapshot`. */
  readonly snapshot: string;
  readonly plot: string;
  readonly queue: string;
  readonly crashes: string;
  readonly hangs: string;
  /** Entries that did not fit, each with the reason. */
  readonly setAside: string;
  /** Journals of the workers, and what a resumed campaign needs. */
  readonly state: string;
  readonly checkpoint: string;
}

export function placesOf(root: string): Places {
  const state = join(root, '.state');
  return {
    root,
    config: join(root, 'campaign.json'),
    cmdline: join(root, 'cmdline'),
    stats: join(root, 'fuzzer_stats'),
    snapshot: join(root, 'snapshot.json'),
    plot: join(root, 'plot_data'),
    queue: join(root, 'queue'),
    crashes: join(root, 'crashes'),
    hangs: join(root, 'hangs'),
    setAside: join(root, 'set-aside'),
    state,
    checkpoint: join(state, 'checkpoint.json'),
  };
}

/** Whether a campaign has its files there. */
export function isCampaign(root: string): boolean {
  return existsSync(placesOf(root).config);
}

/** Campaigns in a directory: itself, or the instances that share it. */
export function instancesOf(root: string): readonly string[] {
  if (isCampaign(root)) return [root];
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(root, entry.name))
    .filter(isCampaign)
    .sort();
}

/**
 * Makes the folders of a campaign, and finds out at once whether it can write there. A campaign that runs there takes no
 * notice: who may write is for the lock to say.
 *
 * @param option that named the directory.
 * @throws UsageError naming the option and what to do.
 */
export function prepareFolders(root: string, option: '--out' | '--resume' = '--out'): Places {
  const places = placesOf(root);
  try {
    for (const folder of [places.queue, places.crashes, places.hangs, places.state])
      makeFolder(resolve(folder));
    const attempt = unfinishedIn(places.state);
    writeFileSync(attempt, '');
    rmSync(attempt);
  } catch (error) {
    const advice = option === '--out' ? 'name another folder' : 'make it writable, or resume a copy of it';
    throw new UsageError(`${option} ${root}: cannot be written: ${reasonOf(error)}; ${advice}`);
  }
  return places;
}

/** Removes what a killed process left half written, where no other process writes. */
export function clearUnfinished(places: Places): void {
  const { root, queue, crashes, hangs, setAside, state } = places;
  for (const folder of [root, queue, crashes, hangs, setAside, state, ...findingFolders(places)]) {
    removeUnfinished(folder);
  }
}

/** Folders of crashes and hangs, in the order of their ids. */
export function findingFolders({ crashes, hangs }: Places): readonly string[] {
  const folders = [crashes, hangs].flatMap(folder =>
    readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && entry.name.startsWith('id:'))
      .map(entry => join(folder, entry.name)),
  );
  return folders.sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
}

/** Writes what does not change: what the campaign runs, how it was called, how to read the crashes. */
export async function writeConfig(places: Places, config: CampaignConfig, command: string): Promise<void> {
  try {
    await writeAtomic(places.cmdline, `${command}\n`);
    await writeAtomic(join(places.crashes, 'README.txt'), crashesReadme(places.root, command));
    // Last: with it, the directory is a campaign.
    await writeAtomic(places.config, `${JSON.stringify(config, null, 2)}\n`);
  } catch (error) {
    throw new UsageError(`--out ${places.root}: cannot be written: ${reasonOf(error)}; name another folder`);
  }
}

/**
 * What the campaign of a directory runs.
 *
 * @throws UsageError if there is none.
 */
export function openConfig(root: string): CampaignConfig {
  if (isCampaign(root)) return readConfig(placesOf(root).config);
  const instances = instancesOf(root);
  if (instances.length > 0) {
    throw new UsageError(`${root}: holds several instances; resume one of them: ${instances.join(', ')}`);
  }
  throw new UsageError(`${root}: no campaign there (it has no campaign.json)`);
}

/** `base`, or `base-2`, `base-3`, ...: the first that nothing is at. */
export function freshName(base: string): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(name)) return name;
  }
}
