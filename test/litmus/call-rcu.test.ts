// call_rcu is not among the kernel model's instructions, but it is made of them: a process of its own that takes the
// call as a message (release and acquire), waits for a grace period and does what the callback does. The engine's
// callback is more bound than that, to the CPU of its call; whatever it shows, the axioms must allow for the process.

import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { Layout, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels, memoryNames } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { parseLitmus, runLkmm } from '../../src/litmus/index.ts';

const PROGRAMS = 60;
const WALKS = 300;

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word(), z: word() });
type Place = 'x' | 'y' | 'z';

/** One instruction, as text of a litmus test and as an access; `load` also says which register it sets. */
type Step =
  | { readonly what: 'load' | 'acquire'; readonly place: Place }
  | { readonly what: 'store' | 'release'; readonly place: Place; readonly value: number }
  | { readonly what: 'mb' | 'rmb' | 'wmb' | 'lock' | 'unlock' | 'sync' | 'call' };

interface Program {
  readonly processes: readonly (readonly Step[])[];
  readonly callback: readonly Step[];
}

const loads = (steps: readonly Step[]): number =>
  steps.filter(step => step.what === 'load' || step.what === 'acquire').length;

/** `text` of a process; its registers are r0, r1, ... */
function textOf(steps: readonly Step[]): string {
  let registers = 0;
  const line = (step: Step): string => {
    switch (step.what) {
      case 'load':
        return `r${registers++} = READ_ONCE(*${step.place});`;
      case 'acquire':
        return `r${registers++} = smp_load_acquire(${step.place});`;
      case 'store':
        return `WRITE_ONCE(*${step.place}, ${step.value});`;
      case 'release':
        return `smp_store_release(${step.place}, ${step.value});`;
      case 'lock':
        return 'rcu_read_lock();';
      case 'unlock':
        return 'rcu_read_unlock();';
      case 'sync':
        return 'synchronize_rcu();';
      case 'call':
        return 'smp_store_release(c, 1);';
      default:
        return `smp_${step.what}();`;
    }
  };
  return steps.map(step => `\t${line(step)}\n`).join('');
}

function litmusOf({ processes, callback }: Program): string {
  const parameters = 'int *x, int *y, int *z, int *c';
  const bodies = processes.map((steps, i) => `P${i}(${parameters}) {\n${textOf(steps)}}\n`);
  const waits = '\tint called;\n\tcalled = smp_load_acquire(c);\n\tsynchronize_rcu();\n';
  const n = processes.length;
  const registers = [...processes, callback].flatMap((steps, i) =>
    Array.from({ length: loads(steps) }, (_, r) => `${i}:r${r}`),
  );
  return `C call-rcu\n{}\n${bodies.join('')}P${n}(${parameters}) {\n${waits}${textOf(callback)}}
locations [${[...registers, 'x', 'y', 'z'].join('; ')}]\nfilter (${n}:called=1)\nexists (x=0)\n`;
}

/** The states in which the program ends on the engine, in `walks` random executions. */
function engineStates({ processes, callback }: Program, memory: MemoryName, walks: number): Set<string> {
  const machine = new Machine(layout, { cpus: processes.length, memory: memoryModels[memory] });
  const registers: number[][] = [...processes, callback].map(() => []);
  function* run(cpu: Cpu, steps: readonly Step[], into: number): Kernel {
    registers[into] = [];
    for (const step of steps) {
      if (step.what === 'load') registers[into].push(yield cpu.readOnce(w[step.place]));
      else if (step.what === 'acquire') registers[into].push(yield cpu.smpLoadAcquire(w[step.place]));
      else if (step.what === 'store') yield cpu.writeOnce(w[step.place], step.value);
      else if (step.what === 'release') yield cpu.smpStoreRelease(w[step.place], step.value);
      else if (step.what === 'lock') yield cpu.rcuReadLock();
      else if (step.what === 'unlock') yield cpu.rcuReadUnlock();
      else if (step.what === 'sync') yield* cpu.synchronizeRcu();
      else if (step.what === 'call') yield cpu.callRcu(own => run(own, callback, processes.length));
      else if (step.what === 'mb') yield cpu.smpMb();
      else if (step.what === 'rmb') yield cpu.smpRmb();
      else yield cpu.smpWmb();
    }
  }
  const cpus = processes.map((steps, i) => [
    { name: `P${i}`, args: [], start: (cpu: Cpu) => run(cpu, steps, i) },
  ]);
  const source = new RandomWalk('call_rcu');
  const states = new Set<string>();
  for (let i = 0; i < walks; i++) {
    expect(machine.run({ setup: [], cpus, interrupts: [] }, source)).toBe(End.Done);
    states.add([...registers.flat(), ...[w.x, w.y, w.z].map(a => machine.peek(a))].join());
  }
  return states;
}

/** A caller and one or two others; the callback has one or two accesses. */
function randomProgram(random: () => number): Program {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  let value = 0;
  const access = (): Step => {
    const place = pick<Place>(['x', 'y', 'z']);
    const what = pick(['load', 'load', 'acquire', 'store', 'store', 'release'] as const);
    return what === 'load' || what === 'acquire' ? { what, place } : { what, place, value: ++value };
  };
  const steps = (n: number): Step[] =>
    Array.from({ length: n }, access).flatMap(step =>
      random() < 0.25 ? [step, { what: pick(['mb', 'rmb', 'wmb'] as const) }] : [step],
    );
  const caller: Step[] = [...steps(1), { what: 'call' }, ...steps(1 + Math.floor(random() * 2))];
  const others = Array.from({ length: random() < 0.5 ? 1 : 2 }, (): Step[] => {
    const inside: Step[] = [{ what: 'lock' }, ...steps(2), { what: 'unlock' }];
    if (random() < 0.75) return inside;
    return random() < 0.5 ? steps(2) : [...steps(1), { what: 'sync' }, ...steps(1)];
  });
  return { processes: [caller, ...others], callback: steps(1 + Math.floor(random() * 2)) };
}

/** What the axioms allow for the random programs, worked out once. */
const allowed: Set<string>[] = [];

describe.each(memoryNames)('call_rcu under %s', memory => {
  it('shows nothing that the axioms forbid, on random programs', () => {
    for (let seed = 0; seed < PROGRAMS; seed++) {
      const program = randomProgram(seedrandom(`call_rcu ${seed}`));
      const text = litmusOf(program);
      allowed[seed] ??= new Set([...runLkmm(parseLitmus(text)).states()].map(String));
      const beyond = [...engineStates(program, memory, WALKS)].filter(state => !allowed[seed]?.has(state));
      expect(beyond, text).toEqual([]);
    }
  });
});
