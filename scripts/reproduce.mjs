#!/usr/bin/env node
// Finds every entry of catalogue/<target>.yaml from nothing and writes its minimised case to corpus/<target>/<id>.yaml:
//   node scripts/reproduce.mjs mte-sync [id ...] [--execs N] [--seed S] [--check]
// With --check nothing is written. Ends with exit code 1 if an entry was not found.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2);
const option = (name, otherwise) => {
  const i = args.indexOf(name);
  return i < 0 ? otherwise : args.splice(i, 2)[1];
};
const execs = option('--execs', '400000');
const seed = option('--seed', '1');
const check = args.includes('--check');
const [target, ...ids] = args.filter(arg => arg !== '--check');
if (target === undefined || !existsSync(join(root, 'catalogue', `${target}.yaml`))) {
  console.error('usage: node scripts/reproduce.mjs <target> [id ...] [--execs N] [--seed S] [--check]');
  process.exit(2);
}

/** Seeds tried for an entry. */
const ATTEMPTS = 3;

/** One run of the fuzzer; the shortest minimised case that fits the entry, or undefined. */
function search(entry, out, attempt) {
  const folder = join(out, String(attempt));
  const command = [
    join(root, 'bin/pagestorm.js'),
    ...['fuzz', entry.design, '--memory', entry.memory, '--execs', execs, '--seed', `${seed}.${attempt}`],
    ...['--out', folder, '--no-ui', ...(entry.options ? entry.options.split(/\s+/) : [])],
  ];
  spawnSync(process.execPath, command, { stdio: 'ignore' });
  if (!existsSync(folder)) return undefined;
  const wanted = new RegExp(entry.finding);
  return readdirSync(folder, { withFileTypes: true })
    .filter(each => each.isDirectory())
    .map(each => join(folder, each.name, 'minimized.yaml'))
    .filter(existsSync)
    .map(path => ({ path, of: parse(readFileSync(path, 'utf8')) }))
    .filter(({ of }) => wanted.test(of.expect.signature ?? ''))
    .sort((a, b) => readFileSync(a.path).length - readFileSync(b.path).length)[0];
}

const { entries } = parse(readFileSync(join(root, 'catalogue', `${target}.yaml`), 'utf8'));
let missing = 0;
for (const entry of entries) {
  if (ids.length > 0 && !ids.includes(entry.id)) continue;
  if (entry.design === undefined) continue;
  const out = mkdtempSync(join(tmpdir(), 'pagestorm-'));
  let found;
  for (let attempt = 0; attempt < ATTEMPTS && found === undefined; attempt++)
    found = search(entry, out, attempt);
  if (found === undefined) missing++;
  else if (!check) {
    mkdirSync(join(root, 'corpus', target), { recursive: true });
    copyFileSync(found.path, join(root, 'corpus', target, `${entry.id}.yaml`));
  }
  console.log(`${entry.id}: ${found === undefined ? 'NOT FOUND' : found.of.expect.signature}`);
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = missing > 0 ? 1 : 0;
