#!/usr/bin/env node
// How long the search takes to find each case of catalogue.yaml from an empty queue, by several seeds:
//   node scripts/first-hits.mjs [target, id or case ...] [--seeds N] [--execs N] [--again]
// Writes docs/first-hits.json (what was measured) and docs/first-hits.md (the table) after each case, so that it may be
// stopped and run again: what is there is not measured again, unless the case has changed or --again is given.
// Run `npm run build` before.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jobOf, selectionsOf } from '../dist/cli/jobs.js';
import { targetOf } from '../dist/fuzz/catalogue.js';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';
import { Search } from '../dist/fuzz/matrix/search.js';
import { WorkerPool } from '../dist/fuzz/pool.js';
import { targets } from '../dist/targets/index.js';
import { casesNamed } from './catalogue-cases.mjs';

const docs = join(dirname(fileURLToPath(import.meta.url)), '../docs');
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '5' },
    execs: { type: 'string', default: '2000000' },
    again: { type: 'boolean', default: false },
  },
});
const seeds = Number(options.seeds);
const limit = Number(options.execs);
if (!(seeds >= 1 && limit >= 1)) {
  console.error('first-hits: --seeds and --execs take a number');
  process.exit(2);
}
const data = join(docs, 'first-hits.json');
const measured = existsSync(data) ? JSON.parse(readFileSync(data, 'utf8')) : {};
const pool = new WorkerPool([], 30);
let stopped = false;
process.on('SIGINT', () => {
  stopped = true;
  pool.stop();
});

/** The options of `pagestorm fuzz` that narrow the search of a case. */
function narrowing(text) {
  const words = text?.split(/\s+/) ?? [];
  const value = name => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const known = ['--cpus', '--pages', '--mms', '--ops'];
  const odd = words.find(word => word.startsWith('--') && !known.includes(word));
  if (odd !== undefined) throw new Error(`${odd} is no option that first-hits.mjs knows`);
  return {
    cpus: value('--cpus'),
    pages: value('--pages'),
    mms: value('--mms'),
    ops: value('--ops')?.split(',') ?? [],
  };
}

/** Executions, CPU and wall seconds up to the first finding that fits; executions is null if there was none. */
async function firstHit(one, seed) {
  const [selection] = selectionsOf([one.design], targets);
  const job = jobOf(selection, `first-hits/${seed}`, { ...narrowing(one.options), memory: one.memory });
  const finding = new RegExp(one.finding);
  const cpu = process.cpuUsage();
  const began = performance.now();
  let hit = null;
  const search = new Search(job, pool, {
    found: async (_, signature, executions) => {
      if (hit !== null || !finding.test(signature)) return;
      hit = executions;
      search.stop();
    },
    progress: () => {},
  });
  await search.run(limit, null);
  const { user, system } = process.cpuUsage(cpu);
  return { executions: hit, cpu: (user + system) / 1e6, wall: (performance.now() - began) / 1000 };
}

function nameOf(one) {
  return `${targetOf(one)}/${one.case}`;
}

/** What a measurement is about: another one does not stand for it. */
function keyOf(one) {
  const { design, memory, options: narrowed = '', finding } = one;
  return JSON.stringify({ design, memory, narrowed, finding, seeds });
}

/** What was measured of a case; null if nothing was, or if a seed without a hit may now go on for longer. */
function runsOf(one) {
  const { key, limit: was, runs } = measured[nameOf(one)] ?? {};
  if (key !== keyOf(one)) return null;
  return was < limit && runs.some(run => run.executions === null) ? null : runs;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function row({ entry, one }) {
  const runs = runsOf(one);
  const cell = text => String(text).replace(/[|_*]/g, '\\$&');
  const cells = [entry.id, one.case, one.design, one.memory];
  if (one.byHand) return [...cells, 'written by hand', '', '', ''].map(cell);
  if (runs === null) return [...cells, 'not measured', '', '', ''].map(cell);
  const hits = runs.filter(run => run.executions !== null);
  const least = hits.length > 0 ? Math.min(...hits.map(run => run.executions)) : '-';
  const middle = median(runs.map(run => run.executions ?? Number.POSITIVE_INFINITY));
  const found = Number.isFinite(middle)
    ? middle.toLocaleString('en')
    : `more than ${limit.toLocaleString('en')}`;
  const seconds = name => median(runs.map(run => run[name])).toFixed(1);
  return [
    ...cells,
    `${found}${hits.length < runs.length ? ` (${hits.length} of ${runs.length} seeds)` : ''}`,
    least.toLocaleString('en'),
    seconds('cpu'),
    seconds('wall'),
  ].map(cell);
}

async function write() {
  const rows = casesNamed([])
    .filter(({ one }) => one.finding !== undefined)
    .map(row);
  const header = ['id', 'case', 'design', 'memory', 'executions (median)', 'least', 'CPU s', 'wall s'];
  const line = cells => `| ${cells.join(' | ')} |`;
  const text = `# Executions to the first hit

Written by \`node scripts/first-hits.mjs\`: for each case of the catalogue that is reproduced the executions until the
search of \`pagestorm fuzz\`, with one worker and an empty queue, shows a signature that fits, and the seconds that took;
medians of ${seeds} seeds. A seed ends at ${limit.toLocaleString('en')} executions; one that has found nothing by then counts as more. The
searches are narrowed by the options that the catalogue gives (\`--ops\`, \`--pages\`). Seconds are those of a small
shared machine, the start of the process left out.

${line(header)}
|---|---|---|---|--:|--:|--:|--:|
${rows.map(line).join('\n')}
`;
  await writeAtomic(data, `${JSON.stringify(measured, null, 1)}\n`);
  await writeAtomic(join(docs, 'first-hits.md'), text);
}

for (const { entry, one } of casesNamed(wanted)) {
  if (stopped) break;
  if (one.finding === undefined || one.byHand) continue;
  if (!options.again && runsOf(one) !== null) continue;
  const runs = [];
  for (let seed = 1; seed <= seeds && !stopped; seed++) runs.push(await firstHit(one, seed));
  if (stopped) break;
  measured[nameOf(one)] = { key: keyOf(one), limit, runs };
  await write();
  console.log(`${entry.id} ${one.case}: ${runs.map(run => run.executions ?? 'none').join(', ')}`);
}
await write();
await pool.close();
