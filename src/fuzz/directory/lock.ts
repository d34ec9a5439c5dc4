import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { reasonOf } from './atomic.ts';
import { processStart } from './process-start.ts';

/** A process, told apart from later ones with its number. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When it began, as the system tells it; empty if it does not. */
  readonly start: string;
}

/** The process with a number on this host. */
export function ownerOf(pid: number): Owner {
  return { pid, host: hostname(), start: processStart(pid) };
}

/** Whether the process still runs; null if that cannot be told from here (another host). */
export function alive(owner: Owner): boolean | null {
  if (owner.host !== hostname()) return null;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it runs, but is another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return owner.start === '' || processStart(owner.pid) === owner.start;
}

const NAME = 'lock';

/**
 * Takes the lock of a campaign directory, so that two campaigns never write there. A lock whose process has died is
 * taken over.
 *
 * @param note gets a line if a lock was taken over.
 * @returns how to give it back.
 * @throws UsageError if a campaign runs there.
 */
export function takeLock(dir: string, note: (message: string) => void): () => void {
  const path = join(dir, NAME);
  const mine = `${path}-${process.pid}`;
  const text = `${JSON.stringify(ownerOf(process.pid))}\n`;
  try {
    writeFileSync(mine, text);
    for (;;) {
      if (linked(mine, path)) break;
      const found = readOwner(path);
      if (found === 'gone') continue;
      if (found !== 'torn' && alive(found) !== false) throw new UsageError(refusal(dir, path, found));
      // Moved aside first: if two take it over at once, one of them moves the other's new lock, sees it and puts it back.
      const aside = `${mine}-stale`;
      try {
        renameSync(path, aside);
      } catch {
        continue;
      }
      const moved = readOwner(aside);
      if (typeof moved === 'object' && alive(moved) !== false) linked(aside, path);
      else {
        const who =
          typeof found === 'object' ? ` of process ${found.pid}, which is gone` : ' that cannot be read';
        note(`took over a lock${who}`);
      }
      rmSync(aside, { force: true });
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${dir}: cannot be locked: ${reasonOf(error)}`);
  } finally {
    rmSync(mine, { force: true });
  }
  removeLeftOvers(dir);
  return () => {
    const owner = readOwner(path);
    if (typeof owner === 'object' && owner.pid === process.pid) rmSync(path, { force: true });
  };
}

/** Removes the files of processes that were killed while they took the lock. */
function removeLeftOvers(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(`${NAME}-`)) continue;
    const owner = readOwner(join(dir, name));
    if (typeof owner === 'object' && alive(owner) === false) rmSync(join(dir, name), { force: true });
  }
}

/** The process that holds the lock of a directory, if it is alive or on another host. */
export function lockOwner(dir: string): Owner | null {
  const owner = readOwner(join(dir, NAME));
  return typeof owner === 'object' && alive(owner) !== false ? owner : null;
}

function refusal(dir: string, path: string, { pid, host }: Owner): string {
  if (host === hostname())
    return `${dir}: a campaign runs there (process ${pid}); end it first, or use another directory`;
  return `${dir}: a campaign of process ${pid} on ${host} holds it; if that is over, remove ${path}`;
}

/** True if `path` now is the file `from`; false if there was one already. */
function linked(from: string, path: string): boolean {
  try {
    linkSync(from, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The process that a file names. */
export function readOwner(path: string): Owner | 'gone' | 'torn' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return 'gone';
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return 'torn';
    const { pid, host, start } = value as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof start !== 'string') return 'torn';
    return { pid, host, start };
  } catch {
    return 'torn';
  }
}
