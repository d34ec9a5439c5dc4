#!/usr/bin/env node
// Kills a campaign with SIGKILL at random moments and resumes it, many times, and checks that nothing is lost:
//   node scripts/kill-rounds.mjs [--rounds 50] [--execs 100k] [--design mte-sync/v5.19] [--memory sc] [--seed 1] [--workers 2]
// After each kill: no queue entry or finding that was there (or was reported) is missing or changed, and every file can be
// read. At the end the campaign runs to its end and must have the same queue and findings, byte for byte, and the same
// figures but for times as one that was never killed. With --timed the campaign is not deterministic: then it must cover as
// much as campaigns of other seeds with as many executions that nobody killed, up to 5 %.
// Half of the kills hit the supervisor, half the process with the workers. Needs `npm run build`. Exit code 1 on a failure.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import seedrandom from 'seedrandom';
import { parse } from 'yaml';
import { start } from './campaign.mjs';
import { contents, differences } from './campaign-files.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    execs: { type: 'string', default: '100k' },
    design: { type: 'string', default: 'mte-sync/v5.19' },
    memory: { type: 'string', default: 'sc' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    delay: { type: 'string', default: '3' },
    'target-module': { type: 'string', multiple: true, default: [] },
    timed: { type: 'boolean', default: false },
  },
});
const random = seedrandom.alea(options.seed);
const modules = options['target-module'].flatMap(path => ['--target-module', path]);
const failures = [];
const reported = new Set();
const known = new Map();

/** Runs a campaign; `running` resolves when it has got on, `ended` when it is over. */
function campaign(args) {
  let begun;
  let first;
  const running = new Promise(resolve => {
    begun = resolve;
  });
  const run = start(['fuzz', ...args, '--json', '--no-selfcheck', ...modules], event => {
    if (event.type === 'finding') reported.add(event.folder);
    first ??= event.execs_done;
    if (event.execs_done > first) begun();
  });
  return { ...run, running };
}

/** Compares the directory with what was there before, and reads every file. */
function check(dir, round) {
  const now = contents(dir);
  const fail = text => failures.push(`round ${round}: ${text}`);
  for (const [path, text] of now) {
    try {
      if (path.endsWith('.json')) JSON.parse(text);
      else if (path.endsWith('.yaml') && parse(text).version !== 1) throw new Error('no version');
      if (text === '') throw new Error('empty');
    } catch (error) {
      fail(`${path}: torn: ${error.message}`);
    }
  }
  for (const [path, text] of known) {
    if (!now.has(path)) fail(`${path}: is gone`);
    else if (now.get(path) !== text && !path.endsWith('seen.json')) fail(`${path}: has changed`);
  }
  for (const folder of reported) {
    if (!existsSync(join(folder, 'found.yaml'))) fail(`${folder}: was reported and is gone`);
  }
  for (const [path, text] of now) {
    // A finding is one when its found.yaml is there, which is written after seen.json.
    const begun = path.endsWith('seen.json') && !now.has(join(dirname(path), 'found.yaml'));
    if (!begun) known.set(path, text);
  }
  return now.size;
}

/** A figure of `fuzzer_stats`. */
function figure(dir, name) {
  const text = readFileSync(join(dir, 'fuzzer_stats'), 'utf8');
  return Number(new RegExp(`^${name} *: (.*)$`, 'm').exec(text)?.[1]);
}

const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-kill-'));
const [killed, unbroken] = [join(scratch, 'killed'), join(scratch, 'unbroken')];
const common = ['--memory', options.memory, '--workers', options.workers];
const limit = options.timed ? ['--time', '1h'] : ['--execs', options.execs];
let restarts = 0;
let over = false;
const beginning = (dir, limits = limit) => {
  return [options.design, ...common, '--seed', options.seed, ...limits, '--out', dir];
};
/** Goes on with the campaign that is killed, to new limits if there are any; begins it if the last kill came before that. */
const next = limits =>
  existsSync(join(killed, 'campaign.json'))
    ? ['--resume', killed, '--workers', options.workers, ...(limits ?? [])]
    : beginning(killed, limits);
for (let round = 1; round <= Number(options.rounds) && !over; round++) {
  const run = campaign(next());
  const delay = 1000 * Number(options.delay) * random();
  // Most kills hit a campaign at work, some one that is about to begin.
  if (random() < 0.8) await Promise.race([run.ended, run.running]);
  const early = await Promise.race([run.ended, sleep(delay)]);
  const hitWorkers = random() < 0.5;
  if (early === undefined && hitWorkers) {
    try {
      process.kill(JSON.parse(readFileSync(join(killed, '.state/process'), 'utf8')).pid, 'SIGKILL');
      restarts++;
      await sleep(1000 * random());
    } catch {
      // It has not begun yet.
    }
  }
  run.child.kill('SIGKILL');
  const { code, errors } = await run.ended;
  if (code !== null && code > 1) failures.push(`round ${round}: exit code ${code}: ${errors.trim()}`);
  over = code !== null;
  const files = check(killed, round);
  console.log(
    `round ${round}: killed after ${Math.round(delay)} ms${hitWorkers ? ', workers first' : ''}; ${files} files, ${failures.length} failures`,
  );
}
if (options.timed) {
  await campaign(next(['--time', '2s'])).ended;
  check(killed, 'last');
  const features = figure(killed, 'edges_found');
  const executions = figure(killed, 'execs_done');
  console.log(`killed: ${features} features, ${executions} executions in ${figure(killed, 'run_time')} s`);
  // What the seed explains: as many executions of campaigns that nobody killed.
  const others = [];
  for (const seed of [0, 1, 2].map(i => String(Number(options.seed) + i))) {
    const dir = join(scratch, `unbroken-${seed}`);
    const limits = ['--execs', String(executions), '--time', '1h', '--seed', seed];
    await campaign([options.design, ...common, ...limits, '--out', dir]).ended;
    others.push(figure(dir, 'edges_found'));
  }
  console.log(`unbroken, the same number of executions, three seeds: ${others.join(', ')} features`);
  if (features < 0.95 * Math.min(...others)) failures.push('the killed campaign covers less');
} else {
  const last = await campaign(next()).ended;
  if (last.code > 1) failures.push(`last run: exit code ${last.code}: ${last.errors.trim()}`);
  check(killed, 'last');
  await campaign(beginning(unbroken)).ended;
  failures.push(...differences(killed, unbroken).map(line => `killed against unbroken: ${line}`));
  const [executions, features, findings] = ['execs_done', 'edges_found', 'saved_crashes'].map(name =>
    figure(unbroken, name),
  );
  console.log(
    `${executions} executions, ${features} features, ${findings} findings; ${contents(unbroken).size} files and all figures compared`,
  );
}
for (const failure of failures) console.error(failure);
console.log(
  failures.length === 0
    ? `nothing lost (${restarts} kills of the workers' process)`
    : `${failures.length} FAILURES; see ${scratch}`,
);
if (failures.length === 0) rmSync(scratch, { recursive: true });
process.exitCode = failures.length === 0 ? 0 : 1;
