import { DIRECTORY_VERSION } from './config.ts';
import type { Crash } from './crash-store.ts';
import { readJsonFile } from './json-file.ts';

/**
 * What a campaign needs to go on from where it was: written whole, and read whole or not at all. Entries and findings
 * are files of their own; the checkpoint never knows more than they do.
 */
export interface Checkpoint {
  readonly version: number;
  readonly counters: unknown;
  /** Id of the next queue entry. */
  readonly nextEntry: number;
  readonly jobs: readonly unknown[];
  /** How often each finding was seen, and when last, by the name of its folder. */
  readonly seen: Readonly<Record<string, Pick<Crash, 'count' | 'last'>>>;
  /** Ids up to which other instances' entries have been looked at. */
  readonly synced: Readonly<Record<string, number>>;
  /** The job whose turn it is. */
  readonly turn: number;
  /** Sums for people who watch: see `SavedView`. */
  readonly view: unknown;
}

export function checkpointText(checkpoint: Omit<Checkpoint, 'version'>): string {
  return `${JSON.stringify({ version: DIRECTORY_VERSION, ...checkpoint })}\n`;
}

/** The checkpoint of a directory; a text if there is one that cannot be used, null if there is none. */
export function readCheckpoint(path: string): Checkpoint | string | null {
  return readJsonFile(path, isCheckpoint, `checkpoint of version ${DIRECTORY_VERSION}`);
}

function isCheckpoint(value: unknown): value is Checkpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { version, counters, nextEntry, jobs, seen, synced, turn } = value as Partial<
    Record<keyof Checkpoint, unknown>
  >;
  return (
    version === DIRECTORY_VERSION &&
    typeof counters === 'object' &&
    Number.isSafeInteger(nextEntry) &&
    Number.isSafeInteger(turn) &&
    Array.isArray(jobs) &&
    typeof seen === 'object' &&
    seen !== null &&
    typeof synced === 'object' &&
    synced !== null
  );
}
