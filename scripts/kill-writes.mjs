#!/usr/bin/env node
// Kills a deterministic campaign with SIGKILL before each of its writes in turn: in each run its process is killed once
// (with --then, once more after so many writes of the next), is started again and must end with the files and figures of a
// campaign that was never killed. With --full the write fails once instead, as on a full disk, and the campaign goes on.
//   node scripts/kill-writes.mjs [--design mte-sync/v5.17] [--execs 2k] [--memory arm64] [--seed 1] [--workers 2]
//     [--first 1] [--step 1] [--then N] [--full] [--jobs 2] [--target-module M] [-- OPTIONS OF PAGESTORM FUZZ]
// Writes that one campaign has under way at once come in any order. Needs `npm run build`. Exit code 1 on a failure.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './campaign.mjs';
import { contents, differences } from './campaign-files.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    design: { type: 'string', multiple: true, default: [] },
    execs: { type: 'string', default: '2k' },
    memory: { type: 'string', default: 'arm64' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    first: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    // biome-ignore lint/suspicious/noThenProperty: an option, and no promise
    then: { type: 'string' },
    full: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    'target-module': { type: 'string', multiple: true, default: [] },
  },
});
const designs = options.design.length > 0 ? options.design : ['mte-sync/v5.17'];
const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-writes-'));
const hook = new URL('./kill-hook.mjs', import.meta.url).href;
const { memory, execs, seed, workers } = options;
const modules = options['target-module'].flatMap(path => ['--target-module', path]);
const args = [
  ...designs,
  ...['--memory', memory, '--execs', execs, '--seed', seed, '--workers', workers],
  ...modules,
  ...positionals,
];
const what = options.full ? 'full at' : 'killed before';
let refused = 0;

/** Runs the campaign, writes with these numbers hit, one in each process; returns how often the last process wrote. */
async function campaign(name, hits) {
  const [dir, at] = [join(scratch, name), join(scratch, `${name}.at`)];
  writeFileSync(at, hits.join(' '));
  const how = options.full ? 'full' : 'kill';
  const env = { KILL_AT: at, KILL_HOW: how, KILL_CLOCK: '20', NODE_OPTIONS: `--import=${hook}` };
  try {
    await fuzz([...args, '--out', dir], undefined, undefined, env);
  } catch (error) {
    // A disk that is full from the start is refused.
    if (!options.full || !/no space left/.test(error.message)) throw error;
    refused++;
    await fuzz(['--resume', dir, '--workers', workers, ...modules]);
  }
  return Number(readFileSync(`${at}.count`, 'utf8'));
}

const unbroken = join(scratch, 'unbroken');
const writes = await campaign('unbroken', []);
let failures = 0;
let runs = 0;
let next = Number(options.first);
async function work() {
  for (let at = next; at <= writes; at = next) {
    next += Number(options.step);
    const name = `hit-${at}`;
    const dir = join(scratch, name);
    await campaign(name, [at, ...(options.then === undefined ? [] : [Number(options.then)])]);
    const found = differences(dir, unbroken);
    for (const line of found) console.error(`${what} write ${at}: ${line}`);
    if (existsSync(`${dir}.at.hit`)) runs++;
    failures += found.length;
    if (found.length === 0) rmSync(dir, { recursive: true });
  }
}
await Promise.all(Array.from({ length: Number(options.jobs) }, work));
const files = contents(unbroken).size;
if (runs === 0 || files === 0) failures++;
if (refused > 0) console.log(`refused ${refused} times at the start, and resumed`);
console.log(`${writes} writes, ${what} ${runs} of them; ${files} files and all figures compared each time`);
console.log(failures === 0 ? 'the same each time' : `${failures} DIFFERENCES; see ${scratch}`);
if (failures === 0) rmSync(scratch, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
