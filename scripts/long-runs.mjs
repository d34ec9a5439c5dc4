#!/usr/bin/env node
// Long runs of designs that should hold: random programs under random walks, in one process and without coverage:
//   node scripts/long-runs.mjs [--design target/variant[+switch]]... [--all-fixed] [--execs N] [--cpus N] [--pages N]
//       [--mms N] [--memory M] [--seed S]
// Prints a line for each design: executions, accesses, violations, seconds, and a line for each signature; ends with exit code 1
// if there was a violation. The machine is the target's own unless given otherwise. Run `npm run build` before.
import { parseArgs } from 'node:util';
import { machineOf } from '../dist/cli/options.js';
import { RandomWalk } from '../dist/engine/strategies/random.js';
import { Executor } from '../dist/fuzz/executor.js';
import { ProgramGenerator } from '../dist/fuzz/generate.js';
import { parseSelection, select, selectionName } from '../dist/fuzz/selection.js';
import { Stream } from '../dist/fuzz/stream.js';
import { targets } from '../dist/targets/index.js';

/** Random walks over one program. */
const SCHEDULES = 25;

const { values: options } = parseArgs({
  options: {
    design: { type: 'string', multiple: true, default: [] },
    'all-fixed': { type: 'boolean', default: false },
    execs: { type: 'string', default: '2000000' },
    cpus: { type: 'string' },
    pages: { type: 'string' },
    mms: { type: 'string' },
    memory: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

function fail(message) {
  console.error(`long-runs: ${message}`);
  process.exit(2);
}

const executions = Number(options.execs);
if (!(Number.isInteger(executions) && executions >= 1)) fail('--execs takes a number');

/** The designs asked for, each with its machine. */
function runs() {
  const named = options.design.flatMap(text => parseSelection(text, targets));
  const fixed = targets.flatMap(target =>
    target.variants.filter(one => one.fixed === true).map(one => select(target, one, [])),
  );
  const { cpus, pages, mms, memory } = options;
  const given = Object.entries({ cpus, pages, mms, memory }).filter(([, value]) => value !== undefined);
  return (options['all-fixed'] ? [...named, ...fixed] : named).map(selection => ({
    selection,
    machine: machineOf(selection.target, Object.fromEntries(given)),
  }));
}

/** One design: signatures with how often each was seen, and what was run. */
function longRun({ selection, machine }) {
  const executor = new Executor(selection, machine.memory, machine.size);
  const generator = new ProgramGenerator(executor.model, machine.size);
  const name = `long-runs/${options.seed}/${selectionName(selection)}`;
  const walk = new RandomWalk(`${name}/walk`);
  const programs = new Stream(`${name}/programs`);
  const seen = new Map();
  const began = performance.now();
  let done = 0;
  let accesses = 0;
  while (done < executions) {
    const bound = executor.bind(generator.draw(programs));
    for (let i = 0; i < SCHEDULES && done < executions; i++, done++) {
      const verdict = executor.verdictOf(executor.machine.run(bound, walk));
      accesses += executor.machine.steps;
      if (verdict.verdict === 'violation') {
        seen.set(verdict.signature, (seen.get(verdict.signature) ?? 0) + 1);
      }
    }
  }
  return { seen, done, accesses, seconds: (performance.now() - began) / 1000 };
}

let chosen = [];
try {
  chosen = runs();
} catch (error) {
  fail(error.message);
}
if (chosen.length === 0) fail('name designs by --design, or all fixed ones by --all-fixed');
for (const run of chosen) {
  const { selection, machine } = run;
  const { seen, done, accesses, seconds } = longRun(run);
  const violations = [...seen.values()].reduce((sum, times) => sum + times, 0);
  const { cpus, pages, mms } = machine.size;
  console.log(
    `${selectionName(selection)} ${machine.memory} ${cpus} CPUs ${pages} pages ${mms} mms: ` +
      `${done.toLocaleString('en')} executions, ${(accesses / 1e6).toFixed(1)}M accesses, ` +
      `${violations.toLocaleString('en')} violations, ${seconds.toFixed(1)} s`,
  );
  for (const [signature, times] of seen) console.log(`  ${times} x ${signature}`);
  if (violations > 0) process.exitCode = 1;
}
