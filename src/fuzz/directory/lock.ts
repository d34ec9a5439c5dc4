import { createHash, randomUUID } from 'node:crypto';
import { linkSync, lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { reasonOf } from './atomic.ts';
import { processStart } from './process-start.ts';
import { readIfThere } from './text-file.ts';

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
/** Milliseconds to wait for another process that is just taking a lock over: it does so in far less, unless it is stopped. */
const PATIENCE_MS = 500;

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
  const mine = `${path}-${randomUUID()}`;
  const text = `${JSON.stringify(ownerOf(process.pid))}\n`;
  try {
    writeFileSync(mine, text);
    const began = performance.now();
    let got = own(path, mine);
    while ('holder' in got && got.path !== path && performance.now() - began < PATIENCE_MS) {
      pause();
      got = own(path, mine);
    }
    if ('holder' in got) throw new UsageError(refusal(dir, got.path, got.holder));
    if (got.before !== null) {
      const who =
        got.before === 'torn' ? ' that cannot be read' : ` of process ${got.before.pid}, which is gone`;
      note(`took over a lock${who}`);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${dir}: cannot be locked: ${reasonOf(error)}`);
  } finally {
    rmSync(mine, { force: true });
  }
  removeLeftOvers(dir);
  return () => {
    if (readIfThere(path) === text) rmSync(path, { force: true });
  };
}

/** What came of an attempt to own a file: whose it was before, or who holds it, or a claim that it takes. */
type Attempt = { readonly before: Owner | 'torn' | null } | { readonly holder: Owner; readonly path: string };

/**
 * Makes a file name this process as its owner, unless it names one that lives. Where there is none, `mine` is linked into
 * its place, which only one process can do. A file of a dead process is replaced, which only the owner of the claim to it may
 * do: a file whose name says what is replaced and what it held, owned in the same way. So of processes that take over the
 * same lock at once one does, whatever the others have read before, and a claim whose owner was killed is no obstacle. The
 * claim itself is renamed over what it is about, so that it is gone once that is done.
 */
function own(path: string, mine: string): Attempt {
  for (;;) {
    if (linked(mine, path)) return { before: null };
    const text = readIfThere(path);
    if (text === null) {
      // Given back meanwhile, unless it is what nobody can ever own.
      if (isLink(path)) throw new Error(`${path} is a link to nothing; remove it`);
      continue;
    }
    const before = ownerIn(text);
    if (before !== 'torn' && alive(before) !== false) return { holder: before, path };
    const claim = claimPath(path, text);
    const claimed = own(claim, mine);
    if ('holder' in claimed) return claimed;
    try {
      // Nobody else may replace it from here on; but somebody may have done so before.
      if (readIfThere(path) === text) {
        renameSync(claim, path);
        return { before };
      }
    } catch (error) {
      rmSync(claim, { force: true });
      throw error;
    }
    rmSync(claim, { force: true });
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function claimPath(path: string, text: string): string {
  const about = createHash('sha256')
    .update(`${basename(path)}\n${text}`)
    .digest('hex');
  return join(dirname(path), `${NAME}-${about.slice(0, 16)}`);
}

/** A millisecond in which the process does nothing. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/**
 * Removes the files of processes that were killed while they took the lock. Claims among them are to what the lock held
 * before, and so to nothing: who comes to own one sees that.
 */
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
  try {
    const text = readIfThere(path);
    return text === null ? 'gone' : ownerIn(text);
  } catch {
    return 'gone';
  }
}

function ownerIn(text: string): Owner | 'torn' {
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
