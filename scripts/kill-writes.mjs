#!/usr/bin/env node
// Kills a deterministic campaign with SIGKILL before each of its writes in turn: in each run its process is killed once
// (with --then, once more after so many writes of the next), is started again and must end with the files and figures of a
// campaign that was never killed.
//   node scripts/kill-writes.mjs [--design mte-sync/v5.17] [--execs 2k] [--memory arm64] [--seed 1] [--workers 2]
//     [--first 1] [--step 1] [--then N] [--jobs 2] [--target-module M] [-- OPTIONS OF PAGESTORM FUZZ]
// Writes that one campaign has under way at once come in any order. Needs `npm run build`. Exit code 1 on a failure.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    jobs: { type: 'string', default: '2' },
    'target-module': { type: 'string', multiple: true, default: [] },
  },
});
const designs = options.design.length > 0 ? options.design : ['mte-sync/v5.17'];
const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-writes-'));
const hook = new URL('./kill-hook.mjs', import.meta.url).href;
const { memory, execs, seed, workers } = options;
const args = [
  ...designs,
  ...['--memory', memory, '--execs', execs, '--seed', seed, '--workers', workers],
  ...options['target-module'].flatMap(path => ['--target-module', path]),
  ...positionals,
];

/** Runs the campaign, its processes killed before the writes with these numbers; returns how often the last one wrote. */
async function campaign(name, kills) {
  const [dir, at] = [join(scratch, name), join(scratch, `${name}.at`)];
  writeFileSync(at, kills.join(' '));
  const env = { KILL_AT: at, KILL_CLOCK: '20', NODE_OPTIONS: `--import=${hook}` };
  await fuzz([...args, '--out', dir], undefined, undefined, env);
  return Number(readFileSync(`${at}.count`, 'utf8'));
}

const writes = await campaign('unbroken', []);
const unbroken = join(scratch, 'unbroken');
let failures = 0;
let runs = 0;
let next = Number(options.first);
async function work() {
  for (let at = next; at <= writes; at = next) {
    next += Number(options.step);
    const name = `killed-${at}`;
    const dir = join(scratch, name);
    await campaign(name, [at, ...(options.then === undefined ? [] : [Number(options.then)])]);
    const found = differences(dir, unbroken);
    for (const line of found) console.error(`killed before write ${at}: ${line}`);
    if (Number(/^restarts *: (.*)$/m.exec(readFileSync(join(dir, 'fuzzer_stats'), 'utf8'))?.[1]) > 0) runs++;
    failures += found.length;
    if (found.length === 0) rmSync(dir, { recursive: true });
  }
}
await Promise.all(Array.from({ length: Number(options.jobs) }, work));
const files = contents(unbroken).size;
if (runs === 0 || files === 0) failures++;
console.log(
  `${writes} writes, killed before ${runs} of them; ${files} files and all figures compared each time`,
);
console.log(failures === 0 ? 'the same each time' : `${failures} DIFFERENCES; see ${scratch}`);
if (failures === 0) rmSync(scratch, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
