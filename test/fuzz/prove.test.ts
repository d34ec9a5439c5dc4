import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCase } from '../../src/fuzz/case/read.ts';
import { shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { isProved, type Proof, type ProofBound } from '../../src/fuzz/matrix/proof.ts';
import { prove } from '../../src/fuzz/matrix/prove.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { targets } from '../../src/targets/index.ts';

const size = { cpus: 2, pages: 1, mms: 1 };
/** The two operations of the thread of May 2023. */
const ops = ['punch_hole', 'set_mem_attributes'];
const bound: ProofBound = { setup: 0, preemptions: 1, reorderings: 0 };

function proofOf(design: string, executions = 1e6): Proof {
  const [selection] = parseSelection(design, targets);
  const executor = new Executor(selection, 'tso', size);
  const job = { design, memory: 'tso', size, ops, seed: '' };
  return prove(executor, { type: 'prove', job, bound, from: 0, programs: 1e6, executions }, () => true);
}

describe('a bounded proof', () => {
  it('finds what a case of the corpus shows within its bound', () => {
    const file = join(shippedCorpus, 'guest-memfd/A3-1.yaml');
    const { expect: known } = readCase(readFileSync(file), file, targets);
    const proof = proofOf('guest-memfd/attr-hook');
    expect(proof.next).toBe(proof.programs);
    expect(proof.signatures).toContain(known.verdict === 'violation' ? known.signature : '');
    expect(isProved(proof)).toBe(false);
  });

  it('is one only if all of it was run', () => {
    const proof = proofOf('guest-memfd/rmp-mutex');
    expect(isProved(proof)).toBe(true);
    expect(isProved(proofOf('guest-memfd/rmp-mutex', proof.executions - 1))).toBe(false);
    expect(proofOf('guest-memfd/rmp-mutex', proof.executions)).toEqual(proof);
  });
});
