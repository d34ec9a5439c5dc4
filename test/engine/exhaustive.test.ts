import { describe, expect, it } from 'vitest';
import { Layout, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { Exhaustive } from '../../src/engine/strategies/exhaustive.ts';
import { type Body, programOf } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { x: word() });
const reads = (n: number): Body =>
  function* (cpu) {
    for (let i = 0; i < n; i++) yield cpu.readOnce(w.x);
  };

function count(cpus: readonly Body[], bound?: number): Exhaustive {
  const machine = new Machine(layout, { cpus: cpus.length, memory: memoryModels.sc });
  const program = programOf(cpus);
  const source = new Exhaustive(bound);
  do machine.run(program, source);
  while (source.next());
  return source;
}

describe('exhaustive search', () => {
  it('runs every interleaving once', () => {
    // Binomial and multinomial coefficients.
    expect(count([reads(1)]).executions).toBe(1);
    expect(count([reads(2), reads(2)]).executions).toBe(6);
    expect(count([reads(4), reads(4)]).executions).toBe(70);
    expect(count([reads(2), reads(2), reads(2)]).executions).toBe(90);
  });
  it('follows choices of the model', () => {
    const seen: string[] = [];
    const body: Body = function* (cpu) {
      const a = cpu.choose(3);
      yield cpu.readOnce(w.x);
      const b = a === 1 ? cpu.choose(2) : 9;
      seen.push(`${a}${b}`);
    };
    expect(count([body]).executions).toBe(4);
    expect(seen).toEqual(['09', '10', '11', '29']);
  });
  it('stops at its bound and says so', () => {
    const source = count([reads(4), reads(4)], 3);
    expect(source.executions).toBe(8);
    expect(source.bounded).toBe(true);
    expect(count([reads(4), reads(4)]).bounded).toBe(false);
  });
  it('notices a model that does not repeat itself', () => {
    let n = 1;
    const body: Body = function* (cpu) {
      cpu.choose(++n);
      yield cpu.readOnce(w.x);
    };
    expect(() => count([body])).toThrow('the model is not deterministic');
  });
});
