#!/usr/bin/env node
// How long the search takes to find each case of catalogue.yaml from an empty queue, by several seeds, and what the
// minimiser then makes of the crash:
//   node scripts/first-hits.mjs [target, id or case ...] [--seeds N] [--execs N] [--again] [--minimize] [--adopt]
// Writes docs/first-hits.jsonl (what was measured), docs/first-hits.md and docs/minimised.md (the tables) after each case, so
// that it may be stopped and run again: what is there is not measured again, unless the case has changed or --again is given.
// --minimize, after a change of the minimiser, leaves the first hits and searches only for the crashes, to minimise them anew.
// With --adopt a minimised crash that is smaller than the case of the corpus takes its place. Run `npm run build` before.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targetOf } from '../dist/fuzz/catalogue.js';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';
import { WorkerPool } from '../dist/fuzz/pool.js';
import { searchCase } from './case-search.mjs';
import { casesNamed } from './catalogue-cases.mjs';
import { loadMeasured, median, saveMeasured, tableLine } from './measured.mjs';
import { minimised, minimisedText, reaches, shippedCase } from './minimised-table.mjs';

/** Seeds more whose crashes are minimised, as long as none has come out as small as the case of the corpus. */
const MORE = 4;

const docs = join(dirname(fileURLToPath(import.meta.url)), '../docs');
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '5' },
    execs: { type: 'string', default: '100000' },
    again: { type: 'boolean', default: false },
    minimize: { type: 'boolean', default: false },
    adopt: { type: 'boolean', default: false },
  },
});
const seeds = Number(options.seeds);
const common = Number(options.execs);
if (!(seeds >= 1 && common >= 1)) {
  console.error('first-hits: --seeds and --execs take a number');
  process.exit(2);
}
const data = join(docs, 'first-hits.jsonl');
const measured = loadMeasured(data);
const pool = new WorkerPool([], 30);
let stopped = false;
process.on('SIGINT', () => {
  stopped = true;
  pool.stop();
});

function nameOf(one) {
  return `${targetOf(one)}/${one.case}`;
}

/** Executions after which a seed is given up: a case that needs many says so in the catalogue. */
function limitOf(one) {
  return Math.max(common, one.execs ?? 0);
}

/** What a measurement is about: another one does not stand for it. */
function keyOf(one, signature) {
  const { design, memory, options: narrowed = '', finding } = one;
  return JSON.stringify({ design, memory, narrowed, finding, seeds, signature });
}

/** What was measured of a case; null if nothing was, or if a seed without a hit may now go on for longer. */
function measurementOf(one, signature) {
  const known = measured[nameOf(one)];
  if (known?.key !== keyOf(one, signature)) return null;
  return known.limit < limitOf(one) && known.runs.some(run => run.executions === null) ? null : known;
}

/** Searches by every seed, and minimises crashes until one is as small as the shipped case. */
async function measure(one, shipped) {
  const limit = limitOf(one);
  const { signature } = shipped;
  const runs = [];
  const small = [];
  const crashes = [];
  for (let seed = 1; seed <= seeds && !stopped; seed++) {
    const wants = crashes.length === 0 ? signature : null;
    const { first, same, spent } = await searchCase(one, seed, limit, pool, wants, () => stopped);
    const exact = same ?? (first?.signature === signature ? first : null);
    if (exact !== null) crashes.push({ seed, hit: exact });
    const { cpu, wall } = first ?? spent;
    runs.push({ executions: first?.executions ?? null, cpu, wall });
  }
  const enough = () => stopped || small.some(run => reaches(run, shipped));
  for (const { seed, hit } of crashes) {
    if (enough()) break;
    small.push(await minimised(hit, seed, shipped, pool, options.adopt));
  }
  for (let seed = seeds + 1; seed <= seeds + MORE && crashes.length > 0 && !enough(); seed++) {
    const { same } = await searchCase(one, seed, limit, pool, signature, () => stopped);
    if (same !== null) small.push(await minimised(same, seed, shipped, pool, options.adopt));
  }
  return { key: keyOf(one, signature), limit, runs, minimised: small };
}

/** Minimises the crash of one seed after the other until one comes out as small as the shipped case. */
async function measureMinimised(one, shipped, known) {
  const small = [];
  for (let seed = 1; seed <= seeds + MORE && !stopped; seed++) {
    if (small.some(run => reaches(run, shipped))) break;
    const { same } = await searchCase(one, seed, limitOf(one), pool, shipped.signature, () => stopped);
    if (same !== null) small.push(await minimised(same, seed, shipped, pool, options.adopt));
  }
  return { ...known, minimised: small };
}

function hitRow({ entry, one, known }) {
  const cells = [entry.id, one.case, one.design, one.memory];
  if (one.byHand) return [...cells, 'written by hand', '', '', ''];
  if (known === null) return [...cells, 'not measured', '', '', ''];
  const { runs, limit } = known;
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
  ];
}

/** The cases that show a violation, as they are shipped. */
const all = casesNamed([])
  .filter(({ one }) => one.finding !== undefined)
  .map(({ entry, one }) => ({ entry, one, shipped: shippedCase(one) }));

async function write() {
  const rows = all.map(each => ({ ...each, known: measurementOf(each.one, each.shipped.signature) }));
  const header = ['id', 'case', 'design', 'memory', 'executions (median)', 'least', 'CPU s', 'wall s'];
  const text = `# Executions to the first hit

Written by \`node scripts/first-hits.mjs\`: for each case of the catalogue that is reproduced the executions until the
search of \`pagestorm fuzz\`, with one worker and an empty queue, shows a signature that fits, and the seconds that took;
medians of ${seeds} seeds. A seed ends at ${common.toLocaleString('en')} executions, or where the catalogue gives \`execs\` at
that; one that has found nothing by then counts as more. The searches are narrowed by the options that the catalogue gives
(\`--ops\`, \`--pages\`). Seconds are those of a small shared machine, the start of the process left out.

${tableLine(header)}
|---|---|---|---|--:|--:|--:|--:|
${rows.map(row => tableLine(hitRow(row))).join('\n')}
`;
  await saveMeasured(data, measured);
  await writeAtomic(join(docs, 'first-hits.md'), text);
  const small = rows
    .filter(({ known }) => known !== null)
    .map(({ entry, one, shipped, known }) => ({
      id: entry.id,
      name: one.case,
      shipped,
      runs: known.minimised,
    }));
  await writeAtomic(join(docs, 'minimised.md'), minimisedText(small));
}

const chosen = new Set(casesNamed(wanted).map(({ one }) => nameOf(one)));
for (const each of all) {
  const { entry, one, shipped } = each;
  if (stopped) break;
  if (!chosen.has(nameOf(one)) || one.byHand) continue;
  const known = measurementOf(one, shipped.signature);
  const minimizes = options.minimize && known !== null;
  if (known !== null && !minimizes && !options.again) continue;
  const result = minimizes ? await measureMinimised(one, shipped, known) : await measure(one, shipped);
  if (stopped) break;
  measured[nameOf(one)] = result;
  if (options.adopt) each.shipped = shippedCase(one);
  await write();
  const small = result.minimised.some(run => reaches(run, shipped)) ? 'reached' : 'NOT REACHED';
  console.log(
    `${entry.id} ${one.case}: ${result.runs.map(run => run.executions ?? 'none').join(', ')}; ${small}`,
  );
}
await write();
await pool.close();
