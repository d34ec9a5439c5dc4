// A skeleton: one shape for each process, put side by side. Its accesses are numbered 0 to n-1 and its static
// relations are bit matrices, row a of a relation holding the accesses b with (a, b) in it. What is left open is
// who reads from whom and the coherence order.
//
// Initial writes are no events here: nothing precedes them in any relation, so no cycle passes through one.

import { flag } from './events.ts';
import type { Section, Shape } from './shape.ts';

/** An RCU or SRCU grace period or read-side critical section, as a node of rcu-order. */
export interface RcuNode {
  readonly gracePeriod: boolean;
  /** -1 for RCU, else the srcu_struct's location. */
  readonly domain: number;
  /** Where a chain of links enters: the grace period, or the section's unlock. */
  readonly enterThread: number;
  readonly enterOrder: number;
  /** Where it leaves: the grace period, or the section's lock. */
  readonly leaveThread: number;
  readonly leaveOrder: number;
  /** Accesses before the entry (n bits, in words). */
  readonly before: Int32Array;
  /** Accesses from which a link out starts: those after the leaving point, and itself when it is an access. */
  readonly after: Int32Array;
}

export class Skeleton {
  readonly n: number;
  /** 32-bit words of a row. */
  readonly words: number;
  readonly shapes: readonly Shape[];
  readonly thread: Int32Array;
  readonly location: Int32Array;
  readonly flags: Int32Array;
  readonly order: Int32Array;
  /** Global number of the read of a write's read-modify-write, and the reverse; else -1. */
  readonly partner: Int32Array;
  /** First event of each thread. */
  readonly first: Int32Array;
  readonly ppo: Int32Array;
  readonly strongFence: Int32Array;
  readonly cumulative: Int32Array;
  readonly ordinary: Int32Array;
  /** Marked accesses of the same process, itself included. */
  readonly own: Int32Array;
  /** Marked accesses. */
  readonly marked: Int32Array;
  /** Marked accesses of the process before, and after, each access. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** For each lock read: what follows an smp_mb__after_unlock_lock() after it. */
  readonly afterUnlockLock: Int32Array;
  readonly hasAfterUnlockLock: boolean;
  readonly reads: readonly number[];
  /** Writes by location. */
  readonly writesAt: readonly (readonly number[])[];
  readonly hasRmw: boolean;
  readonly hasPlain: boolean;
  readonly carries: boolean;
  readonly rcu: readonly RcuNode[];
  /** Srcu-unlocks whose matching lock depends on who reads from whom, or all of them: found by the axioms. */
  readonly srcuUnlocks: readonly number[];

