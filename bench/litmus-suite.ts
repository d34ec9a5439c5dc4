// Compares the verdicts and final states of the lkmm search with a reference: node dist/bench/litmus-suite.js
// <directory> [--memory lkmm] [--only text] [--budget checks] [--slow ms] [--quiet]. The directory holds litmus files
// and expected.jsonl. With a memory model of the engine, what the reference has and the model has not is counted only.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMemoryName } from '../src/engine/memory/index.ts';
import { runEngine } from '../src/litmus/engine/run.ts';
import { LitmusError } from '../src/litmus/error.ts';
import { parseLitmus } from '../src/litmus/parse/parse.ts';
import { formatValue } from '../src/litmus/program.ts';
import { type LitmusResult, runLkmm } from '../src/litmus/verdict.ts';

interface Expected {
  readonly test: string;
  readonly verdict: string;
  readonly flags: readonly string[];
  readonly states: readonly string[] | null;
  readonly herd_cpu_s: number;
}

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
}

const directory = process.argv[2] ?? '.';
const only = option('only', '');
const budget = Number(option('budget', '20000000'));
const memory = option('memory', 'axioms');
const engine = isMemoryName(memory) ? memory : null;
const slow = Number(option('slow', '100'));

/** A state in an order of its own, so that ours and the reference's compare. */
function canonical(parts: readonly string[]): string {
  return [...parts].sort().join('; ');
}

function statesOf(result: LitmusResult): Set<string> {
  const { program } = result;
  return new Set(
    [...result.states()].map(state =>
      canonical(
        state.map((value, i) => {
          const o = program.observed[i];
          const name = o.kind === 'register' ? `${o.process}:${o.name}` : `[${o.name}]`;
          return `${name}=${formatValue(program, value)}`;
        }),
      ),
    ),
  );
}

const lines = readFileSync(join(directory, 'expected.jsonl'), 'utf8').trim().split('\n');
const counts = {
  run: 0,
  unsupported: 0,
  over: 0,
  verdicts: 0,
  unsound: 0,
  states: 0,
  equal: 0,
  flags: 0,
  timeouts: 0,
  answered: 0,
  sometimes: 0,
  seen: 0,
  beyond: 0,
  finished: 0,
};
let ours = 0;
let theirs = 0;
let timeoutSeconds = 0;
for (const line of lines) {
  const expected: Expected = JSON.parse(line);
  if (!expected.test.includes(only)) continue;
  counts.run++;
  const start = process.cpuUsage();
  let result: LitmusResult;
  try {
    const program = parseLitmus(readFileSync(join(directory, expected.test), 'utf8'));
    result =
      engine === null
        ? runLkmm(program, { budget })
        : runEngine(program, engine, { budget, exact: option('inexact', '') === '' });
  } catch (error) {
    if (!(error instanceof LitmusError)) throw error;
    counts.unsupported++;
    console.log(`unsupported   ${expected.test} (reference: ${expected.verdict}): ${error.message}`);
    continue;
  }
  const used = process.cpuUsage(start);
  const seconds = (used.user + used.system) / 1e6;
  if (seconds * 1000 > slow)
    console.log(
      `slow          ${expected.test} ${seconds.toFixed(2)} s (reference ${expected.herd_cpu_s} s) ${result.stateCount} states`,
    );
  if (expected.verdict === 'Timeout') {
    counts.timeouts++;
    timeoutSeconds += seconds;
    if (result.exhausted) counts.answered++;
    console.log(
      `timeout       ${expected.test}: ${result.observation}${result.exhausted ? '' : ' (not exhausted)'}, ${result.stateCount}${result.statesExhausted ? '' : '+'} states in ${seconds.toFixed(2)} s`,
    );
    continue;
  }
  ours += seconds;
  theirs += expected.herd_cpu_s;
  if (!result.exhausted) {
    counts.over++;
    if (engine === null) console.log(`over          ${expected.test} after ${seconds.toFixed(2)} s`);
  }
  const verdict = result.empty ? 'DEADLOCK' : result.observation;
  const racy = expected.flags.includes('data-race');
  if (expected.verdict === 'Sometimes' && !racy) {
    counts.sometimes++;
    if (result.observation === 'Sometimes') counts.seen++;
    else if (option('missing', '') !== '')
      console.log(`missing       ${expected.test}: ${verdict}${result.exhausted ? '' : ' (not exhausted)'}`);
  }
  if (verdict !== expected.verdict && !racy) {
    counts.verdicts++;
    if (expected.verdict === 'Never' && result.positive > 0) counts.unsound++;
    if (engine === null || (expected.verdict === 'Never' && result.positive > 0))
      console.log(`verdict       ${expected.test}: ${verdict}, reference ${expected.verdict}`);
  }
  if ([...expected.flags].sort().join() !== [...result.flags].sort().join()) {
    counts.flags++;
    console.log(`flags         ${expected.test}: [${result.flags}], reference [${expected.flags}]`);
  }
  const found = statesOf(result);
  const wanted = new Set(
    (expected.states ?? []).map(state =>
      canonical(
        state
          .split(';')
          .map(p => p.trim())
          .filter(p => p !== ''),
      ),
    ),
  );
  const extra = [...found].filter(state => !wanted.has(state));
  const missing = [...wanted].filter(state => !found.has(state));
  if (extra.length > 0 && !racy) counts.beyond++;
  if (result.statesExhausted) counts.finished++;
  if (extra.length === 0 && missing.length === 0) counts.equal++;
  else if (engine !== null && (extra.length === 0 || racy)) counts.states++;
  else {
    counts.states++;
    console.log(
      `states        ${expected.test}${racy ? ' (racy)' : ''}: ${found.size}, reference ${wanted.size}`,
    );
    for (const state of extra.slice(0, 3)) console.log(`  not in the reference: ${state}`);
    for (const state of missing.slice(0, 3)) console.log(`  only in the reference: ${state}`);
  }
}
console.log(
  `${counts.run} run, ${counts.unsupported} unsupported, ${counts.over} over; ${counts.verdicts} verdicts differ (${counts.unsound} unsound), ` +
    `${counts.equal} state sets equal, ${counts.states} differ, ${counts.flags} flags differ`,
);
console.log(
  `${counts.beyond} tests with states beyond the reference; ${counts.seen} of ${counts.sometimes} Sometimes seen; ${counts.finished} finished`,
);
console.log(
  `CPU ${ours.toFixed(2)} s, reference ${theirs.toFixed(2)} s: ${(theirs / ours).toFixed(1)} times faster; ` +
    `${counts.answered} of ${counts.timeouts} it did not finish answered in ${timeoutSeconds.toFixed(2)} s`,
);
