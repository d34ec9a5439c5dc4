import { readFileSync } from 'node:fs';
import { DIRECTORY_VERSION } from './config.ts';
import type { Crash } from './crash-store.ts';

/**
 * What a campaign needs to go on from where it was: written whole, and read whole or not at all. Entries and findings
 * are files of their own; the snapshot never knows more than they do.
 */
export interface Snapshot {
  readonly version: number;
  readonly counters: unknown;
  /** Id of the next queue entry. */
  readonly nextEntry: number;
  readonly jobs: readonly unknown[];
  /** How often each finding was seen, and when last, by the name of its folder. */
  readonly seen: Readonly<Record<string, Pick<Crash, 'count' | 'last'>>>;
  /** Ids up to which other instances' entries have been looked at. */
  readonly synced: Readonly<Record<string, number>>;
}

export function snapshotText(snapshot: Omit<Snapshot, 'version'>): string {
  return `${JSON.stringify({ version: DIRECTORY_VERSION, ...snapshot })}\n`;
}

/** The snapshot of a directory; a text if there is one that cannot be used, null if there is none. */
export function readSnapshot(path: string): Snapshot | string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? null : `${path}: ${String(error)}`;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${path}: is not valid JSON`;
  }
  if (!isSnapshot(value)) return `${path}: is no snapshot of version ${DIRECTORY_VERSION}`;
  return value;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { version, counters, nextEntry, jobs, seen, synced } = value as Partial<
    Record<keyof Snapshot, unknown>
  >;
  return (
    version === DIRECTORY_VERSION &&
    typeof counters === 'object' &&
    Number.isSafeInteger(nextEntry) &&
    Array.isArray(jobs) &&
    typeof seen === 'object' &&
    seen !== null &&
    typeof synced === 'object' &&
    synced !== null
  );
}
