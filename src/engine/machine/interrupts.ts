import { type Access, type Code, Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { Cpu } from '../cpu.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Waiting } from './waiting.ts';

/** What runs in place of the code of a CPU. */
export interface Handler {
  readonly name: string;
  start(cpu: Cpu): Code;
}

/** Interrupt handlers and softirqs: when one arrives, what is put aside for it, and the context it must leave behind. */
export class Interrupts {
  readonly #m: MachineState;
  readonly #waiting: Waiting;

  constructor(m: MachineState, waiting: Waiting) {
    this.#m = m;
    this.#waiting = waiting;
  }

  /** A CPU switched its interrupts on or off: handlers may arrive, flushes by interrupt may be answered. */
  stateChanged(cpu: CpuState): void {
    this.#m.updateIrq(cpu);
    this.#waiting.recheck(EVERYTHING);
  }

  /** The next handler of a CPU begins; the caller then runs it up to its first access. */
  begin(cpu: Cpu): void {
    const m = this.#m;
    const handler = m.program?.interrupts[cpu.id]?.[m.nextInterrupt[cpu.id]++];
    if (handler !== undefined) this.enter(cpu, handler, false);
  }

  /** A CPU puts aside what it does for a handler, in hard interrupt context or as a softirq. */
  enter(cpu: Cpu, handler: Handler, softirq: boolean): void {
    const m = this.#m;
    if (cpu.depth >= 0) {
      cpu.interrupted.push({
        frameBase: cpu.frameBase,
        kind: cpu.kind,
        address: cpu.address,
        a: cpu.a,
        b: cpu.b,
        order: cpu.order,
        op: cpu.op,
        site: cpu.site,
        operation: cpu.operation,
        inHandler: cpu.inHandler,
        handler: cpu.handler,
      });
    }
    if (m.observer !== null) m.observer.interrupt(cpu.id, handler.name, true, softirq ? 'callback' : 'irq');
    cpu.inHandler = true;
    cpu.handler = handler.name;
    cpu.kind = Kind.None;
    cpu.site = 0;
    cpu.frameBase = cpu.depth + 1;
    cpu.begins(softirq ? this.#softirq(cpu, handler) : this.#hardirq(cpu, handler));
    if (softirq) {
      cpu.softirqDepth++;
      cpu.inSoftirq = true;
    } else cpu.hardirqDepth++;
    m.updateIrq(cpu);
    m.done &= ~(1 << cpu.id);
    m.current = cpu.id;
  }

  /** The handler of a CPU has ended; returns true if an operation goes on where it was interrupted. */
  end(cpu: CpuState): boolean {
    cpu.inHandler = false;
    const saved = cpu.interrupted.pop();
    if (saved === undefined) return false;
    cpu.frameBase = saved.frameBase;
    cpu.kind = saved.kind;
    cpu.address = saved.address;
    cpu.a = saved.a;
    cpu.b = saved.b;
    cpu.order = saved.order;
    cpu.op = saved.op;
    cpu.site = saved.site;
    cpu.operation = saved.operation;
    cpu.inHandler = saved.inHandler;
    cpu.handler = saved.handler;
    return true;
  }

  *#hardirq(cpu: Cpu, handler: Handler): Generator<Access | Code, void, unknown> {
    yield* this.#handle(cpu, handler);
    cpu.hardirqDepth--;
    if (this.#m.observer !== null) this.#m.observer.interrupt(cpu.id, handler.name, false, 'irq');
    this.stateChanged(cpu);
  }

  *#softirq(cpu: Cpu, handler: Handler): Generator<Access | Code, void, unknown> {
    yield* this.#handle(cpu, handler);
    cpu.softirqDepth--;
    cpu.inSoftirq = false;
    if (this.#m.observer !== null) this.#m.observer.interrupt(cpu.id, handler.name, false, 'callback');
    this.stateChanged(cpu);
  }

  *#handle(cpu: Cpu, handler: Handler): Generator<Access | Code, void, unknown> {
    const m = this.#m;
    const { heldCount, preemptDepth, softirqDepth, rcuDepth } = cpu;
    yield handler.start(cpu);
    if (cpu.heldCount > heldCount) {
      const lock = cpu.held[heldCount].address;
      const message = `${m.layout.nameOf(lock)} is still held at the end of ${m.operationName(cpu)}`;
      m.violateNow('lock-order', message, cpu, lock, []);
    }
    if (
      cpu.heldCount !== heldCount ||
      cpu.preemptDepth !== preemptDepth ||
      cpu.softirqDepth !== softirqDepth ||
      cpu.rcuDepth !== rcuDepth ||
      cpu.irqsOff
    ) {
      const what = cpu.inSoftirq && cpu.hardirqDepth === 0 ? 'RCU callback' : 'interrupt handler';
      m.misuse(cpu, `the ${what} does not leave the context as it found it`);
    }
  }
}
