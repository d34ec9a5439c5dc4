import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cover } from '../../src/fuzz/cover.ts';

const showing = fc.record({
  features: fc.uniqueArray(fc.nat(40), { maxLength: 12 }),
  accesses: fc.integer({ min: 1, max: 500 }),
});

it('keeps a part that shows all features, none of it for nothing', () => {
  fc.assert(
    fc.property(fc.array(showing, { maxLength: 40 }), all => {
      const kept = cover(all);
      const shown = new Set(kept.flatMap(i => all[i]?.features ?? []));
      expect(shown).toEqual(new Set(all.flatMap(one => one.features)));
      expect(kept.length).toBeLessThanOrEqual(shown.size);
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
      // What is kept of what is kept is the same again.
      const again = cover(kept.flatMap(i => all[i] ?? []));
      expect(again.length).toBeLessThanOrEqual(kept.length);
    }),
    { seed: 103 },
  );
});

it('takes the shorter of two cases that show the same', () => {
  const features = [1, 2, 3];
  expect(
    cover([
      { features, accesses: 90 },
      { features, accesses: 30 },
    ]),
  ).toEqual([1]);
});
