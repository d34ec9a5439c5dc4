import { type Messages, nothing, type View } from './lkmm-messages.ts';

/** An access: its place among those of its CPU, which the orderings of the kernel's model go by, and what it knows. */
export interface Event {
  readonly cpu: number;
  readonly address: number;
  readonly store: boolean;
  readonly acquire: boolean;
  readonly release: boolean;
  /** Its address comes from an earlier load. */
  readonly dependent: boolean;
  /** Barriers of its CPU before it. */
  readonly strong: number;
  readonly rmb: number;
  readonly wmb: number;
  /** Locks that its CPU took after an unlock. */
  readonly handovers: number;
  readonly inSection: boolean;
  /** Accesses logged when the last grace period of its CPU ended. */
  readonly grace: number;
  /** Per CPU, accesses logged when it last started a grace period before the section of this access began. */
  readonly startedBefore: readonly number[];
  /** The message read or written; 0 for the initial value, -1 while it is not yet made. */
  readonly message: number;
  /** What is visible to its CPU when it sees the message: the message and what it carries. */
  readonly c: View;
  /** What full barriers had made visible everywhere before it executed. */
  readonly t: View;
  /** Accesses logged before it. */
  readonly index: number;
}

/**
 * The accesses of an execution and which must have executed before which (hb and pb of the kernel's model). The
 * machine executes each CPU in order; a load that returns an old value, and a store that goes in front of another,
 * stand for one that executed earlier than that. They may, unless something that they would then precede led to
 * them: such a cycle is what the axioms forbid. Every relation here is at least as large as the model's, so what is
 * refused may be more than must be, and what is allowed is allowed there.
 */
export class ExecutionOrder {
  readonly #messages: Messages;
  readonly #events: Event[] = [];
  #visited = new Uint8Array(256);

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  reset(): void {
    this.#events.length = 0;
  }

  get length(): number {
    return this.#events.length;
  }

  add(event: Event): void {
    this.#events.push(event);
  }

  /** Whether an access may read the message at a place of its location, or put one behind it. */
  allows(candidate: Event, place: number): boolean {
    const slot = this.#messages.slotOf(candidate.address);
    const events = this.#events;
    if (this.#visited.length < events.length) this.#visited = new Uint8Array(2 * events.length);
    else this.#visited.fill(0, 0, events.length);
    const open: Event[] = [];
    for (const event of events) {
      const passed =
        this.#messages.reached(event.t, slot) > place ||
        (event.cpu === candidate.cpu && this.#messages.reached(event.c, slot) > place);
      if (passed) this.#visit(open, event);
    }
    for (let event = open.pop(); event !== undefined; event = open.pop()) {
      if (this.#precedes(event, candidate)) return false;
      for (const later of events)
        if (this.#visited[later.index] === 0 && this.#precedes(event, later)) this.#visit(open, later);
    }
    return true;
  }

  #visit(open: Event[], event: Event): void {
    this.#visited[event.index] = 1;
    open.push(event);
  }

  #precedes(a: Event, b: Event): boolean {
    if (a === b) return false;
    if (this.#passes(b.t, a)) return true;
    if (a.cpu === b.cpu) return this.#passes(b.c, a) || (a.index < b.index && ordered(a, b));
    if (a.store && !b.store && a.message === b.message) return true;
    return byGracePeriod(a, b);
  }

  /** Whether a view has what overwrote the message of an access; of a store, the message itself. */
  #passes(view: View, event: Event): boolean {
    if (view === nothing) return false;
    const slot = this.#messages.slotOf(event.address);
    if (slot < 0) return false;
    const reached = this.#messages.reached(view, slot);
    const place = this.#messages.placeOf(event.message);
    return event.store ? place > 0 && reached >= place : reached > place;
  }
}

/** Whether the model may order two accesses of one CPU, the first before the second (ppo). */
function ordered(a: Event, b: Event): boolean {
  if (b.strong > a.strong || a.acquire || b.release) return true;
  // An unlock and a later lock order all but a store with a later load.
  if (b.handovers > a.handovers && !(a.store && !b.store)) return true;
  // Model code does not say what a store depends on.
  if (!a.store) return b.store || b.rmb > a.rmb || b.dependent;
  if (b.store) return b.wmb > a.wmb || a.address === b.address;
  // Forwarding keeps dependencies.
  return a.message === b.message;
}

/** Whether a grace period may order two accesses of different CPUs. */
function byGracePeriod(a: Event, b: Event): boolean {
  if (a.inSection && a.index < b.grace) return true;
  return b.inSection && a.index < (b.startedBefore[a.cpu] ?? 0);
}
