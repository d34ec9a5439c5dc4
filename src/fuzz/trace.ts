import { Kind, Order } from '../engine/access.ts';
import type { Cpu } from '../engine/cpu.ts';
import { lockTypeNames } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { Note } from '../engine/memory/memory.ts';
import type { InterruptKind, Observer } from '../engine/observer.ts';
import { siteAt } from '../engine/sites.ts';
import type { Operation } from '../targets/target.ts';
import { argumentsOf } from './case/write.ts';
import type { Call } from './program.ts';

/** A place in the model's source. */
export interface Place {
  readonly func: string;
  readonly file: string;
  readonly line: number;
}

/** A delayed store that reached memory. */
export interface Visible {
  readonly cpu: number;
  readonly address: number;
  readonly location: string;
  readonly value: string;
}

/** An access with everything a reader needs, names included: it outlives the machine. */
export interface AccessEvent {
  readonly type: 'access';
  readonly cpu: number;
  readonly setup: boolean;
  /** False for an access that was pending when the execution ended. */
  readonly executed: boolean;
  /** Number of the access in the execution, setup included. */
  readonly step: number;
  readonly kind: number;
  readonly order: number;
  readonly op: number;
  readonly address: number;
  readonly a: number;
  readonly b: number;
  readonly result: number;
  readonly location: string;
  readonly flags: readonly string[];
  readonly lockType: string;
  /** Operand, second operand, result and the newest value in memory afterwards, as the layout shows them. */
  readonly shown: {
    readonly a: string;
    readonly b: string;
    readonly result: string;
    readonly newest: string;
  };
  readonly delayed: boolean;
  readonly forwarded: boolean;
  readonly failed: boolean;
  readonly cached: boolean;
  /** Versions that the load looked back; 0 for the newest. */
  readonly stale: number;
  /** Delayed stores that this access made visible. */
  readonly visible: readonly Visible[];
  readonly held: readonly string[];
  readonly context: readonly string[];
  readonly place: Place;
}

export type TraceEvent =
  | AccessEvent
  | {
      readonly type: 'operation';
      readonly cpu: number;
      readonly setup: boolean;
      readonly begin: boolean;
      readonly text: string;
    }
  | {
      readonly type: 'interrupt';
      /** An RCU callback. */
      readonly softirq: boolean;
      readonly cpu: number;
      readonly setup: boolean;
      readonly begin: boolean;
      readonly text: string;
    }
  /** The grace period of an RCU callback starts; `text` names the callback. */
  | {
      readonly type: 'grace';
      readonly cpu: number;
      readonly setup: boolean;
      readonly text: string;
    }
  | {
      readonly type: 'commit';
      readonly cpu: number;
      readonly setup: boolean;
      readonly visible: readonly Visible[];
    };

/** What an oracle judged, with names. */
export interface TraceViolation {
  readonly oracle: string;
  readonly message: string;
  readonly cpu: number;
  readonly address: number;
  readonly location: string;
  readonly places: readonly Place[];
  readonly details: readonly string[];
}

/** An execution as people read it. */
export interface Trace {
  readonly cpus: number;
  readonly memory: string;
  readonly events: readonly TraceEvent[];
  readonly violation: TraceViolation | null;
}

type Pending = readonly (readonly [address: number, value: number])[];

/** Writes down an execution. One recorder serves one execution. */
export class TraceRecorder implements Observer {
  readonly #machine: Machine;
  readonly #operations: readonly Operation[];
  readonly #events: TraceEvent[] = [];
  #setupLeft: number;
  #pending: Pending[];

