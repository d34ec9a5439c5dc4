import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import type { DecisionSource } from '../../src/engine/decisions.ts';
import type { Layout } from '../../src/engine/layout.ts';
import { Machine, type MachineOptions } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../../src/engine/memory/index.ts';
import type { BoundOperation, BoundProgram } from '../../src/engine/program.ts';
import { Exhaustive } from '../../src/engine/strategies/exhaustive.ts';
import type { Violation } from '../../src/engine/violation.ts';

export type Body = (cpu: Cpu) => Kernel<unknown>;

export interface RunOptions extends Partial<Omit<MachineOptions, 'memory' | 'cpus'>> {
  readonly memory?: MemoryName;
  readonly interrupts?: readonly (readonly Body[])[];
  readonly setup?: Body;
  readonly source?: DecisionSource;
}

export interface Ran {
  readonly end: number;
  readonly violation: Violation | null;
  readonly machine: Machine;
}

/** Always the calmest answer. */
export const calm: DecisionSource = { everyStep: false, begin: () => {}, choose: () => 0 };

/** Gives scripted answers first, then calm ones. */
export function script(...answers: readonly number[]): DecisionSource {
  let at = 0;
  return {
    everyStep: false,
    begin: () => {
      at = 0;
    },
    choose: () => answers[at++] ?? 0,
  };
}

function bind(body: Body, name: string): BoundOperation {
  return { name: body.name === '' ? name : body.name, args: [], start: body };
}

export function programOf(cpus: readonly Body[], options: RunOptions = {}): BoundProgram {
  return {
    setup: options.setup === undefined ? [] : [bind(options.setup, 'setup')],
    cpus: cpus.map((body, i) => [bind(body, `P${i}`)]),
    interrupts: (options.interrupts ?? []).map(list => list.map(body => bind(body, 'irq'))),
  };
}

function machineOf(layout: Layout, cpus: number, options: RunOptions): Machine {
  const { memory = 'sc', interrupts: _i, setup: _s, source: _d, ...rest } = options;
  return new Machine(layout, { cpus, memory: memoryModels[memory], ...rest });
}

/** Runs one operation per CPU, once, calmly unless a source is given. */
export function run(layout: Layout, cpus: readonly Body[], options: RunOptions = {}): Ran {
  const machine = machineOf(layout, cpus.length, options);
  const end = machine.run(programOf(cpus, options), options.source ?? calm);
  return { end, violation: machine.violation, machine };
}

/** The id of the oracle that objects to a calm execution, or null. */
export function verdict(layout: Layout, cpus: readonly Body[], options: RunOptions = {}): string | null {
  return run(layout, cpus, options).violation?.oracle ?? null;
}

/** The ids of all oracles that object to any execution, sorted; `none` stands for an execution without objection. */
export function verdicts(layout: Layout, cpus: readonly Body[], options: RunOptions = {}): readonly string[] {
  const machine = machineOf(layout, cpus.length, options);
  const program = programOf(cpus, options);
  const source = new Exhaustive();
  const found = new Set<string>();
  do {
    machine.run(program, source);
    found.add(machine.violation?.oracle ?? 'none');
    if (source.executions > 1_000_000) throw new Error('too many executions');
  } while (source.next());
  return [...found].sort();
}
