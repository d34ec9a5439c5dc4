import { describe, expect, it } from 'vitest';
import { Layout, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../../src/engine/memory/index.ts';
import { type Bound, BoundedSearch } from '../../src/engine/strategies/bounded.ts';
import { Exhaustive } from '../../src/engine/strategies/exhaustive.ts';
import { type Body, programOf } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word() });
const many = 1_000;

/** Runs every execution within the bound; `after` looks at each. Returns how many there were. */
function explore(
  cpus: readonly Body[],
  memory: MemoryName,
  bound: Bound | null,
  after: (machine: Machine) => void = () => {},
): number {
  const machine = new Machine(layout, { cpus: cpus.length, memory: memoryModels[memory] });
  const source = bound === null ? new Exhaustive() : new BoundedSearch(bound);
  do {
    machine.run(programOf(cpus), source);
    after(machine);
  } while (source.next());
  return source.executions;
}

/** CPUs that read so often and write down in which order they went. */
function readers(counts: readonly number[], order: number[]): readonly Body[] {
  return counts.map(
    (count, id): Body =>
      function* (cpu) {
        for (let i = 0; i < count; i++) {
          yield cpu.readOnce(w.x);
          order.push(id);
        }
      },
  );
}

/** All orders in which CPUs can make so many steps. */
function orders(counts: readonly number[]): readonly string[] {
  if (counts.every(count => count === 0)) return [''];
  return counts.flatMap((count, id) =>
    count === 0 ? [] : orders(counts.map((n, i) => n - (i === id ? 1 : 0))).map(rest => `${id}${rest}`),
  );
}

/** Times that an order leaves a CPU that has steps left. */
function preemptions(order: string): number {
  return [...order].filter((id, i) => i > 0 && order[i - 1] !== id && order.includes(order[i - 1] ?? '', i))
    .length;
}

const storeLoad = (mine: number, other: number, seen: number[], id: number): Body =>
  function* (cpu) {
    yield cpu.writeOnce(mine, 1);
    seen[id] = yield cpu.readOnce(other);
  };

describe('bounded search', () => {
  it.each([
    [[3, 3], 0],
    [[3, 3], 1],
    [[4, 3], 2],
    [[2, 2, 2], 1],
    [[2, 3, 2], 2],
  ])('of %j steps runs every order with at most %i preemptions, and no other', (counts, bound) => {
    const ran: string[] = [];
    const order: number[] = [];
    explore(readers(counts, order), 'sc', { preemptions: bound, reorderings: 0 }, () => {
      ran.push(order.join(''));
      order.length = 0;
    });
    const wanted = orders(counts).filter(one => preemptions(one) <= bound);
    expect([...ran].sort()).toEqual([...wanted].sort());
  });

  it.each(['sc', 'tso', 'arm64'] as const)('without limits is exhaustive under %s', memory => {
    const seen: number[] = [];
    const cpus = [storeLoad(w.x, w.y, seen, 0), storeLoad(w.y, w.x, seen, 1)];
    const all = explore(cpus, memory, null);
    expect(explore(cpus, memory, { preemptions: many, reorderings: many })).toBe(all);
  });

  it('reorders memory only as often as it may', () => {
    const outcomes = (bound: Bound): readonly string[] => {
      const seen: number[] = [];
      const found = new Set<string>();
      const cpus = [storeLoad(w.x, w.y, seen, 0), storeLoad(w.y, w.x, seen, 1)];
      explore(cpus, 'tso', bound, () => found.add(seen.join('')));
      return [...found].sort();
    };
    expect(outcomes({ preemptions: 0, reorderings: 0 })).toEqual(['01', '10']);
    expect(outcomes({ preemptions: many, reorderings: 0 })).toEqual(['01', '10', '11']);
    // Store buffering: one store that is delayed past the end of its CPU's program.
    expect(outcomes({ preemptions: 0, reorderings: 1 })).toContain('00');
  });

  it('notices a model that does not repeat itself', () => {
    let n = 1;
    const body: Body = function* (cpu) {
      cpu.choose(++n);
      yield cpu.readOnce(w.x);
    };
    expect(() => explore([body], 'sc', { preemptions: 0, reorderings: 0 })).toThrow(
      'the model is not deterministic',
    );
  });
});
