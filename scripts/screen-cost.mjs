#!/usr/bin/env node
// What the campaign screen costs:
//   node scripts/screen-cost.mjs [--pairs 10] [--execs 100k] [--seconds 30] [--memory sc]
// First the screen's own share of a core at three sizes: CPU time of the process that draws (not of the one with the
// workers) while a campaign runs, over --seconds, beside that of plain lines. Then the CPU time of all processes per million
// accesses with and without the screen, in alternating pairs of the same deterministic campaign: of a design without
// findings, since minimising them costs far more than any screen. Run it on a quiet machine; needs `npm run build`. Prints
// Markdown.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readStats } from '../dist/fuzz/statistics/files.js';
import { PseudoTerminal } from './pseudo-terminal.mjs';

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    execs: { type: 'string', default: '100k' },
    seconds: { type: 'string', default: '30' },
    memory: { type: 'string', default: 'sc' },
  },
});
const dir = mkdtempSync(join(tmpdir(), 'pagestorm-cost-'));
const busy = `mte-sync/v5.19 --memory ${options.memory} --seed 1 --no-selfcheck`;
const clean = `mte-sync/v6.2-fixed --memory ${options.memory} --seed 1 --no-selfcheck`;
/** Clock ticks a second in /proc and in `times`. */
const TICKS = 100;
let runs = 0;

/** Seconds of CPU that a process has used, its children not counted. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Children of a process, by /proc. */
function childOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(children[0]);
}

/** The share of a core that the process of the terminal takes while a campaign runs. */
async function share(columns, rows, flags) {
  const terminal = new PseudoTerminal(columns, rows);
  const out = join(dir, `share-${runs++}`);
  await terminal.shows(/prompt>/);
  terminal.run(`pagestorm fuzz ${busy} ${flags} --out ${out}`);
  await terminal.shows(/searching|executions \(/);
  const pid = childOf(terminal.pid);
  await sleep(5000);
  const [at, used] = [performance.now(), cpuOf(pid)];
  await sleep(1000 * Number(options.seconds));
  const result = (cpuOf(pid) - used) / ((performance.now() - at) / 1000);
  terminal.type('\x03');
  await terminal.shows(/look again|^done:/m);
  terminal.close();
  return result;
}

/** CPU seconds of all processes of a deterministic campaign for a million accesses. */
async function perMillion(flags) {
  const terminal = new PseudoTerminal(80, 24);
  const out = join(dir, `run-${runs++}`);
  await terminal.shows(/prompt>/);
  terminal.run(
    `pagestorm fuzz ${clean} ${flags} --execs ${options.execs} --out ${out}; times > ${out}/times; echo rea''dy`,
  );
  await untilDone(terminal);
  // The last line of `times` is of the shell's children: `0m1.23s 0m0.04s`.
  const [, children = ''] = readFileSync(join(out, 'times'), 'utf8').trim().split('\n');
  const seconds = children
    .split(' ')
    .map(one => /(\d+)m([\d.]+)s/.exec(one))
    .reduce((sum, found) => sum + 60 * Number(found?.[1]) + Number(found?.[2]), 0);
  const accesses = Number(readStats(readFileSync(join(out, 'fuzzer_stats'), 'utf8')).get('accesses_done'));
  terminal.close();
  return (1e6 * seconds) / accesses;
}

/** Campaigns may take longer than a terminal's patience. */
async function untilDone(terminal) {
  while (!/^ready$/m.test(terminal.text)) await sleep(200);
}

console.log('| what draws | share of a core |\n|---|--:|');
for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [200, 60],
]) {
  console.log(`| screen, ${columns}x${rows} | ${(100 * (await share(columns, rows, ''))).toFixed(1)} % |`);
}
console.log(`| plain lines | ${(100 * (await share(80, 24, '--no-ui'))).toFixed(1)} % |`);

console.log('\n| pair | CPU s per million accesses, screen | plain lines | ratio |\n|--:|--:|--:|--:|');
const ratios = [];
for (let i = 1; i <= Number(options.pairs); i++) {
  // Which goes first changes, so that neither always has the warmer machine.
  const order = i % 2 === 0 ? ['', '--no-ui'] : ['--no-ui', ''];
  const cost = {};
  for (const flags of order) cost[flags] = await perMillion(flags);
  ratios.push(cost[''] / cost['--no-ui']);
  console.log(
    `| ${i} | ${cost[''].toFixed(3)} | ${cost['--no-ui'].toFixed(3)} | ${ratios.at(-1).toFixed(3)} |`,
  );
}
const sorted = ratios.toSorted((a, b) => a - b);
console.log(`| median | | | ${(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(3)} |`);
rmSync(dir, { recursive: true, force: true });
