// Shapes: traces of a process that differ in values only share one. A shape holds what program order, fences and
// dependencies alone say about its accesses, the static part of the relations of linux-kernel.cat, computed once.

import { flag, type Marker, type ThreadEvent, type Trace } from './events.ts';

/** Pairs (a, b) of local event numbers, flattened. */
export type Pairs = number[];

/** An RCU read-side critical section: the orders of its outermost lock and unlock. */
export interface Section {
  readonly lock: number;
  readonly unlock: number;
}

export interface Shape {
  readonly events: readonly ThreadEvent[];
  readonly markers: readonly Marker[];
  /** Values of all events, one row per trace of this shape. */
  readonly rows: readonly (readonly number[])[];
  /** Observed registers, one row per trace. */
  readonly registers: readonly (readonly number[])[];
  /** Preserved program order as far as it is static, between marked accesses. */
  readonly ppo: Pairs;
  readonly strongFence: Pairs;
  /** strong-fence | po-rel, the A-cumulative parts of cumul-fence. */
  readonly cumulative: Pairs;
  /** wmb | po-unlock-lock-po, the others. */
  readonly ordinary: Pairs;
  /** Outermost RCU sections, and grace periods by order. */
  readonly sections: readonly Section[];
  readonly gracePeriods: readonly number[];
  /** Whether a read of the process may read a write of it that has dependencies. */
  readonly carries: boolean;
}

const isWrite = (e: ThreadEvent) => (e.flags & flag.write) !== 0;
const isPlain = (e: ThreadEvent) => (e.flags & flag.plain) !== 0;
const has = (e: ThreadEvent, bits: number) => (e.flags & bits) !== 0;

/** Static relations between two accesses of a process, the first earlier in program order. */
export class ThreadOrder {
  private readonly events: readonly ThreadEvent[];
  private readonly markers: readonly Marker[];

  constructor(events: readonly ThreadEvent[], markers: readonly Marker[]) {
    this.events = events;
    this.markers = markers;
  }

  /** fencerel: a fence of this kind stands between. */
  between(a: ThreadEvent, b: ThreadEvent, kind: Marker['kind']): boolean {
    return this.markers.some(m => m.kind === kind && m.order > a.order && m.order < b.order);
  }

  /** Full barriers: smp_mb(), full read-modify-writes, and the smp_mb__ helpers. */
  mb(a: ThreadEvent, b: ThreadEvent): boolean {
    if (has(b, flag.mb) && !isWrite(b)) return true;
    if (has(a, flag.mb) && isWrite(a)) return true;
    return this.markers.some(m => {
      switch (m.kind) {
        case 'mb':
          return m.order > a.order && m.order < b.order;
        case 'before-atomic':
          return (
            m.order > a.order &&
            this.events.some(k => has(k, flag.rmw) && k.order > m.order && k.order <= b.order)
          );
        case 'after-atomic':
          return m.order < b.order && this.reached(a, m, flag.rmw);
        case 'after-spinlock':
          return m.order < b.order && this.reached(a, m, flag.lockWrite);
        case 'after-srcu-read-unlock':
          return m.order < b.order && this.reached(a, m, flag.srcuUnlock);
        case 'after-unlock-lock':
          return m.order < b.order && this.unlockLock(a.order, m.order);
        default:
          return false;
      }
    });
  }

  /** An access with one of these flags stands at or after `a` and before the marker. */
  private reached(a: ThreadEvent, m: Marker, bits: number): boolean {
    return this.events.some(k => has(k, bits) && k.order >= a.order && k.order < m.order);
  }

  /** po-unlock-lock-po within the process, between two places in program order. */
  unlockLock(from: number, to: number): boolean {
    return this.events.some(
      u =>
        has(u, flag.unlock) &&
        u.order > from &&
        this.events.some(l => has(l, flag.lockRead) && l.order > u.order && l.order < to),
    );
  }

  strong(a: ThreadEvent, b: ThreadEvent): boolean {
    return this.mb(a, b) || this.between(a, b, 'sync-rcu') || this.between(a, b, 'sync-srcu');
  }

