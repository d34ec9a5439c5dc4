import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { instancesOf, placesOf } from '../../fuzz/directory/campaign-directory.ts';
import { lockOwner } from '../../fuzz/directory/lock.ts';
import { readStats } from '../../fuzz/statistics/files.ts';
import { Exit } from '../exit.ts';

interface Instance {
  readonly name: string;
  readonly alive: boolean;
  /** What `fuzzer_stats` says; null if it cannot be read. */
  readonly stats: Readonly<Record<string, number>> | null;
}

/** Figures shown for each instance, and whether they add up. */
const columns = [
  { name: 'run_time', title: 'run time (s)', sum: true },
  { name: 'execs_done', title: 'executions', sum: true },
  { name: 'execs_ps_last_min', title: 'per s', sum: true },
  { name: 'corpus_count', title: 'queue', sum: true },
  { name: 'corpus_imported', title: 'imported', sum: true },
  { name: 'edges_found', title: 'features', sum: false },
  { name: 'saved_crashes', title: 'crashes', sum: true },
  { name: 'saved_hangs', title: 'hangs', sum: true },
  { name: 'time_wo_finds', title: 'no find (s)', sum: false },
] as const;

/** `pagestorm whatsup <dir> [--json]`: sums up the instances of an output directory. */
export function whatsupCommand(dir: string, json: boolean): number {
  const roots = instancesOf(dir);
  if (roots.length === 0) throw new UsageError(`${dir}: no campaign there, and none in its folders`);
  const instances = roots.map(instance);
  if (json) {
    for (const one of instances) console.log(JSON.stringify(one));
    return Exit.Ok;
  }
  const rows = [
    ['instance', 'state', ...columns.map(column => column.title)],
    ...instances.map(({ name, alive, stats }) => [
      name,
      alive ? 'alive' : 'dead',
      ...columns.map(column => (stats === null ? '?' : String(stats[column.name] ?? '?'))),
    ]),
  ];
  if (instances.length > 1) rows.push(total(instances));
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0))) ?? [];
  for (const row of rows) {
    console.log(
      row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    );
  }
  for (const { name, stats } of instances) {
    if (stats === null)
      console.log(`${name}: fuzzer_stats cannot be read; it is written anew when the campaign runs`);
  }
  return Exit.Ok;
}

function instance(root: string): Instance {
  return { name: basename(root), alive: lockOwner(root) !== null, stats: statsOf(placesOf(root).stats) };
}

function statsOf(path: string): Instance['stats'] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const stats = [...readStats(text)].map(([key, value]) => [key, Number(value)] as const);
  const numbers = Object.fromEntries(stats.filter(([, value]) => Number.isFinite(value)));
  return columns.some(column => column.name in numbers) ? numbers : null;
}

function total(instances: readonly Instance[]): string[] {
  const alive = instances.filter(one => one.alive).length;
  const figures = columns.map(({ name, sum }) => {
    const values = instances.map(one => one.stats?.[name] ?? 0);
    const value = sum
      ? values.reduce((a, b) => a + b, 0)
      : name === 'time_wo_finds'
        ? Math.min(...values)
        : Math.max(...values);
    return String(Math.round(10 * value) / 10);
  });
  return ['all', `${alive} alive`, ...figures];
}
