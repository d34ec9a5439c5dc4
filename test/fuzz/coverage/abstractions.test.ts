import { describe, expect, it } from 'vitest';
import { select } from '../../../src/fuzz/selection.ts';
import { targets } from '../../../src/targets/index.ts';

describe.each(targets.map(target => [target.name, target] as const))('abstract states of %s', (_, target) => {
  it('give no word to two objects, and small numbers for words of 0', () => {
    const { settings } = select(target, target.variants[0], []);
    const { layout, abstractions = [] } = target.build(settings, target.size);
    const words = abstractions.flatMap(one => one.objects.flat());
    expect(words.length).toBeGreaterThan(0);
    expect(new Set(words).size).toBe(words.length);
    for (const address of words) expect(address > 0 && address < layout.size).toBe(true);
    const nothing = new Int32Array(layout.size);
    for (const { objects, state } of abstractions) {
      for (const object of objects.keys()) expect(Number.isInteger(state(nothing, object))).toBe(true);
    }
  });
});