  rmb(a: ThreadEvent, b: ThreadEvent): boolean {
    const orders = (e: ThreadEvent) => !isWrite(e) && !has(e, flag.noreturn);
    return orders(a) && orders(b) && this.between(a, b, 'rmb');
  }

  wmb(a: ThreadEvent, b: ThreadEvent): boolean {
    return isWrite(a) && isWrite(b) && this.between(a, b, 'wmb');
  }
}

function sectionsOf(markers: readonly Marker[]): Section[] {
  const sections: Section[] = [];
  let depth = 0;
  let start = 0;
  for (const m of markers) {
    if (m.kind === 'rcu-lock' && depth++ === 0) start = m.order;
    // an unlock without a lock is left alone, as herd does
    else if (m.kind === 'rcu-unlock' && depth > 0 && --depth === 0)
      sections.push({ lock: start, unlock: m.order });
  }
  return sections;
}

function buildShape(trace: Trace): Shape {
  const { events, markers } = trace;
  const order = new ThreadOrder(events, markers);
  const ppo: Pairs = [];
  const strongFence: Pairs = [];
  const cumulative: Pairs = [];
  const ordinary: Pairs = [];
  const fenced = markers.length > 0;
  const locks = events.some(e => has(e, flag.unlock));
  let carries = false;
  events.forEach((b, j) => {
    // addr ; [Plain] ; wmb
    const throughPlain = new Set<number>();
    for (let i = 0; i < j; i++) {
      const a = events[i];
      if (a !== undefined && isPlain(a) && a.addr.length > 0 && order.wmb(a, b))
        for (const x of a.addr) throughPlain.add(x);
    }
    for (let i = 0; i < j; i++) {
      const a = events[i];
      if (a === undefined) continue;
      if (isWrite(a) && !isWrite(b) && a.location === b.location && a.addr.length + a.data.length > 0)
        carries = true;
      if (isPlain(a) || isPlain(b)) continue;
      const strong = (fenced || has(a, flag.mb) || has(b, flag.mb)) && order.strong(a, b);
      const release = has(b, flag.release);
      const wmb = fenced && order.wmb(a, b);
      const unlockLock = locks && order.unlockLock(a.order, b.order);
      if (strong) strongFence.push(i, j);
      if (strong || release) cumulative.push(i, j);
      if (wmb || unlockLock) ordinary.push(i, j);
      const address = b.addr.includes(i);
      const ordered =
        strong ||
        release ||
        wmb ||
        unlockLock ||
        has(a, flag.acquire) ||
        address ||
        (isWrite(b) &&
          (b.data.includes(i) || b.ctrl.includes(i) || a.location === b.location || throughPlain.has(i))) ||
        (fenced && order.rmb(a, b));
      if (ordered) ppo.push(i, j);
    }
  });
  const gracePeriods = markers.filter(m => m.kind === 'sync-rcu').map(m => m.order);
  return {
    events,
    markers,
    rows: [],
    registers: [],
    ppo,
    strongFence,
    cumulative,
    ordinary,
    sections: sectionsOf(markers),
    gracePeriods,
    carries,
  };
}

function keyOf(trace: Trace): string {
  const parts: (string | number)[] = [];
  for (const e of trace.events)
    parts.push(e.flags, e.location, e.order, e.partner, e.addr.join(), e.data.join(), e.ctrl.join(), ';');
  for (const m of trace.markers) parts.push(m.kind, m.order, m.location, ';');
  return parts.join(' ');
}

/** Groups the traces of one process by shape. */
export function shapesOf(traces: readonly Trace[]): Shape[] {
  const groups = new Map<string, Trace[]>();
  for (const trace of traces) {
    const key = keyOf(trace);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trace]);
    else group.push(trace);
  }
  const shapes: Shape[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    shapes.push({
      ...buildShape(first),
      rows: group.map(t => t.values),
      registers: group.map(t => t.registers),
    });
  }
  return shapes;
}
