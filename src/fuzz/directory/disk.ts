import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flushFile, flushFolder, makeFolder, reasonOf, writeAtomic } from './atomic.ts';

/** Errors that go away when somebody makes room: no space, quota used up. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FULL.has(String(error.code));
}

/** Writes what the campaign can do without; whether there was room for it. */
export function unlessFull(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (isFull(error)) return false;
    throw error;
  }
}

/** Seconds between attempts on a full disk. */
const RETRY_SECONDS = 1;
/** Writes under way at once: enough to share the cost of flushing, few enough to keep what waits small. */
const AT_ONCE = 8;

/** A file could not be written for a reason that waiting does not mend. */
export class DiskError extends Error {
  override name = 'DiskError';
}

/**
 * Writes the files of a campaign, each whole or not at all. A full disk makes writers wait, with a note, until there
 * is room again; nothing is given up. Files with one name are written in the order asked for.
 */
export class Disk {
  readonly #note: (message: string) => void;
  readonly #last = new Map<string, Promise<void>>();
  /** Written, but not flushed. */
  #unflushed: string[] = [];
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Writes that wait for room. */
  #held = 0;
  #leaving = false;

  /** @param note gets a line when the disk is full, and when it is not any more. */
  constructor(note: (message: string) => void) {
    this.#note = note;
  }

  /** True while writers wait for room. */
  get full(): boolean {
    return this.#held > 0;
  }

  /** Files not written yet. */
  get pending(): number {
    return this.#last.size;
  }

  /** From here on a full disk is an error: the user wants to leave. */
  leave(): void {
    this.#leaving = true;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  /**
   * @param flushes false for one of many files, which are flushed together by `flush`: that costs more than the rest.
   * @throws DiskError naming file and reason.
   */
  write(path: string, data: string | Uint8Array, flushes = true): Promise<void> {
    const before = this.#last.get(path) ?? Promise.resolve();
    const write = before.catch(() => {}).then(() => this.#write(path, data, flushes));
    this.#last.set(path, write);
    const forget = (): void => {
      if (this.#last.get(path) === write) this.#last.delete(path);
    };
    write.then(forget, forget);
    return write;
  }

  /** Resolves when all that was asked for so far is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  /**
   * Flushes what was written without: a power failure cannot lose it any more. A file that is gone (set aside, or by the
   * user) or cannot be flushed is passed over: who reads the directory next looks whether it is whole.
   */
  async flush(): Promise<void> {
    const paths = this.#unflushed;
    this.#unflushed = [];
    let next = 0;
    const some = async (): Promise<void> => {
      while (next < paths.length) await flushFile(paths[next++]).catch(() => {});
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    await Promise.all([...new Set(paths.map(path => dirname(path)))].map(flushFolder));
  }

  async #write(path: string, data: string | Uint8Array, flushes: boolean): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>(resolve => this.#waiting.push(resolve));
    this.#running++;
    let held = false;
    try {
      for (;;) {
        try {
          makeFolder(dirname(path));
          await writeAtomic(path, data, flushes);
          if (!flushes) this.#unflushed.push(path);
          return;
        } catch (error) {
          if (!isFull(error) || this.#leaving) {
            throw new DiskError(`${path}: cannot be written: ${reasonOf(error)}`);
          }
          if (!this.full) {
            this.#note(`disk full: ${path} cannot be written; paused until there is room (make some)`);
          }
          if (!held) this.#held++;
          held = true;
          await sleep(1000 * RETRY_SECONDS);
        }
      }
    } finally {
      // A smaller file may have found room before.
      if (held && --this.#held === 0 && !this.#leaving)
        this.#note('there is room on the disk again; going on');
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
