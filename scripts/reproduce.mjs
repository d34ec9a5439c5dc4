#!/usr/bin/env node
// Finds the cases of catalogue.yaml from nothing and writes them, minimised, to corpus/<target>/<case>.yaml:
//   node scripts/reproduce.mjs [target, id or case ...] [--execs N] [--seed S] [--check]
// With --check nothing is written. Ends with exit code 1 if a case was not found. Run `npm run build` before.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { caseFile, targetOf } from '../dist/fuzz/catalogue.js';
import { casesNamed } from './catalogue-cases.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    execs: { type: 'string', default: '400000' },
    seed: { type: 'string', default: '1' },
    check: { type: 'boolean', default: false },
  },
});

/** Seeds tried for a case. */
const ATTEMPTS = 3;

/** One run of the fuzzer; the shortest minimised case that fits, or undefined. */
function search(one, out, attempt) {
  const dir = join(out, String(attempt));
  const folder = join(dir, 'crashes');
  const execs = String(Math.max(Number(options.execs), one.execs ?? 0));
  const command = [
    join(root, 'bin/pagestorm.js'),
    ...['fuzz', one.design, '--memory', one.memory, '--execs', execs, '--seed', `${options.seed}.${attempt}`],
    ...['--out', dir, '--no-ui', ...(one.options ? one.options.split(/\s+/) : [])],
  ];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  if (status > 1) console.error(stderr.trim());
  if (!existsSync(folder)) return undefined;
  const finding = new RegExp(one.finding);
  return readdirSync(folder, { withFileTypes: true })
    .filter(each => each.isDirectory())
    .map(each => join(folder, each.name, 'minimized.yaml'))
    .filter(existsSync)
    .map(path => ({ path, text: readFileSync(path, 'utf8') }))
    .map(({ path, text }) => ({ path, length: text.length, signature: parse(text).expect.signature ?? '' }))
    .filter(({ signature }) => finding.test(signature))
    .sort((a, b) => a.length - b.length)[0];
}

let missing = 0;
for (const { entry, one } of casesNamed(wanted)) {
  if (one.finding === undefined || one.byHand) {
    console.log(
      `${entry.id} ${one.case}: ${one.byHand ? 'written by hand' : 'must stay clean'}, not searched`,
    );
    continue;
  }
  const out = mkdtempSync(join(tmpdir(), 'pagestorm-'));
  let found;
  for (let attempt = 0; attempt < ATTEMPTS && found === undefined; attempt++)
    found = search(one, out, attempt);
  if (found === undefined) missing++;
  else if (!options.check) {
    mkdirSync(join(root, 'corpus', targetOf(one)), { recursive: true });
    copyFileSync(found.path, join(root, 'corpus', caseFile(one)));
  }
  console.log(`${entry.id} ${one.case}: ${found?.signature ?? 'NOT FOUND'}`);
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = missing > 0 ? 1 : 0;
