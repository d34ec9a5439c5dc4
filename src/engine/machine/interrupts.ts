import { type Access, type Frame, Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { Cpu } from '../cpu.ts';
import type { BoundOperation } from '../program.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Waiting } from './waiting.ts';

/** Interrupt handlers: when one arrives, what is put aside for it, and the context it must leave behind. */
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
    if (handler === undefined) return;
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
      });
    }
    if (m.observer !== null) m.observer.interrupt(cpu.id, handler.name, true);
    cpu.hardirqDepth++;
    cpu.inHandler = true;
    cpu.kind = Kind.None;
    cpu.site = 0;
    cpu.frameBase = ++cpu.depth;
    cpu.frames[cpu.depth] = this.#handle(cpu, handler);
    m.irqReady &= ~(1 << cpu.id);
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
    return true;
  }

  *#handle(cpu: Cpu, handler: BoundOperation): Generator<Access | Frame, void, unknown> {
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
      m.misuse(cpu, 'the interrupt handler does not leave the context as it found it');
    }
    cpu.hardirqDepth--;
    if (m.observer !== null) m.observer.interrupt(cpu.id, handler.name, false);
    this.stateChanged(cpu);
  }
}
