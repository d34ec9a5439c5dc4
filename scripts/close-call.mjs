#!/usr/bin/env node
// Records how near another design comes to a case: runs the case's program on that design, follows the case's schedule as far as
// it fits and goes on calmly, and writes the execution as a case that must stay clean:
//   node scripts/close-call.mjs corpus/<target>/<case>.yaml <target/variant+switch> <name>
// Ends with exit code 1, and writes nothing, if that execution is not clean. Run `npm run build` before.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { caseText } from '../dist/cli/case-text.js';
import { Describer } from '../dist/engine/strategies/describe.js';
import { Follow } from '../dist/engine/strategies/follow.js';
import { verdictText } from '../dist/fuzz/case/case.js';
import { readCase } from '../dist/fuzz/case/read.js';
import { parseSchedule } from '../dist/fuzz/case/schedule-text.js';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';
import { Executor } from '../dist/fuzz/executor.js';
import { parseSelection } from '../dist/fuzz/selection.js';
import { targets } from '../dist/targets/index.js';

const [path, design, name] = process.argv.slice(2);
if (name === undefined) {
  console.error('close-call: give a case, a design and the name of the case to be written');
  process.exit(2);
}
const one = readCase(readFileSync(path), path, targets);
const [selection] = parseSelection(design, targets);
const executor = new Executor(selection, one.memory, one.size);
const schedule = parseSchedule(one.schedule, address => executor.machine.layout.find(address));
const describer = new Describer(new Follow(schedule));
const verdict = executor.judge(one.program, describer);
if (verdict.verdict !== 'clean') {
  console.error(`close-call: ${design} shows a ${verdictText(verdict)}`);
  process.exit(1);
}
const close = executor.toCase(one.program, describer.schedule(), verdict);
const file = join(
  dirname(fileURLToPath(import.meta.url)),
  '../corpus',
  selection.target.name,
  `${name}.yaml`,
);
await writeAtomic(
  file,
  caseText(close, targets, [`must stay clean: near ${selection.target.name}/${path.split('/').at(-1)}`]),
);
