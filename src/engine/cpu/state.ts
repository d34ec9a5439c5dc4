import { Kind } from '../access.ts';
import { LockType } from '../layout.ts';
import type { Held } from '../lockdep.ts';
import type { Suspended } from './suspended.ts';

const MAX_HELD = 16;

/** What a CPU puts aside while an interrupt runs on it. */
export interface Interrupted {
  readonly frameBase: number;
  readonly kind: number;
  readonly address: number;
  readonly a: number;
  readonly b: number;
  readonly order: number;
  readonly op: number;
  readonly site: number;
  readonly operation: number;
  readonly inHandler: boolean;
  readonly handler: string;
}

/** What a CPU is about to do, the context it is in, and the model code that it runs. */
export class CpuState {
  readonly id: number;

  // The pending access. `kind` is Kind.None while model code runs and has described nothing yet.
  kind: number = Kind.None;
  address = 0;
  a = 0;
  b = 0;
  order = 0;
  op = 0;
  /** Site of the pending access; the build sets it before each primitive. */
  site = 0;

  // Context (kernel/tag-storage part 4).
  preemptDepth = 0;
  /** Bottom halves off, counting a softirq that runs. */
  softirqDepth = 0;
  /** A softirq (an RCU callback) runs here, be it interrupted. */
  inSoftirq = false;
  hardirqDepth = 0;
  irqsOff = false;
  rcuDepth = 0;
  readonly held: Held[];
  heldCount = 0;
  /** Number of the outermost RCU section this CPU is in, 0 if none. */
  rcuSection = 0;
  /** Translation (plus one) that this CPU has walked but not yet accessed memory through; 0 if none. */
  inflight = 0;

  // Coroutine state.
  /** What runs or is suspended, at `depth`, and its callers below it. The places above are free. */
  readonly frames: Suspended[] = [];
  /** -1 if the CPU runs nothing. */
  depth = -1;
  /** What was suspended last and is not on the call stack yet, the innermost first: see `Cpu.parks`. */
  readonly parked: Suspended[] = [];
  parkedCount = 0;
  /** Where the frames of what runs now begin; those of an interrupted operation lie below. */
  frameBase = 0;
  /** The generator that just ended did so with a call: see `Cpu.tailCall`. */
  callsLast = false;
  /** Result of the last access that was executed while the model code ran on: see `Cpu.goesOn`. */
  result = 0;
  /**
   * Result of the last call that came to its end (see `Cpu.calls`), or of what a suspended function waited for: see
   * `Coroutines`.
   */
  returned: unknown = 0;
  /** Index in `machine.program` of the operation that runs. */
  operation = -1;
  readonly interrupted: Interrupted[] = [];
  /** An interrupt handler or a softirq runs here, and its name. */
  inHandler = false;
  handler = '';

  constructor(id: number) {
    this.id = id;
    this.held = Array.from({ length: MAX_HELD }, () => {
      return { address: 0, bit: -1, lockClass: -1, type: LockType.None, read: false, site: 0, since: 0 };
    });
  }

  reset(): void {
    this.kind = Kind.None;
    this.address = 0;
    this.a = 0;
    this.b = 0;
    this.order = 0;
    // Described only by read-modify-writes, yet shown with every access.
    this.op = 0;
    this.site = 0;
    this.preemptDepth = 0;
    this.softirqDepth = 0;
    this.inSoftirq = false;
    this.hardirqDepth = 0;
    this.irqsOff = false;
    this.rcuDepth = 0;
    this.heldCount = 0;
    this.rcuSection = 0;
    this.inflight = 0;
    this.depth = -1;
    this.parkedCount = 0;
    this.frameBase = 0;
    this.callsLast = false;
    this.operation = -1;
    // Setting the length of an array calls into the runtime even if it is empty.
    while (this.interrupted.length > 0) this.interrupted.pop();
    this.inHandler = false;
    this.handler = '';
  }

  inAtomic(): boolean {
    return this.preemptDepth !== 0 || this.softirqDepth !== 0 || this.hardirqDepth !== 0;
  }
  /** Whether blocking is legal (`__might_resched`: preempt count, RCU depth, interrupts). */
  maySleep(): boolean {
    return !this.inAtomic() && this.rcuDepth === 0 && !this.irqsOff;
  }
}
