import { readJsonFile } from '../directory/json-file.ts';
import { SNAPSHOT_VERSION, type Snapshot } from './snapshot.ts';
import { type Statistic, statistics } from './statistics.ts';

/** Columns of a key in `fuzzer_stats`, as AFL pads them. */
const KEY_WIDTH = 20;

/** The text of `fuzzer_stats`: a line `key : value` for each figure, then those that do not change. */
export function statsText(snapshot: Snapshot, fixed: Readonly<Record<string, string>>): string {
  const line = (key: string, value: number | string): string => `${key.padEnd(KEY_WIDTH)}: ${value}\n`;
  const lines = statistics.map(one => line(one.name, one.of(snapshot.status)));
  const yields = snapshot.strategies.map(({ kind, name, total }) => {
    const { schedules, newFeatures, entries, findings } = total;
    const figures = `${schedules} executions, ${newFeatures} features, ${entries} entries, ${findings} findings`;
    return line(`${kind}_${name.replaceAll('-', '_')}`, figures);
  });
  return [...lines, ...yields, ...Object.entries(fixed).map(([key, value]) => line(key, value))].join('');
}

/** What a `fuzzer_stats` says; lines that are none are passed over. */
export function readStats(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap(line => {
      const found = /^(\w+)\s*: (.*)$/.exec(line);
      return found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const];
    }),
  );
}

const columns: readonly Statistic[] = statistics.filter(one => one.plot === true);

/** The first line of `plot_data`. */
export const plotHeader = `# ${columns.map(one => one.name).join(', ')}\n`;

/** A line of `plot_data`. */
export function plotRow({ status }: Snapshot): string {
  return `${columns.map(one => one.of(status)).join(', ')}\n`;
}

/** The text of `snapshot.json`. */
export function snapshotText(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot)}\n`;
}

/** The snapshot of a campaign directory; a text that says what is wrong with it, null if there is none. */
export function readSnapshot(path: string): Snapshot | string | null {
  return readJsonFile(path, isSnapshot, `snapshot of version ${SNAPSHOT_VERSION}`);
}

/** Only what tells it from other files: it is written whole, by the same version. */
function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { version, status, findings, designs, stop } = value as Partial<Record<keyof Snapshot, unknown>>;
  const objects = [status, stop].every(one => typeof one === 'object' && one !== null);
  return version === SNAPSHOT_VERSION && objects && Array.isArray(findings) && Array.isArray(designs);
}
