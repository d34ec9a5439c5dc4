import { describe, expect, it } from 'vitest';
import { PairMatrices } from '../../../src/fuzz/statistics/pairs.ts';

const all = ['fault', 'fork', 'swap_out'];

/** A batch in which the first operation met the second, by their names. */
function batch(first: string, second: string) {
  return { sampled: 5, counts: Int32Array.of(all.indexOf(first) * all.length + all.indexOf(second), 3) };
}

describe('which operations met', () => {
  it('is told of those that programs are drawn from, and of one that a case from elsewhere brings', () => {
    const pairs = new PairMatrices();
    pairs.declare('mm', ['fault', 'swap_out'], all);
    pairs.add('mm', all, batch('fault', 'swap_out'), 7);
    expect(pairs.views()).toEqual([
      {
        ...{ target: 'mm', operations: ['fault', 'swap_out'], sampled: 5 },
        ...{ met: [0, 3, 0, 0], since: [-1, 7, -1, -1] },
      },
    ]);
    pairs.add('mm', all, batch('fork', 'fault'), 9);
    expect(pairs.views()[0]).toMatchObject({
      operations: ['fault', 'swap_out', 'fork'],
      met: [0, 3, 0, 0, 0, 0, 3, 0, 0],
      since: [-1, 7, -1, -1, -1, -1, 9, -1, -1],
    });
  });

  it('goes on from what was saved, without operations that no design has any more', () => {
    const saved = new PairMatrices();
    saved.declare('mm', ['fork', 'fault'], all);
    saved.add('mm', all, batch('fork', 'fault'), 9);
    saved.add('mm', all, batch('fault', 'fault'), 10);
    const pairs = new PairMatrices();
    pairs.declare('mm', ['fault'], ['fault', 'swap_out']);
    pairs.restore(saved.views());
    expect(pairs.views()).toEqual([
      { target: 'mm', operations: ['fault'], sampled: 10, met: [3], since: [10] },
    ]);
  });
});
