import type { Status } from './counters.ts';
import { type Statistic, statistics } from './statistics.ts';

/** Columns of a key in `fuzzer_stats`, as AFL pads them. */
const KEY_WIDTH = 20;

/** The text of `fuzzer_stats`: a line `key : value` for each figure, then those that do not change. */
export function statsText(status: Status, fixed: Readonly<Record<string, string>>): string {
  const line = (key: string, value: number | string): string => `${key.padEnd(KEY_WIDTH)}: ${value}\n`;
  const lines = statistics.map(one => line(one.name, one.of(status)));
  return [...lines, ...Object.entries(fixed).map(([key, value]) => line(key, value))].join('');
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
export function plotRow(status: Status): string {
  return `${columns.map(one => one.of(status)).join(', ')}\n`;
}
