import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, caseDesign } from '../../../src/fuzz/case/case.ts';
import { readCase } from '../../../src/fuzz/case/read.ts';
import { Executor, memoryByName } from '../../../src/fuzz/executor.ts';
import { parseSelection } from '../../../src/fuzz/selection.ts';
import { targets } from '../../../src/targets/index.ts';

/** A case of the corpus: `mte-sync/H2`. */
export function shippedCase(name: string): Case {
  const path = join(import.meta.dirname, `../../../corpus/${name}.yaml`);
  return readCase(readFileSync(path), path, targets);
}

/** The machine of a case with the model of its design. */
export function executorOf(one: Case): Executor {
  const [selection] = parseSelection(caseDesign(one), targets);
  if (selection === undefined) throw new Error(`${caseDesign(one)} is gone`);
  return new Executor(selection, memoryByName(one.memory), one.size);
}
