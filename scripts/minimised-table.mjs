// Cases as shipped beside what the minimiser makes of a random crash with the same signature. Needs a build.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { caseText } from '../dist/cli/case-text.js';
import { caseDesign } from '../dist/fuzz/case/case.js';
import { readCase } from '../dist/fuzz/case/read.js';
import { caseFile } from '../dist/fuzz/catalogue.js';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';
import { Executor } from '../dist/fuzz/executor.js';
import { caseSize, compareSizes } from '../dist/fuzz/minimize/size.js';
import { parseSelection } from '../dist/fuzz/selection.js';
import { targets } from '../dist/targets/index.js';
import { tableLine } from './measured.mjs';

/** Executions of one minimisation, as a campaign gives them. */
const BUDGET = 60_000;

const corpus = join(dirname(fileURLToPath(import.meta.url)), '../corpus');

function sizeOf(one) {
  const [selection] = parseSelection(caseDesign(one), targets);
  return caseSize(new Executor(selection, one.memory, one.size), one);
}

/** The case of the corpus, with its size. */
export function shippedCase(entry) {
  const path = join(corpus, caseFile(entry));
  const one = readCase(readFileSync(path), path, targets);
  const size = sizeOf(one);
  if (size === null) throw new Error(`${path} no longer shows its violation`);
  return { path, size, case: one, signature: one.expect.signature };
}

/** Minimises a crash; with `adopt` the result becomes the case of the corpus if that is larger. */
export async function minimised(hit, seed, shipped, pool, adopt) {
  const result = await pool.run({ type: 'minimize', case: hit.case, budget: BUDGET });
  if (result === null)
    throw new Error(`a crash of ${caseDesign(hit.case)} does not show its violation again`);
  const size = sizeOf(result.case);
  if (adopt && compareSizes(size, shipped.size) < 0) await adoptCase(result.case, shipped.path, pool);
  return { seed, signature: hit.signature, before: sizeOf(hit.case), size, executions: result.executions };
}

/** Makes a case the one of the corpus, with what it shows as its comment. */
export async function adoptCase(one, path, pool) {
  const { trace } = await pool.run({ type: 'replay', case: one });
  const [oracle] = one.expect.signature.split(' | ');
  const [message] = trace.violation.message.split('\n');
  await writeAtomic(
    path,
    caseText(one, targets, [`${oracle} in ${caseDesign(one)} (${one.memory}): ${message}`]),
  );
}

/** Whether the minimiser got as far as the shipped case. */
export function reaches({ size }, shipped) {
  return compareSizes(size, shipped.size) <= 0;
}

const figures = size =>
  size === null
    ? ''
    : [size.operations, size.cpus, size.pages, size.switches, size.weak, size.choices].join(' ');

/** docs/minimised.md of rows { id, case, shipped, runs }. */
export function minimisedText(rows) {
  const lines = rows.map(({ id, name, shipped, runs }) => {
    const [best] = [...runs].sort((a, b) => compareSizes(a.size, b.size));
    const order = best === undefined ? null : Math.sign(compareSizes(best.size, shipped.size));
    const verdict =
      order === null ? 'no crash with this signature' : ['smaller', 'same size', 'LARGER'][order + 1];
    const tried = runs.length > 1 ? ` (best of ${runs.length})` : '';
    return [
      id,
      name,
      figures(best?.before ?? null),
      figures(best?.size ?? null),
      figures(shipped.size),
      `${verdict}${tried}`,
      best?.executions.toLocaleString('en') ?? '',
    ];
  });
  const count = word => lines.filter(cells => cells[5].startsWith(word)).length;
  const firsts = rows.filter(
    ({ runs, shipped }) => runs[0] !== undefined && reaches(runs[0], shipped),
  ).length;
  const runs = rows.flatMap(row => row.runs);
  const mean = Math.round(runs.reduce((sum, run) => sum + run.executions, 0) / runs.length);
  return `# What the minimiser makes of random crashes

Written by \`node scripts/first-hits.mjs\`: for each case of the corpus that shows a violation a crash with the same signature, found
by a search from an empty queue, minimised as a campaign does it (at most ${BUDGET.toLocaleString('en')} executions), beside the case as
shipped. A size is six figures: operations, CPUs that run them, pages, preemptions, stale reads with delayed stores, failures with
other choices. The first figure that differs decides. Where the first crash came out larger those of other seeds were tried too.

Executions of a minimisation, on average of all ${runs.length} that were run: ${mean.toLocaleString('en')}.

Of ${rows.length} cases ${firsts} are reached or beaten from the first crash. Best crash: ${count('same size')} of the same size, ${count('smaller')} smaller,
${count('LARGER')} larger; ${count('no crash')} without a crash of the same signature within the limit.

${tableLine(['id', 'case', 'crash as found', 'minimised', 'shipped', 'result', 'executions'])}
|---|---|---|---|---|---|--:|
${lines.map(tableLine).join('\n')}
`;
}
