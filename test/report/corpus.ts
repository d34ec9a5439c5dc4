import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, caseDesign } from '../../src/fuzz/case/case.ts';
import { readCase } from '../../src/fuzz/case/read.ts';
import { shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { type Replayed, replayCase } from '../../src/fuzz/replay.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { targets } from '../../src/targets/index.ts';

export interface Shown {
  /** `mte-sync/H1-tag-loss.yaml` */
  readonly name: string;
  readonly case: Case;
  readonly replayed: Replayed;
}

/** Replays a case of the shipped corpus. */
export function shown(name: string): Shown {
  const one = readCase(readFileSync(join(shippedCorpus, name)), name, targets);
  const [selection] = parseSelection(caseDesign(one), targets);
  if (selection === undefined) throw new Error(`${name}: no such design`);
  return { name, case: one, replayed: replayCase(new Executor(selection, one.memory, one.size), one) };
}

/** All of the corpus, replayed once. */
export const corpus: readonly Shown[] = readdirSync(shippedCorpus, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.yaml'))
  .map(name => name.replaceAll('\\', '/'))
  .sort()
  .map(shown);
