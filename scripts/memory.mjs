#!/usr/bin/env node
// Resident memory of a campaign over time:
//   node scripts/memory.mjs [--minutes 30] [--design mte-sync/v6.2-fixed ...] [--memory arm64] [--workers 2]
// Prints a row for each of 15 moments, and by how much the memory of the last third differs from that of the middle one.
// The design given may be repeated; all targets with --design all. Exit code 1 if it grows by more than 10 %. What the
// campaign finds is named, and its directory kept: a fixed design should have nothing. Needs `npm run build`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, median, table } from './campaign.mjs';

const ROWS = 15;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    design: { type: 'string', multiple: true, default: ['mte-sync/v6.2-fixed'] },
    memory: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
});
const seconds = 60 * Number(values.minutes);
const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-memory-'));
const samples = [];
const rows = [];
const designs = values.design.includes('all') ? [] : values.design;
const memory = values.memory === undefined ? [] : ['--memory', values.memory];
const { events } = await fuzz(
  [
    ...designs,
    ...memory,
    '--time',
    `${seconds}s`,
    '--workers',
    values.workers,
    '--seed',
    '1',
    '--out',
    join(scratch, 'out'),
  ],
  event => {
    if (event.type !== 'status' || event.run_time > seconds) return;
    samples.push({ at: event.run_time, rss: event.peak_rss_mb });
    if (event.run_time < (rows.length * seconds) / ROWS) return;
    const millions = (event.execs_done / 1e6).toFixed(2);
    rows.push([
      (event.run_time / 60).toFixed(1),
      event.peak_rss_mb,
      millions,
      event.corpus_count,
      event.saved_crashes,
    ]);
  },
);
const findings = events.filter(event => event.type === 'finding');
for (const { design, memory, key, folder } of findings)
  console.log(`found in ${design} (${memory}): ${key}; ${folder}`);
if (findings.length === 0) rmSync(scratch, { recursive: true });
console.log(table(['minute', 'resident MiB', 'million executions', 'queue entries', 'findings'], rows));
const third = (from, to) =>
  median(samples.filter(one => one.at >= from * seconds && one.at < to * seconds).map(one => one.rss));
const [middle, last] = [third(1 / 3, 2 / 3), third(2 / 3, 1)];
const growth = (100 * (last - middle)) / middle;
console.log(`median of the middle third ${middle} MiB, of the last ${last} MiB: ${growth.toFixed(1)} %`);
process.exitCode = growth > 10 ? 1 : 0;
