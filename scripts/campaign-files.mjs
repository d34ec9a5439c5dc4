// What a campaign directory says that must not depend on when its processes were killed, for scripts that compare two.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readSnapshot, readStats } from '../dist/fuzz/statistics/files.js';
import { statistics } from '../dist/fuzz/statistics/statistics.js';

/** Every file of queue and findings, by path below the directory. */
export function contents(dir) {
  const found = new Map();
  for (const folder of ['queue', 'crashes', 'hangs', 'set-aside']) {
    if (!existsSync(join(dir, folder))) continue;
    for (const entry of readdirSync(join(dir, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || entry.name.startsWith('.') || !path.includes('id:')) continue;
      found.set(path.slice(dir.length + 1), readFileSync(path, 'utf8'));
    }
  }
  return found;
}

/** Figures of a run, and not of the campaign. */
const OF_A_RUN = ['fuzzer_pid', 'workers', 'restarts', 'command_line'];
const TIMES = ['seconds', 'per second', 'unix time', 'MiB'];
const timed = statistics.filter(one => TIMES.includes(one.unit)).map(one => one.name);

/** `fuzzer_stats` without times and what is of one run. */
function figures(dir) {
  const all = readStats(readFileSync(join(dir, 'fuzzer_stats'), 'utf8'));
  return Object.fromEntries([...all].filter(([name]) => ![...OF_A_RUN, ...timed].includes(name)));
}

/** `snapshot.json` without times and what is of one run. */
function moment(dir) {
  const { state, reason, strategies, coverage, pairs, findings, designs, stop } = readSnapshot(
    join(dir, 'snapshot.json'),
  );
  return {
    ...{ state, reason, designs },
    strategies: strategies.map(({ kind, name, total }) => [kind, name, total]),
    coverage: coverage.map(({ name, covered, known, unseen }) => [name, covered, known, unseen]),
    pairs: pairs.map(({ target, operations, sampled, met }) => [target, operations, sampled, met]),
    findings: findings.map(({ folder, first, last, ...rest }) => {
      return { ...rest, folder: folder.slice(dir.length), first: first.executions, last: last.executions };
    }),
    stop: [stop.quiet, stop.before],
  };
}

/** In what two deterministic campaigns that have ended differ: a line for each file and part of the figures. */
export function differences(one, other) {
  const found = [];
  const [a, b] = [one, other].map(dir => Object.fromEntries(contents(dir)));
  const [figuresA, figuresB] = [one, other].map(figures);
  const [momentA, momentB] = [one, other].map(moment);
  for (const [where, x, y] of [
    ['', a, b],
    ['fuzzer_stats: ', figuresA, figuresB],
    ['snapshot.json: ', momentA, momentB],
  ]) {
    for (const key of new Set([...Object.keys(x), ...Object.keys(y)])) {
      if (isDeepStrictEqual(x[key], y[key])) continue;
      const [left, right] = [x[key], y[key]].map(value => String(JSON.stringify(value)).slice(0, 200));
      found.push(`${where}${key}: ${left} against ${right}`);
    }
  }
  return found;
}
