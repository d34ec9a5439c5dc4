import { describe, expect, it } from 'vitest';
import type { Case } from '../../../src/fuzz/case/case.ts';
import { minimizeCase } from '../../../src/fuzz/minimize/minimize.ts';
import { caseSize, compareSizes } from '../../../src/fuzz/minimize/size.ts';
import { callCount, type Program } from '../../../src/fuzz/program.ts';
import { replayCase } from '../../../src/fuzz/replay.ts';
import type { CaseSize } from '../../../src/fuzz/statistics/snapshot.ts';
import { executorOf, shippedCase } from './cases.ts';

const BUDGET = 30_000;

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
  const shipped = shippedCase('mte-sync/H1-tag-loss');
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

/** The same violation where CPU 0 and CPU 1 have changed places: the one that must go first is not the first one. */
function mirrored(one: Case): Case {
  const { setup, cpus, interrupts } = one.program;
  const program = { setup, cpus: [...cpus].reverse(), interrupts: [...interrupts].reverse() };
  const schedule = one.schedule.replace(/cpu([01])/g, (_, cpu) => `cpu${1 - Number(cpu)}`);
  return { ...one, program, schedule };
}

function minimizedSize(one: Case): CaseSize {
  const result = minimizeCase(executorOf(one), one, 60_000, () => true);
  if (result === null) throw new Error('the case does not show its violation');
  return result.now;
}

/** A crash as the search found it: no smaller program is a part of this one. */
const crash: Case = {
  ...shippedCase('guest-memfd/D2-unlocked-stale-check'),
  size: { cpus: 2, pages: 2, mms: 1 },
  program: {
    setup: [
      { operation: 'set_mem_attributes', args: [0, 0, 1] },
      { operation: 'fallocate', args: [0] },
    ],
    cpus: [
      [
        { operation: 'punch_hole', args: [0, 1] },
        { operation: 'launch_update', args: [0] },
      ],
      [{ operation: 'guest_access', args: [0, 1] }],
    ],
    interrupts: [],
  },
  schedule: 'cpu0 cpu1*2 cpu0*12 cpu1*16 cpu0*4 cpu1*3',
};

describe('minimising comes to the size of the case as shipped', () => {
  it.each(['guest-memfd/A3-9d', 'guest-memfd/A3-2', 'tag-migration/no-minor-faults', 'mte-sync/H2'])(
    'where the CPUs of %s are the other way round',
    name => {
      const shipped = shippedCase(name);
      const size = caseSize(executorOf(shipped), shipped);
      if (size === null) throw new Error(`${name} does not show its violation`);
      expect(compareSizes(minimizedSize(mirrored(shipped)), size)).toBeLessThanOrEqual(0);
    },
  );

  it('where another operation must take the place of two', () => {
    const { operations, cpus, pages, switches } = minimizedSize(crash);
    expect([operations, cpus, pages, switches]).toEqual([2, 2, 1, 1]);
  });
});
