import { describe, expect, it } from 'vitest';
import type { Access, Frame } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { Layout, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { calm } from './run.ts';

// The build makes `yield f(cpu)` of `yield* f(cpu)`: here that form is written by hand.

type Step = Generator<Access | Frame, void, unknown>;

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word() });

function run(start: (cpu: Cpu) => Frame): Machine {
  const machine = new Machine(layout, { cpus: 1, memory: memoryModels.sc });
  const end = machine.run({ setup: [], cpus: [[{ name: 'op', args: [], start }]], interrupts: [] }, calm);
  expect(end).toBe(machine.violation === null ? End.Done : End.Violation);
  return machine;
}

function* add(cpu: Cpu, n: number): Frame {
  const x = yield cpu.readOnce(w.x);
  yield cpu.writeOnce(w.x, Number(x) + n);
  return n;
}

function* fails(cpu: Cpu): Frame {
  yield add(cpu, 1);
  throw new RangeError('no');
}

describe('a yielded generator', () => {
  it('is called, and its result is the value of the yield', () => {
    const machine = run(function* (cpu) {
      const one = yield add(cpu, 1);
      const two = yield add(cpu, 2);
      yield cpu.writeOnce(w.y, Number(one) * 10 + Number(two));
    });
    expect([machine.peek(w.x), machine.peek(w.y)]).toEqual([3, 12]);
  });

  it('may throw what its caller catches, and the caller goes on', () => {
    const machine = run(function* (cpu) {
      try {
        yield fails(cpu);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        yield cpu.writeOnce(w.y, 7);
        yield add(cpu, 5);
      }
      yield cpu.writeOnce(w.y, 8);
    });
    expect([machine.peek(w.x), machine.peek(w.y), machine.steps]).toEqual([6, 8, 6]);
  });

  it('may throw through several callers, whose finally blocks run', () => {
    const seen: string[] = [];
    function* middle(cpu: Cpu): Step {
      try {
        yield fails(cpu);
      } finally {
        seen.push('finally');
        yield cpu.writeOnce(w.y, 1);
      }
    }
    const machine = run(function* (cpu) {
      try {
        yield middle(cpu);
      } catch {
        seen.push('caught');
        return;
      }
      seen.push('missed');
    });
    expect(seen).toEqual(['finally', 'caught']);
    expect(machine.peek(w.y)).toBe(1);
  });

  it('may throw what nobody catches', () => {
    expect(() => run(cpu => fails(cpu))).toThrow(RangeError);
    expect(() =>
      run(function* (cpu) {
        yield fails(cpu);
      }),
    ).toThrow(RangeError);
  });

  it('may end the execution at a violation, which no caller can catch', () => {
    let caught = false;
    function* warns(cpu: Cpu): Step {
      yield cpu.readOnce(w.x);
      cpu.warnOn(true, 'wrong');
    }
    const machine = run(function* (cpu) {
      try {
        yield warns(cpu);
      } catch {
        caught = true;
      }
    });
    expect(machine.violation?.message).toBe('wrong');
    expect(caught).toBe(false);
  });

  it('must be a generator', () => {
    // What plain JavaScript might run by mistake, past the types.
    const start: (cpu: Cpu) => Frame = () => Object.create({ next: () => ({ done: true, value: 0 }) });
    expect(() => run(start)).toThrow(EngineError);
    expect(() => run(start)).toThrow('op: yielded something that is not an access of its CPU');
  });
});
