import { allSites, siteCounts } from '../../engine/sites.ts';

/** Sites of this thread that it has told of. */
const told = new Uint8Array(siteCounts.length);

/** Keys of the sites that executions of this thread have reached since it was asked last. */
export function newlyReached(): readonly string[] {
  const keys: string[] = [];
  for (const [id, { key, func }] of allSites().entries()) {
    if (told[id] !== 0 || siteCounts[id] === 0 || func === '') continue;
    told[id] = 1;
    keys.push(key);
  }
  return keys;
}

/** Of the code of some targets, how many sites there are, and which were not reached. */
export interface SitesReached {
  readonly total: number;
  /** Keys with their lines. */
  readonly missed: readonly string[];
}

/**
 * Compares what was reached with what there is: all of the targets' own code, and of code that targets share the files of
 * which something was reached.
 *
 * @param reached keys of sites.
 */
export function sitesReached(targets: ReadonlySet<string>, reached: ReadonlySet<string>): SitesReached {
  const all = allSites().filter(({ func }) => func !== '');
  const used = new Set(all.filter(({ key }) => reached.has(key)).map(({ file }) => file));
  const own = all.filter(({ file }) => targets.has(file.split('/')[0] ?? '') || used.has(file));
  const missed = own.filter(({ key }) => !reached.has(key));
  return { total: own.length, missed: missed.map(({ key, line }) => `${key} (line ${line})`) };
}
