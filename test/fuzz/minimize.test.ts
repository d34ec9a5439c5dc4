import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Case } from '../../src/fuzz/case/case.ts';
import { caseDesign } from '../../src/fuzz/case/case.ts';
import { readCase } from '../../src/fuzz/case/read.ts';
import { Executor, memoryByName } from '../../src/fuzz/executor.ts';
import { minimizeCase } from '../../src/fuzz/minimize/minimize.ts';
import { callCount, type Program } from '../../src/fuzz/program.ts';
import { replayCase } from '../../src/fuzz/replay.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { targets } from '../../src/targets/index.ts';

const BUDGET = 30_000;

function executorOf(one: Case): Executor {
  const [selection] = parseSelection(caseDesign(one), targets);
  if (selection === undefined) throw new Error(`${caseDesign(one)} is gone`);
  return new Executor(selection, memoryByName(one.memory), one.size);
}

/** The same violation with operations around it that have nothing to do with it, with one page and one CPU more. */
function padded(one: Case): Case {
  const { cpus, pages } = one.size;
  const idle = { operation: 'load_tag', args: [1, pages, 0] };
  const program: Program = {
    setup: [...one.program.setup, idle],
    cpus: [...one.program.cpus.map(list => [...list, idle]), [idle, idle]],
    interrupts: one.program.interrupts,
  };
  return { ...one, program, size: { ...one.size, cpus: cpus + 1, pages: pages + 1 } };
}

describe('minimising', () => {
  const path = join(import.meta.dirname, '../../corpus/mte-sync/H1-tag-loss.yaml');
  const shipped = readCase(readFileSync(path), path, targets);
  const larger = padded(shipped);
  const minimized = minimizeCase(executorOf(larger), larger, BUDGET, () => true);
  if (minimized === null) throw new Error('the padded case does not show its violation');
  const small = minimized.case;

  it('takes away what was added, and puts what does not race into the setup', () => {
    expect(callCount(small.program)).toBeLessThanOrEqual(callCount(shipped.program));
    expect(small.program.cpus.map(list => list.map(call => call.operation)).sort()).toEqual([
      ['mprotect_mte'],
      ['store_tag'],
    ]);
    expect([small.size.cpus, small.size.pages]).toEqual([2, shipped.size.pages]);
  });

  it('keeps the signature, and the result replays', () => {
    expect(small.expect).toEqual(shipped.expect);
    const replayed = replayCase(executorOf(small), small);
    expect([replayed.diverged, replayed.verdict]).toEqual([null, shipped.expect]);
  });

  it('gives the same result again', () => {
    expect(minimizeCase(executorOf(larger), larger, BUDGET, () => true)?.case).toEqual(small);
  });

  it('keeps the best so far when it is ended', () => {
    let left = 9_000;
    const ended = minimizeCase(executorOf(larger), larger, BUDGET, () => left-- > 0);
    expect(ended?.complete).toBe(false);
    expect(ended?.case.expect).toEqual(shipped.expect);
    expect(callCount(ended?.case.program ?? larger.program)).toBeLessThan(callCount(larger.program));
  });
});
