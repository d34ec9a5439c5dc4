import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import * as plain from './shapes.ts';

// The build makes plain functions of the generator functions of models, and others that go on where these had to be suspended
// (scripts/frames.mjs). Whatever the shape of the code and wherever it is suspended, it computes the same.

const CPUS = 3;
const built: typeof plain = await import(`./shapes.ts${'?model'}`);

function run(of: typeof plain, calls: [string, number][][], seed: string): unknown {
  const out: number[] = [];
  const machine = new Machine(of.layout, { cpus: CPUS, memory: memoryModels.sc });
  const accesses: number[][] = [];
  machine.observer = {
    access: (cpu, kind, address, a, b, order, op, _site, result) =>
      accesses.push([cpu, kind, address, a, b, order, op, result]),
    commit: () => {},
    operation: () => {},
    interrupt: () => {},
  };
  const end = machine.run(of.bind(calls, out), new RandomWalk(seed));
  return { end, out, accesses, notes: [...of.notes()], words: of.w.mem.map(word => machine.peek(word)) };
}

describe('what the build makes of model code computes what the code says', () => {
  for (const shape of Object.keys(plain.shapes)) {
    it(shape, () => {
      const other = fc.constantFrom(...Object.keys(plain.shapes));
      const call = fc.tuple(fc.oneof(fc.constant(shape), other), fc.nat(4));
      const calls = fc.array(fc.array(call, { maxLength: 3 }), { minLength: CPUS, maxLength: CPUS });
      fc.assert(
        fc.property(calls, fc.string(), (list, seed) => {
          expect(run(built, list, seed)).toEqual(run(plain, list, seed));
        }),
        { seed: 815, numRuns: 400 },
      );
    });
  }

  it('and is a plain function, but for what it cannot take apart', () => {
    const generator = Object.getPrototypeOf(plain.shapes.loops);
    const left = Object.entries(built.shapes)
      .filter(([, shape]) => Object.getPrototypeOf(shape) === generator)
      .map(([name]) => name);
    expect(left).toEqual(['endless', 'guarded']);
  });

  it('and is suspended only where another CPU goes on that was suspended before', () => {
    const parked = [1, 3].map(cpus => {
      const machine = new Machine(built.layout, { cpus, memory: memoryModels.sc });
      let count = 0;
      for (const cpu of machine.cpus) {
        const { parks } = cpu;
        cpu.parks = (code, at) => {
          count++;
          return parks.call(cpu, code, at);
        };
      }
      const calls: [string, number][][] = Array.from({ length: cpus }, () => [['loops', 1]]);
      machine.run(built.bind(calls, []), new RandomWalk('2'));
      return count;
    });
    // Before its first access: what begins with it, and its caller.
    expect(parked[0]).toBe(2);
    expect(parked[1]).toBeGreaterThan(3);
  });
});
