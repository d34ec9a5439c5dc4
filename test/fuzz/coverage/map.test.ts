import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELLS, classOf, featureClasses, firstCell } from '../../../src/fuzz/coverage/classes.ts';
import { CoverageMap } from '../../../src/fuzz/coverage/map.ts';

const cells = fc.array(fc.nat(CELLS - 1), { maxLength: 60 });

/** Claims and counts cells as sampled executions do. */
function fill(map: CoverageMap, features: readonly number[]): void {
  map.sampledOne();
  for (const cell of features) map.claim(cell);
  for (const cell of new Set(features)) map.count(cell);
  map.execution(features.reduce((sum, cell) => sum + cell, 1));
}

describe('the map of features', () => {
  it('says of each feature once that it is new, also through another view of its buffer', () => {
    const map = new CoverageMap();
    const view = new CoverageMap(map.buffer);
    expect(map.claim(7)).toBe(true);
    expect(view.claim(7)).toBe(false);
    expect(view.has(7)).toBe(true);
    expect(view.id).toBe(map.id);
    expect(new CoverageMap().id).not.toBe(map.id);
  });

  it('is put together again from the changes of its parts, in any order of the parts', () => {
    fc.assert(
      fc.property(cells, cells, (one, other) => {
        const whole = new CoverageMap();
        fill(whole, one);
        fill(whole, other);
        const parts = [one, other].map(features => {
          const part = new CoverageMap();
          fill(part, features);
          return part.content(() => true);
        });
        for (const order of [parts, parts.toReversed()]) {
          const merged = new CoverageMap();
          let fresh = 0;
          for (const part of order) fresh += merged.merge(part);
          expect(merged.snapshot()).toEqual(whole.snapshot());
          expect(fresh).toBe(new Set([...one, ...other]).size);
        }
      }),
      { seed: 4, numRuns: 15 },
    );
  });

  it('refuses changes of a map of another shape', () => {
    expect(() => new CoverageMap().merge(Int32Array.of(1 << 28, 1))).toThrow(RangeError);
  });

  it('gives every cell to the class whose part of the map it lies in', () => {
    for (const [i] of featureClasses.entries()) {
      expect(classOf(firstCell[i])).toBe(i);
      expect(classOf(firstCell[i + 1] - 1)).toBe(i);
    }
  });

  it('estimates by Good-Turing: what only one of the sampled executions showed, over their number', () => {
    const map = new CoverageMap();
    for (let i = 0; i < 10; i++) fill(map, i === 0 ? [1, 2, 3] : [1, 2]);
    expect(map.snapshot().classes[0]).toMatchObject({ covered: 3, once: 1, unseen: 0.1 });
    expect(new CoverageMap().snapshot().classes[0]?.unseen).toBeNull();
  });

  it.each([10, 1_000, 100_000])('counts %i different executions within 6 %%, however often each comes', n => {
    const map = new CoverageMap();
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < n; i++) map.execution(Math.imul(i, 0x9e3779b1));
    // The standard error is 1.6 %.
    expect(Math.abs(map.snapshot().distinctExecutions - n)).toBeLessThanOrEqual(0.06 * n);
  });
});
