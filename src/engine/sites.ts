/**
 * Sites: places in model code. A site's key is file, function, kind of access, field and ordinal in the function;
 * the build (scripts/sites.mjs) numbers the accesses of every model and registers the keys here when the model is
 * loaded. Lines are for display and never enter a key.
 */
export interface Site {
  readonly key: string;
  readonly file: string;
  readonly func: string;
  readonly line: number;
  /** True for an access, false for a branch. */
  readonly access: boolean;
}

const unknown: Site = { key: '(unknown)', file: '', func: '', line: 0, access: true };
const sites: Site[] = [unknown];
const MAX_SITES = 1 << 14;
/** Sites below this one have numbers from the build, which writes them into the models (scripts/build.mjs). */
const FIRST_FREE = 1 << 13;

/** Times each site was executed by any machine of this thread; index is the site's number. */
export const siteCounts = new Int32Array(MAX_SITES);
/** FNV-1a hash of each site's key: the same in every process and after edits elsewhere. */
export const siteHashes = new Int32Array(MAX_SITES);

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/**
 * Registers the sites of one module and returns the number of the first: `first` if the build has given it, else one that
 * is free. Called by generated code.
 */
export function registerSites(
  file: string,
  table: readonly (readonly [func: string, what: string, line: number, access: 0 | 1])[],
  first = Math.max(sites.length, FIRST_FREE),
): number {
  if (first + table.length > MAX_SITES) throw new RangeError(`more than ${MAX_SITES} sites`);
  while (sites.length < first) sites.push(unknown);
  for (const [i, [func, what, line, access]] of table.entries()) {
    const key = `${file}:${func}:${what}`;
    siteHashes[first + i] = fnv1a(key);
    sites[first + i] = { key, file, func, line, access: access === 1 };
  }
  return first;
}

/** Registers one site outside built models (litmus programs, tests); the same key gives the same number. */
export function siteOf(file: string, func: string, what: string, line: number): number {
  const key = `${file}:${func}:${what}`;
  const known = sites.findIndex(site => site.key === key);
  return known >= 0 ? known : registerSites(file, [[func, what, line, 1]]);
}

export function siteAt(id: number): Site {
  return sites[id] ?? unknown;
}

export function allSites(): readonly Site[] {
  return sites;
}