  constructor(machine: Machine, operations: readonly Operation[], setup: number) {
    this.#machine = machine;
    this.#operations = operations;
    this.#setupLeft = setup;
    this.#pending = machine.cpus.map(() => []);
  }

  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    b: number,
    order: number,
    op: number,
    site: number,
    result: number,
    note: number,
  ): void {
    const machine = this.#machine;
    const delayed = (note & Note.Delayed) !== 0;
    const own = delayed ? [[address, a] as const] : [];
    const visible = this.#becameVisible(cpu, own);
    this.#events.push(
      this.#describe(machine.cpus[cpu], kind, address, a, b, order, op, site, result, note, visible, true),
    );
  }

  commit(cpu: number, _address: number): void {
    this.#events.push({ type: 'commit', cpu, setup: false, visible: this.#becameVisible(cpu, []) });
  }

  interrupt(cpu: number, operation: string, begin: boolean, what: InterruptKind): void {
    const setup = this.#machine.inSetup;
    if (what === 'grace') this.#events.push({ type: 'grace', cpu, setup, text: operation });
    else {
      const softirq = what === 'callback';
      this.#events.push({ type: 'interrupt', softirq, cpu, setup, begin, text: operation });
    }
  }

  operation(cpu: number, operation: string, args: readonly number[], begin: boolean): void {
    const setup = this.#setupLeft > 0;
    if (setup && !begin) this.#setupLeft--;
    this.#events.push({
      type: 'operation',
      cpu,
      setup,
      begin,
      text: callText({ operation, args }, this.#operations),
    });
  }

  /** The trace, once the execution is over. Accesses that were pending at the violation come last. */
  trace(): Trace {
    const machine = this.#machine;
    const { violation, layout } = machine;
    const events = [...this.#events];
    if (violation !== null) {
      for (const cpu of machine.cpus) {
        // A lock about to be taken counts for lock order as one that is held.
        const about =
          violation.oracle === 'lock-order' && (cpu.kind === Kind.Lock || cpu.kind === Kind.ReadLock);
        const concerned = violation.cpu < 0 ? !machine.isDone(cpu.id) : cpu.id === violation.cpu || about;
        if (!concerned || cpu.kind === Kind.None) continue;
        events.push(this.pending(cpu));
      }
    }
    return {
      cpus: machine.cpus.length,
      memory: machine.memory.name,
      events,
      violation:
        violation === null
          ? null
          : {
              oracle: violation.oracle,
              message: violation.message,
              cpu: violation.cpu,
              address: violation.address,
              location: violation.address === 0 ? '' : layout.nameOf(violation.address),
              places: violation.sites.map(placeOf),
              details: violation.details,
            },
    };
  }

  /** The access that a CPU is about to do. */
  pending(cpu: Cpu): AccessEvent {
    const { kind, address, a, b, order, op, site } = cpu;
    return this.#describe(cpu, kind, address, a, b, order, op, site, 0, 0, [], false);
  }

  /** Compares the delayed stores of all CPUs with what was delayed before, `own` having just been issued. */
  #becameVisible(cpu: number, own: Pending): readonly Visible[] {
    const { memory, layout } = this.#machine;
    const visible: Visible[] = [];
    this.#pending = this.#pending.map((before, c) => {
      const now = memory.delayed(c);
      const known = c === cpu ? [...before, ...own] : before;
      let at = 0;
      for (const [address, value] of known) {
        const still = now[at];
        if (still !== undefined && still[0] === address && still[1] === value) at++;
        else
          visible.push({
            cpu: c,
            address,
            location: layout.nameOf(address),
            value: layout.show(address, value),
          });
      }
      return now;
    });
    return visible;
  }

  #describe(
    cpu: Cpu,
    kind: number,
    address: number,
    a: number,
    b: number,
    order: number,
    op: number,
    site: number,
    result: number,
    note: number,
    visible: readonly Visible[],
    executed: boolean,
  ): AccessEvent {
    const machine = this.#machine;
    const { layout } = machine;
    const word = machine.words[address] ?? 0;
    const bit = (order & Order.TestBit) !== 0;
    const allocates = kind === Kind.Alloc;
    const newest = bit ? String((word & a) !== 0 ? 1 : 0) : layout.show(address, word);
    return {
      type: 'access',
      cpu: cpu.id,
      setup: this.#setupLeft > 0 || machine.inSetup,
      executed,
      step: machine.steps,
      kind,
      order,
      op,
      address,
      a,
      b,
      result,
      location: locationOf(machine, kind, address, a),
      flags: layout.flagsOf(address),
      lockType: lockTypeNames[layout.lockTypes[address] ?? 0] ?? 'none',
      shown: {
        a: layout.show(address, a),
        b: layout.show(address, b),
        result: allocates
          ? result === 0
            ? 'NULL'
            : layout.objectName(result)
          : bit
            ? String(result)
            : layout.show(address, result),
        newest,
      },
      delayed: (note & Note.Delayed) !== 0,
      forwarded: (note & Note.Forwarded) !== 0,
      failed: (note & Note.Failed) !== 0,
      cached: (note & Note.Cached) !== 0,
      stale: note >>> Note.StaleShift,
      visible,
      held: cpu.held.slice(0, cpu.heldCount).map(lock => heldName(machine, lock)),
      context: contextOf(cpu),
      place: placeOf(site),
    };
  }
}

function locationOf(machine: Machine, kind: number, address: number, a: number): string {
  const { layout } = machine;
  if (kind === Kind.FlushTlb) return layout.tlbNames[a] ?? '';
  if (kind === Kind.Alloc) return layout.caches[a]?.name ?? '';
  if (kind === Kind.Free) return address === 0 ? 'NULL' : layout.objectName(address);
  if (kind === Kind.SrcuReadLock || kind === Kind.SrcuReadUnlock || kind === Kind.SyncSrcuStart)
    return `srcu${a}`;
  if (kind === Kind.SyncRcuStart && a !== 0) return machine.rcuCallbackName(a);
  return address === 0 ? '' : layout.nameOf(address);
}

/** A lock that a CPU holds: `pages[0].lock`, `PG_locked in pages[0].flags`. */
export function heldName(
  machine: Machine,
  lock: { readonly address: number; readonly bit: number; readonly read: boolean },
): string {
  const { layout } = machine;
  const name = layout.nameOf(lock.address);
  const bit = lock.bit < 0 ? '' : `${layout.flagsOf(lock.address)[lock.bit] ?? `bit ${lock.bit}`} in `;
  return `${bit}${name}${lock.read ? ' (read)' : ''}`;
}

function contextOf(cpu: Cpu): readonly string[] {
  const context: string[] = [];
  if (cpu.hardirqDepth > 0) context.push('hardirq');
  if (cpu.inSoftirq) context.push('softirq');
  else if (cpu.softirqDepth > 0) context.push('bh off');
  if (cpu.irqsOff) context.push('irqs off');
  if (cpu.preemptDepth > 0) context.push(`preempt ${cpu.preemptDepth}`);
  if (cpu.rcuDepth > 0) context.push('rcu');
  return context;
}

function placeOf(site: number): Place {
  const { func, file, line } = siteAt(site);
  return { func, file, line };
}

/** `guest_fault(page=0, access=write)`; an operation without arguments is `name()`. */
export function callText({ operation, args }: Call, operations: readonly Operation[]): string {
  const declared = operations.find(one => one.name === operation);
  const named = Object.entries(argumentsOf(declared, args)).map(([name, value]) => `${name}=${value}`);
  return `${operation}(${named.join(', ')})`;
}