  constructor(shapes: readonly Shape[], locations: number) {
    this.shapes = shapes;
    const n = shapes.reduce((sum, shape) => sum + shape.events.length, 0);
    const words = Math.max(1, (n + 31) >> 5);
    this.n = n;
    this.words = words;
    this.thread = new Int32Array(n);
    this.location = new Int32Array(n);
    this.flags = new Int32Array(n);
    this.order = new Int32Array(n);
    this.partner = new Int32Array(n).fill(-1);
    this.first = new Int32Array(shapes.length + 1);
    this.ppo = new Int32Array(n * words);
    this.strongFence = new Int32Array(n * words);
    this.cumulative = new Int32Array(n * words);
    this.ordinary = new Int32Array(n * words);
    this.own = new Int32Array(n * words);
    this.marked = new Int32Array(words);
    this.before = new Int32Array(n * words);
    this.after = new Int32Array(n * words);
    this.afterUnlockLock = new Int32Array(n * words);
    const reads: number[] = [];
    const writesAt: number[][] = Array.from({ length: locations }, () => []);
    let hasRmw = false;
    let hasPlain = false;
    let hasAfterUnlockLock = false;
    const srcuUnlocks: number[] = [];
    let base = 0;
    shapes.forEach((shape, t) => {
      this.first[t] = base;
      const fences = shape.markers.filter(m => m.kind === 'after-unlock-lock').map(m => m.order);
      shape.events.forEach((event, i) => {
        const e = base + i;
        this.thread[e] = t;
        this.location[e] = event.location;
        this.flags[e] = event.flags;
        this.order[e] = event.order;
        if (event.partner >= 0) {
          this.partner[e] = base + event.partner;
          this.partner[base + event.partner] = e;
          hasRmw = true;
        }
        if (event.flags & flag.plain) hasPlain = true;
        else setBit(this.marked, 0, e);
        if (event.flags & flag.write) writesAt[event.location]?.push(e);
        else reads.push(e);
        if (event.flags & flag.srcuUnlock) srcuUnlocks.push(e);
        shape.events.forEach((other, j) => {
          if (other.flags & flag.plain) return;
          setBit(this.own, e * words, base + j);
          if (j < i) setBit(this.before, e * words, base + j);
          if (j > i) setBit(this.after, e * words, base + j);
          if (event.flags & flag.lockRead && fences.some(f => f > event.order && f < other.order)) {
            setBit(this.afterUnlockLock, e * words, base + j);
            hasAfterUnlockLock = true;
          }
        });
      });
      fill(this.ppo, shape.ppo, base, words);
      fill(this.strongFence, shape.strongFence, base, words);
      fill(this.cumulative, shape.cumulative, base, words);
      fill(this.ordinary, shape.ordinary, base, words);
      base += shape.events.length;
    });
    this.first[shapes.length] = base;
    this.reads = reads;
    this.writesAt = writesAt;
    this.hasRmw = hasRmw;
    this.hasPlain = hasPlain;
    this.hasAfterUnlockLock = hasAfterUnlockLock;
    this.carries = shapes.some(shape => shape.carries);
    this.srcuUnlocks = srcuUnlocks;
    this.rcu = this.rcuNodes();
  }

  /** Marked accesses of a thread with orders below `order` (`after` false) or from it on (`after` true). */
  private side(thread: number, order: number, after: boolean): Int32Array {
    const bits = new Int32Array(this.words);
    const end = this.first[thread + 1] ?? 0;
    for (let e = this.first[thread] ?? 0; e < end; e++) {
      const mine = this.order[e] ?? 0;
      const plain = (this.flags[e] ?? 0) & flag.plain;
      if (plain === 0 && (after ? mine >= order : mine < order)) setBit(bits, 0, e);
    }
    return bits;
  }

  /** A node for a grace period or for a section whose lock and unlock stand at these places. */
  rcuNode(
    gracePeriod: boolean,
    domain: number,
    enter: readonly [thread: number, order: number],
    leave: readonly [thread: number, order: number],
  ): RcuNode {
    return {
      gracePeriod,
      domain,
      enterThread: enter[0],
      enterOrder: enter[1],
      leaveThread: leave[0],
      leaveOrder: leave[1],
      before: this.side(enter[0], enter[1], false),
      after: this.side(leave[0], leave[1], true),
    };
  }

  private rcuNodes(): RcuNode[] {
    const nodes: RcuNode[] = [];
    let gracePeriods = 0;
    this.shapes.forEach((shape, t) => {
      for (const order of shape.gracePeriods) nodes.push(this.rcuNode(true, -1, [t, order], [t, order]));
      for (const m of shape.markers)
        if (m.kind === 'sync-srcu') nodes.push(this.rcuNode(true, m.location, [t, m.order], [t, m.order]));
      gracePeriods = nodes.length;
    });
    // without both kinds, rcu-order adds nothing to strong-fence
    const sections = this.shapes.some(shape => shape.sections.length > 0) || this.srcuUnlocks.length > 0;
    if (gracePeriods === 0 || !sections) return [];
    this.shapes.forEach((shape, t) => {
      const section = (s: Section) => this.rcuNode(false, -1, [t, s.unlock], [t, s.lock]);
      for (const s of shape.sections) nodes.push(section(s));
    });
    return nodes;
  }
}

function setBit(bits: Int32Array, row: number, i: number): void {
  const word = row + (i >> 5);
  bits[word] = (bits[word] ?? 0) | (1 << (i & 31));
}

function fill(matrix: Int32Array, pairs: readonly number[], base: number, words: number): void {
  for (let i = 0; i + 1 < pairs.length; i += 2)
    setBit(matrix, (base + (pairs[i] ?? 0)) * words, base + (pairs[i + 1] ?? 0));
}
