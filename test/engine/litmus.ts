import { expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { flags, Layout, lock, pointer, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../../src/engine/memory/index.ts';
import { type BoundOperation, End } from '../../src/engine/program.ts';
import { Exhaustive } from '../../src/engine/strategies/exhaustive.ts';

const layout = new Layout();
/** What litmus shapes share: words, bits, locks, pointers and objects to point to. */
export const w = layout.struct('w', {
  x: word(),
  y: word(),
  z: word(),
  bits: flags(['a', 'b']),
  p: pointer(),
  spin: lock('Spinlock'),
  rw: lock('Rwlock'),
  mutex: lock('Mutex'),
});
export const [obj0, obj1] = [0, 1].map(i => layout.struct(`obj${i}`, { val: word(), next: pointer() }));
export const bitClass = layout.lockClass('w.bits a');
export const page0 = layout.tlb('page 0');
export const srcu = layout.srcu();

/** One CPU of a litmus shape; `out` notes a register. */
export type Thread = (cpu: Cpu, out: (value: number) => void) => Kernel;

export interface Explored {
  readonly outcomes: readonly string[];
  readonly executions: number;
}

export interface Options {
  /** Addresses whose last values belong to the outcome. */
  readonly finals?: readonly number[];
  /** Initial values. */
  readonly init?: readonly (readonly [address: number, value: number])[];
}

const machines = new Map<string, Machine>();
function machineFor(memory: MemoryName, cpus: number): Machine {
  const key = `${memory} ${cpus}`;
  let machine = machines.get(key);
  if (machine === undefined) {
    machine = new Machine(layout, { cpus, memory: memoryModels[memory], livelockBound: 200 });
    machines.set(key, machine);
  }
  return machine;
}

/**
 * Runs every execution of a shape. An outcome is the registers of each CPU and, if asked for, final values:
 * `10`, `0|0`, `1;2` (x = 2 at the end), or the id of the oracle that objects.
 */
export function explore(memory: MemoryName, threads: readonly Thread[], options: Options = {}): Explored {
  const finals = options.finals ?? [];
  const init = options.init ?? [];
  const machine = machineFor(memory, threads.length);
  const registers = threads.map((): number[] => []);
  const cpus = threads.map((thread, i): BoundOperation[] => [
    {
      name: `P${i}`,
      args: [],
      start: cpu => {
        registers[i].length = 0;
        return thread(cpu, value => registers[i].push(value));
      },
    },
  ]);
  const setup: BoundOperation[] = [
    {
      name: 'init',
      args: [],
      *start(cpu) {
        for (const [address, value] of init) yield cpu.writeOnce(address, value);
      },
    },
  ];
  const source = new Exhaustive();
  const seen = new Set<string>();
  do {
    const end = machine.run({ setup, cpus, interrupts: [] }, source);
    if (end === End.Violation) seen.add(machine.violation?.oracle ?? '?');
    else {
      const values = registers.map(r => r.join('')).filter(r => r !== '');
      const last = finals.map(address => machine.peek(address)).join('');
      seen.add(values.join('|') + (finals.length > 0 ? `;${last}` : ''));
    }
    if (source.executions > 2_000_000) throw new Error('this shape has too many executions');
  } while (source.next());
  if (source.bounded) throw new Error('this shape has too many decisions');
  return { outcomes: [...seen].sort(), executions: source.executions };
}

/**
 * The outcomes expected under each model, separated by blanks; the others are `sc` and what they add. `lkmm` is run if
 * it is given: what has no page tables in it is the matter of the tests in litmus/.
 */
export interface Expected {
  readonly sc: string;
  readonly tso?: string;
  readonly arm64?: string;
  readonly lkmm?: string;
}

/** Asserts the exact set of outcomes of a shape under each model. */
export function shape(
  name: string,
  threads: readonly Thread[],
  expected: Expected,
  options: Options = {},
): void {
  for (const memory of ['sc', 'tso', 'arm64', 'lkmm'] as const) {
    if (memory === 'lkmm' && expected.lkmm === undefined) continue;
    const wanted = expected.sc.split(' ');
    if (memory !== 'sc') wanted.push(...(expected[memory] ?? '').split(' ').filter(o => o !== ''));
    it(`${name} under ${memory} shows exactly ${wanted.sort().join(' ')}`, () => {
      expect(explore(memory, threads, options).outcomes).toEqual(wanted);
    });
  }
}
