import { Kind, Order } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Attr, type Layout, LockType } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { POISON } from '../../engine/slab.ts';
import { heldName, type TraceRecorder } from '../trace.ts';
import type { CpuContext, CpuMoment, DelayedStore, Moment, OlderValues } from './steps.ts';
import type { TlbView } from './tlb-view.ts';

/**
 * Reads the state of a machine between two steps. What has not changed since the last reading is the same object again:
 * long executions are mostly that.
 */
export class MomentReader {
  readonly #machine: Machine;
  readonly #recorder: TraceRecorder;
  readonly #tlb: TlbView;
  readonly #reads: readonly ReadonlySet<number>[];
  #last: Moment | null = null;

  /** @param reads words that each CPU loads: of others nobody asks which older values it could see. */
  constructor(
    machine: Machine,
    recorder: TraceRecorder,
    tlb: TlbView,
    reads: readonly ReadonlySet<number>[],
  ) {
    this.#machine = machine;
    this.#recorder = recorder;
    this.#tlb = tlb;
    this.#reads = reads;
  }

  /** `running` is what each CPU runs, `acted` the CPU that the last step was of; -1 if that may have been any. */
  read(running: readonly (readonly string[])[], acted: number): Moment {
    const { cpus } = this.#machine;
    const last = this.#last;
    const moment: Moment = {
      cpus: cpus.map((cpu, c) => {
        const before = acted < 0 || acted === c ? undefined : last?.cpus[c];
        return this.#cpu(cpu, running[c] ?? [], before);
      }),
      delayed: cpus.map((_, c) => keep(last?.delayed[c], this.delayed(c))),
      older: cpus.map((_, c) => keep(last?.older[c], this.#older(c))),
      tlb: cpus.map((_, c) => keep(last?.tlb[c], this.#tlb.stale(c))),
      callbacks: this.#callbacks(last?.callbacks),
    };
    this.#last = moment;
    return moment;
  }

  /** The stores that a CPU delays now. */
  delayed(cpu: number): readonly DelayedStore[] {
    const { memory, layout } = this.#machine;
    return memory.delayed(cpu).map(([address, value]) => ({
      address,
      location: layout.nameOf(address),
      value: showWord(layout, address, value),
    }));
  }

  /** `before` is how the CPU was before a step that was not its own: only what it waits for and reads may differ. */
  #cpu(cpu: Cpu, running: readonly string[], before: CpuMoment | undefined): CpuMoment {
    const machine = this.#machine;
    const pending = cpu.kind !== Kind.None;
    const waits = ((machine.waiting >>> cpu.id) & 1) === 1 && !machine.isEnabled(cpu.id);
    const ready = pending && machine.isEnabled(cpu.id);
    const state = machine.isDone(cpu.id) ? 'done' : ready ? 'ready' : pending && waits ? 'waits' : 'stopped';
    const waitsFor = state === 'waits' ? machine.waitsFor(cpu) : '';
    const mayRead = pending ? this.#mayRead(cpu) : [];
    if (before !== undefined) {
      const same =
        before.state === state && before.waitsFor === waitsFor && sameTexts(before.mayRead, mayRead);
      return same ? before : { ...before, state, waitsFor, mayRead };
    }
    return {
      running: [...running],
      state,
      next: pending ? this.#recorder.pending(cpu) : null,
      waitsFor,
      mayRead,
      held: cpu.held.slice(0, cpu.heldCount).map(lock => heldName(machine, lock)),
      context: contextOf(cpu),
    };
  }

  #mayRead(cpu: Cpu): readonly string[] {
    const { kind, address, a, b, order } = cpu;
    const { memory, layout } = this.#machine;
    const loads = kind === Kind.Load || kind === Kind.PlainLoad || kind === Kind.Wait;
    if (!loads) return [];
    const values = memory.older(cpu.id, address, order);
    const fitting = kind === Kind.Wait ? values.filter(value => (value & a) === b) : values;
    const bit = kind === Kind.Load && (order & Order.TestBit) !== 0;
    return fitting.map(value => (bit ? ((value & a) !== 0 ? '1' : '0') : showWord(layout, address, value)));
  }

  #callbacks(last: Moment['callbacks'] | undefined): Moment['callbacks'] {
    const waiting = this.#machine.callbacksWait();
    if (last !== undefined && waiting.length === 0 && last.every(texts => texts.length === 0)) return last;
    return this.#machine.cpus.map(({ id }) =>
      waiting.filter(one => one.cpu === id && !one.running).map(({ name, what }) => `${name} ${what}`),
    );
  }

  #older(cpu: number): readonly OlderValues[] {
    const { memory, layout, words } = this.#machine;
    const found: OlderValues[] = [];
    for (const address of this.#reads[cpu] ?? []) {
      const newest = words[address] ?? 0;
      const values = memory.older(cpu, address, Order.Relaxed).filter(value => value !== newest);
      if (values.length === 0) continue;
      found.push({
        address,
        location: layout.nameOf(address),
        newest: showWord(layout, address, newest),
        older: values.map(value => showWord(layout, address, value)),
      });
    }
    return found;
  }
}

/** Whether a word is the oracles' own. */
export function isGhost(layout: Layout, address: number): boolean {
  return ((layout.attributes[address] ?? 0) & Attr.Ghost) !== 0;
}

/** A value as the layout shows it; of a lock, who holds it; what a freed object is filled with by its kernel name. */
export function showWord(layout: Layout, address: number, value: number): string {
  const type = layout.lockTypes[address] ?? LockType.None;
  if (value === POISON) return 'POISON_FREE';
  if (type === LockType.None) return layout.show(address, value);
  if (value === 0) return 'free';
  return value > 0 ? `held by CPU${value - 1}` : `${-value} reader${value === -1 ? '' : 's'}`;
}

function contextOf(cpu: Cpu): CpuContext {
  return {
    preempt: cpu.preemptDepth,
    softirq: cpu.softirqDepth,
    hardirq: cpu.hardirqDepth,
    inSoftirq: cpu.inSoftirq,
    rcu: cpu.rcuDepth,
    irqsOff: cpu.irqsOff,
    maySleep: cpu.maySleep(),
  };
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** The list of before if the present one is equal to it. */
function keep<T extends object>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  if (before === undefined || before.length !== now.length) return now;
  return JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
