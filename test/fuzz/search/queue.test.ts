import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SearchQueue, type Step } from '../../../src/fuzz/search/queue.ts';

const hits = (feature: number): number => feature % 7;
const found = fc.array(fc.array(fc.nat(100), { maxLength: 4 }), { maxLength: 25 });

/** Takes a step and adds an entry with the features given, if there are any. */
function turn(queue: SearchQueue, features: readonly number[], i: number): Step {
  const step = queue.next();
  queue.done(step, { executions: 500, newFeatures: features.length });
  const parent = step.kind === 'mutate' ? step.entry : null;
  if (features.length > 0) queue.add({ id: `e${i}`, parent, features, accesses: 10 });
  return step;
}

describe('the search queue', () => {
  it('gives the same steps for the same seed and results, also when it was saved and read back at any turn', () => {
    fc.assert(
      fc.property(fc.string(), found, fc.nat(25), (seed, results, at) => {
        const through = new SearchQueue(seed, hits);
        let resumed = new SearchQueue(seed, hits);
        for (const [i, features] of results.entries()) {
          if (i === at) resumed = SearchQueue.fromJSON(JSON.parse(JSON.stringify(resumed)), hits);
          expect(turn(resumed, features, i)).toEqual(turn(through, features, i));
        }
        expect(resumed.toJSON()).toEqual(through.toJSON());
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('hands out each number of a fresh program once, and larger steps of them when asked', () => {
    const queue = new SearchQueue('numbers', hits);
    let next = 0;
    for (let i = 0; i < 50; i++) {
      const step = turn(queue, [i], i);
      if (step.kind !== 'fresh') continue;
      expect(step.from).toBe(next);
      next += step.programs;
    }
    expect(queue.nextProgram).toBe(next);
    const large = new SearchQueue('numbers', hits).next(5);
    expect(large).toMatchObject({ kind: 'fresh', from: 0, programs: 5 * 32 });
  });

  it('gives the same steps again after it was rewound, and forgets what was removed', () => {
    fc.assert(
      fc.property(fc.string(), found, fc.integer({ min: 1, max: 12 }), (seed, results, count) => {
        const queue = new SearchQueue(seed, hits);
        for (const [i, features] of results.entries()) turn(queue, features, i);
        const before = queue.toJSON();
        queue.mark();
        const steps = Array.from({ length: count }, () => queue.next());
        queue.rewind();
        expect(queue.toJSON()).toEqual(before);
        expect(Array.from({ length: count }, () => queue.next())).toEqual(steps);
        const [first] = before.entries;
        if (first === undefined) return;
        expect(queue.remove(first.id)).toEqual(first.features);
        const { entries } = queue.toJSON();
        expect(queue.has(first.id)).toBe(false);
        expect(queue.turns).toBe(entries.reduce((sum, { chosen }) => sum + chosen, 0));
        expect(queue.pending).toBe(entries.filter(({ chosen }) => chosen === 0).length);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('names only entries that it has, each once in a step, and mixes fresh programs in', () => {
    const queue = new SearchQueue('mix', hits);
    const kinds = { fresh: 0, mutate: 0 };
    for (let i = 0; i < 400; i++) {
      const step = turn(queue, i < 30 ? [i] : [], i);
      kinds[step.kind]++;
      if (step.kind === 'fresh') continue;
      const named = [step.entry, ...step.others];
      expect(new Set(named).size).toBe(named.length);
      for (const id of named) expect(queue.has(id)).toBe(true);
    }
    // Their share lies between 0.3 and 0.6; for 400 steps four standard deviations are 0.1.
    expect(kinds.fresh / 400).toBeGreaterThan(0.2);
    expect(kinds.mutate / 400).toBeGreaterThan(0.3);
  });

  it('chooses entries with rare features more often than others', () => {
    const queue = new SearchQueue('rare', feature => (feature === 0 ? 0 : 10_000));
    for (let i = 0; i < 20; i++) queue.add({ id: `e${i}`, parent: null, features: [i], accesses: 1 });
    const chosen = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const step = queue.next();
      if (step.kind === 'fresh') continue;
      for (const id of [step.entry, ...step.others]) chosen.set(id, (chosen.get(id) ?? 0) + 1);
    }
    const others = [...chosen].filter(([id]) => id !== 'e0').map(([, count]) => count);
    expect(chosen.get('e0') ?? 0).toBeGreaterThan(Math.max(...others));
  });
});
