#!/usr/bin/env node
// One campaign with default settings over all buggy designs of catalogue.yaml: which of the catalogued findings come up, and
// after how many executions and seconds of the campaign:
//   node scripts/all-bugs.mjs [target, id or case ...] [--minutes 30] [--workers 2] [--seed 1] [--out table.md]
// "Default" means what `pagestorm fuzz` does with nothing but designs: the target's memory model and size, all operations.
// Entries whose finding needs another memory model, more CPUs or the like may be missed; the table says so. Prints a
// Markdown table. Needs `npm run build`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, table } from './campaign.mjs';
import { casesNamed } from './catalogue-cases.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '30' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const cases = casesNamed(positionals).filter(({ one }) => one.finding !== undefined);
const designs = [...new Set(cases.map(({ one }) => one.design))];
const seconds = 60 * Number(values.minutes);
const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-bugs-'));
const found = [];
let said = 0;
const limits = ['--time', `${seconds}s`, '--workers', values.workers, '--seed', values.seed];
const { events } = await fuzz([...designs, ...limits, '--out', join(scratch, 'out')], event => {
  if (event.type === 'finding') found.push(event);
  if (event.type !== 'status' || event.run_time < said + 30) return;
  said = event.run_time;
  console.error(
    `${Math.round(said)} s of ${seconds}: ${event.execs_done} executions, ${found.length} findings`,
  );
});
rmSync(scratch, { recursive: true });
const end = events.at(-1);
const number = value => Math.round(value).toLocaleString('en');
const rows = cases.map(({ entry, one }) => {
  const pattern = new RegExp(one.finding);
  const hit = found.find(({ design, key }) => design === one.design && pattern.test(key));
  const narrowed = [one.memory, one.options].filter(text => (text ?? '') !== '').join(' ');
  const row = [entry.id, one.case, one.design, `\`${narrowed}\``];
  return [...row, ...(hit === undefined ? ['not found', ''] : [number(hit.executions), number(hit.seconds)])];
});
const hits = rows.filter(row => row.at(-1) !== '').length;
const buggy = new Set(found.map(({ design }) => design)).size;
const head = ['id', 'case', 'design', 'the catalogue narrows to', 'executions', 'seconds'];
const text = [
  `${designs.length} designs in one campaign of ${number(end.run_time)} s with ${values.workers} workers, seed ${values.seed}: ` +
    `${number(end.execs_done)} executions, ${found.length} findings (told apart by design and signature) in ${buggy} designs; ` +
    `${hits} of the ${rows.length} catalogued findings came up.`,
  '',
  table(head, rows, 4),
  '',
].join('\n');
if (values.out === undefined) console.log(text);
else writeFileSync(values.out, text);
