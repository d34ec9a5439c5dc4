// One execution of a litmus test on the engine with a given outcome, as a diagram in the order in which it ran.

import { Fence, Kind } from '../../engine/access.ts';
import { type MemoryName, memoryModels } from '../../engine/memory/index.ts';
import { Note } from '../../engine/memory/memory.ts';
import type { Observer } from '../../engine/observer.ts';
import { columns, type DiagramStep } from '../diagram.ts';
import { holds } from '../evaluate.ts';
import { LOOK_EVERY, type OnLook } from '../looked.ts';
import { formatValue, type LitmusProgram } from '../program.ts';
import { EngineTest, engineBudget } from './run.ts';
import { Known, StateSearch } from './search.ts';

const kinds: Partial<Record<number, string>> = {
  [Kind.Lock]: 'locks',
  [Kind.Unlock]: 'unlocks',
  [Kind.Trylock]: 'tries to lock',
  [Kind.IsLocked]: 'looks at lock',
  [Kind.RcuReadLock]: 'rcu_read_lock',
  [Kind.RcuReadUnlock]: 'rcu_read_unlock',
  [Kind.SrcuReadLock]: 'srcu_read_lock',
  [Kind.SrcuReadUnlock]: 'srcu_read_unlock',
  [Kind.SyncRcuStart]: 'grace period starts',
  [Kind.SyncRcuEnd]: 'grace period has ended',
  [Kind.SyncSrcuStart]: 'grace period starts',
  [Kind.SyncSrcuEnd]: 'grace period has ended',
};

const fences: Partial<Record<number, string>> = {
  [Fence.Rmb]: 'smp_rmb',
  [Fence.Wmb]: 'smp_wmb',
  [Fence.Mb]: 'smp_mb',
};

class Recorder implements Observer {
  readonly steps: DiagramStep[] = [];
  readonly #test: EngineTest;

  constructor(test: EngineTest) {
    this.#test = test;
  }

  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    _b: number,
    _order: number,
    _op: number,
    _site: number,
    result: number,
    note: number,
  ): void {
    const text = this.#text(kind, address, a, result) + noteText(note);
    this.steps.push({ process: cpu, text: `${this.#test.processes[cpu].line}: ${text}` });
  }

  #text(kind: number, address: number, a: number, result: number): string {
    const name = this.#test.nameOf(address);
    const value = (v: number) => formatValue(this.#test.program, v);
    switch (kind) {
      case Kind.Load:
        return `reads ${name} = ${value(result)}`;
      case Kind.Store:
        return `writes ${name} = ${value(a)}`;
      case Kind.Rmw:
        return `changes ${name}, was ${value(result)}`;
      case Kind.Fence:
        return fences[a] ?? 'barrier';
      default:
        return `${kinds[kind] ?? 'access'}${address === 0 ? '' : ` ${name}`}`;
    }
  }

  commit(cpu: number, address: number): void {
    const name = this.#test.nameOf(address);
    const value = formatValue(this.#test.program, this.#test.machine.words[address]);
    this.steps.push({ process: cpu, text: `${name} = ${value} reaches memory` });
  }

  interrupt(): void {}
  operation(): void {}
}

function noteText(note: number): string {
  const notes: string[] = [];
  if ((note & Note.Delayed) !== 0) notes.push('delayed');
  if ((note & Note.Forwarded) !== 0) notes.push('its own store');
  if ((note & Note.Failed) !== 0) notes.push('failed');
  if (note >>> Note.StaleShift !== 0) notes.push('stale');
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** What `showEngine` found: the diagram, or null; `exhausted` tells whether null means that there is none. */
export interface Shown {
  readonly diagram: string | null;
  readonly exhausted: boolean;
}

/** Looks for an execution whose final state satisfies the condition of the program. */
export function showEngine(
  program: LitmusProgram,
  memory: MemoryName,
  budget = engineBudget,
  onLook?: OnLook,
): Shown {
  const test = new EngineTest(program, memoryModels[memory]);
  const search = new StateSearch(test);
  while (search.executions < budget) {
    const recorder = new Recorder(test);
    try {
      const state = test.run(search, recorder);
      if (state !== null && holds(program.condition, state))
        return { diagram: columns(program, recorder.steps), exhausted: false };
    } catch (error) {
      if (!(error instanceof Known)) throw error;
    }
    if (!search.next()) return { diagram: null, exhausted: true };
    if (search.executions % LOOK_EVERY === 0) onLook?.(LOOK_EVERY);
  }
  return { diagram: null, exhausted: false };
}
