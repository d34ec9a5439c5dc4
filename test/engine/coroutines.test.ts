import { describe, expect, it } from 'vitest';
import { Access, type Code, type Frame } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { Layout, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { calm } from './run.ts';

// The build makes `yield f(cpu)` of `yield* f(cpu)`, and returns what a function yields last: here these forms are
// written by hand.

type Step = Generator<Access | Code, void, unknown>;

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word() });

function run(start: (cpu: Cpu) => Code): Machine {
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

/** A machine of one CPU, and what it does: accesses, and operations that begin and end. */
function observed(): { readonly machine: Machine; readonly events: readonly string[] } {
  const events: string[] = [];
  const machine = new Machine(layout, { cpus: 1, memory: memoryModels.sc });
  machine.observer = {
    access: () => events.push('access'),
    commit: () => {},
    operation: (_cpu, _name, _args, begins) => events.push(begins ? 'begins' : 'ends'),
    interrupt: () => {},
  };
  return { machine, events };
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

describe('what a function returns instead of yielding it last', () => {
  function* addAndShow(cpu: Cpu, n: number): Frame {
    yield add(cpu, n);
    return cpu.readOnce(w.x);
  }
  function* addTwice(cpu: Cpu): Frame {
    yield add(cpu, 1);
    return cpu.tailCall(addAndShow(cpu, 10));
  }

  it('may be an access: its result is that of the function', () => {
    const machine = run(function* (cpu) {
      yield cpu.writeOnce(w.y, Number(yield addAndShow(cpu, 3)));
    });
    expect([machine.peek(w.y), machine.steps]).toEqual([3, 4]);
  });

  it('may be a call, to any depth', () => {
    const machine = run(function* (cpu) {
      yield cpu.writeOnce(w.y, Number(yield addTwice(cpu)));
    });
    expect([machine.peek(w.y), machine.steps]).toEqual([11, 6]);
  });

  it('may be the last act of an operation, which is over after the access only', () => {
    for (const start of [addAndShow, (cpu: Cpu) => addTwice(cpu)]) {
      const { machine, events } = observed();
      const operation = { name: 'op', args: [], start: (cpu: Cpu) => start(cpu, 1) };
      machine.run({ setup: [], cpus: [[operation, operation]], interrupts: [] }, calm);
      const one = ['begins', ...Array.from({ length: machine.steps / 2 }, () => 'access'), 'ends'];
      expect(events).toEqual([...one, ...one]);
    }
  });

  it('may throw to the caller of the function', () => {
    function* failsLast(cpu: Cpu): Frame {
      yield cpu.readOnce(w.x);
      return cpu.tailCall(fails(cpu));
    }
    const machine = run(function* (cpu) {
      try {
        yield failsLast(cpu);
      } catch {
        yield cpu.writeOnce(w.y, 5);
      }
    });
    expect(machine.peek(w.y)).toBe(5);
  });

  it('may end an interrupt handler', () => {
    const machine = new Machine(layout, { cpus: 1, memory: memoryModels.sc });
    const operation = { name: 'op', args: [], start: (cpu: Cpu) => add(cpu, 1) };
    const handler = { name: 'irq', args: [], start: (cpu: Cpu) => addTwice(cpu) };
    const irqFirst = { ...calm, choose: (_kind: number, n: number) => n - 1 };
    const end = machine.run({ setup: [], cpus: [[operation]], interrupts: [[handler]] }, irqFirst);
    expect([end, machine.peek(w.x), machine.steps]).toEqual([End.Done, 12, 7]);
  });
});

const { described } = Access;

describe('a plain function of a built model', () => {
  const load = (cpu: Cpu) => () => (cpu.goesOn(cpu.readOnce(w.x)) ? cpu.result : described);

  it('may end an operation with an access: it is over after that', () => {
    const { machine, events } = observed();
    const operation = { name: 'op', args: [], start: load };
    machine.run({ setup: [], cpus: [[operation, operation]], interrupts: [] }, calm);
    expect(events).toEqual(['begins', 'access', 'ends', 'begins', 'access', 'ends']);
  });

  it('may be called by a generator, and hands it its result', () => {
    const machine = run(function* (cpu) {
      yield add(cpu, 4);
      const x = yield load(cpu);
      yield cpu.writeOnce(w.y, Number(x));
    });
    expect(machine.peek(w.y)).toBe(4);
  });

  it('must yield what it describes', () => {
    const forgets = (cpu: Cpu) => () => {
      cpu.readOnce(w.y);
    };
    expect(() => run(forgets)).toThrow('op: an access to w.y was described but never yielded');
    expect(() =>
      run(function* (cpu) {
        if (!cpu.calls(forgets(cpu))) yield described;
      }),
    ).toThrow('op: an access to w.y was described but never yielded');
  });

  it('must not say that it is suspended when it is not', () => {
    const lies = () => () => described;
    expect(() => run(lies)).toThrow('op: yielded something that is not an access of its CPU');
    expect(() =>
      run(function* (cpu) {
        if (!cpu.calls(lies())) yield described;
      }),
    ).toThrow('op: yielded something that is not an access of its CPU');
  });
});

describe('a call from inside model code', () => {
  function* addAtOnce(cpu: Cpu, n: number): Frame {
    const x = cpu.goesOn(cpu.readOnce(w.x)) ? cpu.result : yield described;
    return cpu.goesOn(cpu.writeOnce(w.x, Number(x) + n)) ? cpu.result : described;
  }
  function* failsAtOnce(cpu: Cpu): Frame {
    if (!cpu.calls(addAtOnce(cpu, 1))) yield described;
    throw new RangeError('no');
  }

  /** With a second CPU, to which an execution switches at every other question. */
  function runBoth(start: (cpu: Cpu) => Frame): Machine {
    const machine = new Machine(layout, { cpus: 2, memory: memoryModels.sc });
    let asked = 0;
    const source = { ...calm, choose: (_kind: number, n: number) => asked++ % n };
    const other = (cpu: Cpu) => addAtOnce(cpu, 10);
    const list = [[{ name: 'op', args: [], start }], [{ name: 'other', args: [], start: other }]];
    machine.run({ setup: [], cpus: list, interrupts: [] }, source);
    return machine;
  }

  for (const [how, runIt] of Object.entries({ 'runs on': run, 'is suspended': runBoth })) {
    it(`that ${how} may throw what its caller catches`, () => {
      const machine = runIt(function* (cpu) {
        try {
          if (!cpu.calls(failsAtOnce(cpu))) yield described;
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          yield cpu.writeOnce(w.y, 7);
        }
        if (!cpu.calls(addAtOnce(cpu, 5))) yield described;
      });
      expect(machine.peek(w.y)).toBe(7);
      expect(machine.peek(w.x) % 10).toBe(6);
    });

    it(`that ${how} may end the execution at a violation, which no caller can catch`, () => {
      let went = '';
      function* warns(cpu: Cpu): Step {
        if (!cpu.goesOn(cpu.readOnce(w.y))) yield described;
        cpu.warnOn(true, 'wrong');
      }
      const machine = runIt(function* (cpu) {
        try {
          if (!cpu.calls(warns(cpu))) yield described;
          went = 'on';
        } catch {
          went = 'caught';
        }
      });
      expect(machine.violation?.message).toBe('wrong');
      expect(went).toBe('');
    });
  }

  it('is not blamed for what the source of decisions throws', () => {
    const choose = (): never => {
      throw new SyntaxError('no decision');
    };
    let caught = false;
    const start = function* (cpu: Cpu): Step {
      try {
        for (let i = 0; i < 2; i++) if (!cpu.calls(addAtOnce(cpu, 1))) yield described;
      } catch {
        caught = true;
      }
    };
    const machine = new Machine(layout, { cpus: 2, memory: memoryModels.sc });
    const list = [[{ name: 'op', args: [], start }], [{ name: 'op', args: [], start }]];
    const program = { setup: [], cpus: list, interrupts: [] };
    expect(() => machine.run(program, { ...calm, choose })).toThrow(SyntaxError);
    expect(caught).toBe(false);
  });
});
