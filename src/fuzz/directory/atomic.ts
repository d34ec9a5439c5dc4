import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How names of files begin that are being written; readers pass them over, and a campaign that begins removes them. */
const UNFINISHED = '.unfinished-';

let written = 0;

/** A fresh path in a folder for a file that is being written. */
export function unfinishedIn(folder: string): string {
  return join(folder, `${UNFINISHED}${process.pid}-${written++}`);
}

/**
 * Writes a file beside its place, flushes it and renames it: readers see the old content or the new one, also after
 * a power failure; without `flushes` only whatever happens to the process, until `flushFile` is done. (Not
 * write-file-atomic, which takes a short write on a disk that is nearly full for a whole one and puts half a file in place.)
 */
export async function writeAtomic(path: string, data: string | Uint8Array, flushes = true): Promise<void> {
  const beside = unfinishedIn(dirname(path));
  try {
    const file = await open(beside, 'w');
    try {
      await file.writeFile(data);
      if (flushes) await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    if (flushes) await flushFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** So that the new name is on the disk as well. Some file systems cannot flush a folder; they keep names in order. */
export async function flushFolder(path: string): Promise<void> {
  try {
    await flushFile(path);
  } catch {
    // See above.
  }
}

/** Flushes what a file, or a folder, holds. */
export async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

/** Removes what a killed process left half written in a folder. */
export function removeUnfinished(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(UNFINISHED)) rmSync(join(folder, name), { force: true });
  }
}

/** As `mkdir -p`; Node's own recursive form never returns below some file systems (/proc). */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was faster.
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What a file system error means, without its code: `no space left on device`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/^(\w+): /, '').replace(/,.*$/s, '');
}
