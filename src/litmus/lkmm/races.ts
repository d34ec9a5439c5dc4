// Plain accesses: the plain-coherence axiom and the data-race and mixed-accesses flags of linux-kernel.cat,
// section "Plain accesses and data races", written out relation by relation. Only executions of programs with
// plain accesses come here, so this follows the text of the file rather than being fast.

import { Axioms, initial } from './axioms.ts';
import { flag } from './events.ts';
import { rcuOrder } from './rcu-order.ts';
import { compose, hasBit, relate, setBit, unite } from './relations.ts';
import type { Execution } from './search.ts';
import { ThreadOrder } from './shape.ts';
import type { Skeleton } from './skeleton.ts';

export interface RaceFlags {
  dataRace: boolean;
  mixedAccesses: boolean;
}

/** Fences that the definition of `barrier` counts. */
const barriers = new Set([
  'barrier',
  'rmb',
  'wmb',
  'mb',
  'sync-rcu',
  'sync-srcu',
  'before-atomic',
  'after-atomic',
  'rcu-lock',
  'rcu-unlock',
]);

/** What is the same for all executions of a skeleton. */
class RaceCheck {
  private readonly s: Skeleton;
  private readonly axioms: Axioms;
  private readonly staticStrong: Int32Array;
  private readonly releaseAcquire: Int32Array;
  private readonly wmb: Int32Array;
  private readonly rmb: Int32Array;
  /** [R4rmb] ; fencerel(Rmb) ; [~Noreturn] and [~Noreturn] ; fencerel(Rmb) ; [R4rmb]. */
  private readonly fromRmb: Int32Array;
  private readonly toRmb: Int32Array;
  readonly mixed: boolean;

  constructor(skeleton: Skeleton) {
    this.s = skeleton;
    this.axioms = new Axioms(skeleton);
    const { flags, thread, first, shapes, n, words } = skeleton;
    const orders = shapes.map(shape => new ThreadOrder(shape.events, shape.markers));
    const event = (e: number) => shapes[thread[e]].events[e - first[thread[e]]];
    const po = (test: (order: ThreadOrder, a: number, b: number) => boolean) =>
      relate(n, words, (a, b) => a < b && thread[a] === thread[b] && test(orders[thread[a]], a, b));
    const is = (e: number, bits: number) => (flags[e] & bits) !== 0;
    const fenced = (order: ThreadOrder, a: number, b: number) => order.between(event(a), event(b), 'rmb');
    const noreturn = (e: number) => is(e, flag.noreturn);
    const reads = (e: number) => !is(e, flag.write) && !noreturn(e);
    this.staticStrong = po((order, a, b) => order.strong(event(a), event(b)));
    this.releaseAcquire = po((_, a, b) => is(b, flag.release) || is(a, flag.acquire));
    this.wmb = po((order, a, b) => order.wmb(event(a), event(b)));
    this.rmb = po((order, a, b) => order.rmb(event(a), event(b)));
    this.fromRmb = po((order, a, b) => reads(a) && !noreturn(b) && fenced(order, a, b));
    this.toRmb = po((order, a, b) => !noreturn(a) && reads(b) && fenced(order, a, b));

    const barrier = (a: number, b: number): boolean => {
      if (is(b, flag.release) || is(a, flag.acquire)) return true;
      const from = event(a).order;
      const to = event(b).order;
      const shape = shapes[thread[a]];
      const between = (order: number) => order > from && order < to;
      const ordering = flag.acquire | flag.release | flag.mb | flag.srcuLock | flag.srcuUnlock;
      return (
        shape.markers.some(m => barriers.has(m.kind) && between(m.order)) ||
        shape.events.some(e => (e.flags & ordering) !== 0 && between(e.order))
      );
    };
    let mixed = false;
    for (let a = 0; a < n; a++)
      for (let b = a + 1; b < n; b++) {
        if (thread[a] !== thread[b] || skeleton.location[a] !== skeleton.location[b]) continue;
        const plainWrite = (e: number) => is(e, flag.plain) && is(e, flag.write);
        if (!((plainWrite(a) && !is(b, flag.plain)) || (!is(a, flag.plain) && plainWrite(b)))) continue;
        if (!barrier(a, b)) mixed = true;
      }
    this.mixed = mixed;
  }

  /** addr including what is carried through the process's own memory. */
  private addresses(): Int32Array {
    const { n, words, shapes, first } = this.s;
    const { carried } = this.axioms;
    const addr = new Int32Array(n * words);
    shapes.forEach((shape, t) => {
      const base = first[t];
      shape.events.forEach((event, i) => {
        for (const x of event.addr) {
          setBit(addr, (base + x) * words, base + i);
          if (!this.s.carries) continue;
          for (let y = 0; y < n; y++)
            if (hasBit(carried, (base + x) * words, y)) setBit(addr, y * words, base + i);
        }
      });
    });
    return addr;
  }

  /** Strong fences of smp_mb__after_unlock_lock() between processes, plain accesses included. */
  private handovers(rf: Int32Array): Int32Array {
    const { n, words, thread, first, order, flags, reads, shapes } = this.s;
    const fence = new Int32Array(n * words);
    for (const l of reads) {
      const u = rf[l];
      if (u < 0 || (flags[l] & flag.lockRead) === 0 || (flags[u] & flag.unlock) === 0) continue;
      const { markers } = shapes[thread[l]];
      const at = markers.find(m => m.kind === 'after-unlock-lock' && m.order > order[l])?.order;
      if (at === undefined) continue;
      for (let e = first[thread[u]]; e < u; e++)
        for (let f = l; f < first[thread[l] + 1]; f++) if (order[f] > at) setBit(fence, e * words, f);
    }
    return fence;
  }

  /** po ; rcu-order ; po?, plain accesses included. */
  private rcuFence(rf: Int32Array): Int32Array {
    const { n, words, thread, order } = this.s;
    const fence = new Int32Array(n * words);
    const nodes = this.axioms.rcuNodes(rf);
    if (nodes.length === 0) return fence;
    this.axioms.link(nodes);
    const ordered = rcuOrder(nodes, this.axioms.links);
    const m = nodes.length;
    for (let a = 0; a < m; a++)
      for (let b = 0; b < m; b++) {
        if (ordered[a * m + b] === 0) continue;
        for (let e = 0; e < n; e++) {
          if (thread[e] !== nodes[a].enterThread || order[e] >= nodes[a].enterOrder) continue;
          for (let f = 0; f < n; f++)
            if (thread[f] === nodes[b].leaveThread && order[f] >= nodes[b].leaveOrder)
              setBit(fence, e * words, f);
        }
      }
    return fence;
  }

  /** False when plain-coherence is broken; else sets the flags that this execution raises. */
  check({ rf, co }: Execution, raised: RaceFlags): boolean {
    const { s, axioms } = this;
    const { n, words, flags, thread } = s;
    const is = (e: number, bits: number) => (flags[e] & bits) !== 0;
    const marked = (e: number) => !is(e, flag.plain);
    const writes = (e: number) => is(e, flag.write);
    const c = (a: Int32Array, b: Int32Array) => compose(a, b, n, words);
    const has = (relation: Int32Array, a: number, b: number) => hasBit(relation, a * words, b);
    const identity = relate(n, words, (a, b) => a === b);
    const onlyMarked = relate(n, words, (a, b) => a === b && marked(a));
    const maybe = (relation: Int32Array) => unite(relation, identity);

    axioms.consistent(rf, co);
    const gStar = maybe(axioms.reach);
    const rcuFence = this.rcuFence(rf);
    const strong0 = unite(this.staticStrong, this.handovers(rf));
    const nonrwFence = unite(strong0, this.releaseAcquire);
    const fence = unite(nonrwFence, this.wmb, this.rmb, rcuFence);
    const strong = unite(strong0, rcuFence);
    const rb = c(c(axioms.prop, rcuFence), c(gStar, onlyMarked));
    let xbstar = unite(gStar, rb);
    for (let more = c(xbstar, xbstar); more.some((bits, i) => bits !== xbstar[i]); more = c(xbstar, xbstar))
      xbstar = more;
    const addr = this.addresses();
    const rfe = relate(n, words, (w, r) => !writes(r) && rf[r] === w && thread[w] !== thread[r]);
    const sequence = s.hasRmw ? maybe(axioms.chain) : identity;
    const internal = relate(n, words, (a, b) => thread[a] === thread[b] && has(xbstar, a, b));
    const vis = c(
      c(maybe(axioms.cumul), c(maybe(rfe), onlyMarked)),
      unite(c(c(strong, onlyMarked), xbstar), internal),
    );
    const writePre = c(onlyMarked, maybe(unite(addr, fence)));
    const readPre = c(onlyMarked, maybe(unite(addr, nonrwFence, this.fromRmb)));
    const writePost = c(c(maybe(fence), onlyMarked), sequence);
    const readPost = c(maybe(unite(nonrwFence, this.toRmb)), onlyMarked);
    const strongXb = c(strong, xbstar);
    const seen = c(writePost, vis);
    const wwVis = unite(fence, c(strongXb, writePre), c(seen, writePre));
    const wrVis = unite(fence, c(strongXb, readPre), c(seen, readPre));
    const rwXb = unite(fence, c(c(readPost, xbstar), writePre));

    let race = false;
    for (let a = 0; a < n; a++)
      for (let b = 0; b < n; b++) {
        if (thread[a] === thread[b] || s.location[a] !== s.location[b] || (marked(a) && marked(b))) continue;
        if (writes(a) && writes(b) && has(co, a, b)) {
          if (has(wwVis, b, a)) return false;
          const safe = has(wwVis, a, b) && (marked(a) || has(rwXb, a, b)) && (marked(b) || has(wrVis, a, b));
          if (!safe) race = true;
        }
        if (writes(a) && !writes(b) && rf[b] !== initial && (rf[b] === a || has(co, a, rf[b]))) {
          if (rf[b] === a && has(rwXb, b, a)) return false;
          if (!has(wrVis, a, b) && !has(rwXb, b, a)) race = true;
        }
        if (!writes(a) && writes(b) && (rf[a] === initial || has(co, rf[a], b))) {
          if (has(wrVis, b, a)) return false;
          if (!has(rwXb, a, b)) race = true;
        }
      }
    if (race) raised.dataRace = true;
    if (this.mixed) raised.mixedAccesses = true;
    return true;
  }
}

const checks = new WeakMap<Skeleton, RaceCheck>();

/**
 * Judges the plain accesses of a consistent execution: false when it breaks plain-coherence, and so is none; else
 * adds to `flags` what herd would flag.
 */
export function findRaces(execution: Execution, flags: RaceFlags): boolean {
  let check = checks.get(execution.skeleton);
  if (check === undefined) {
    check = new RaceCheck(execution.skeleton);
    checks.set(execution.skeleton, check);
  }
  return check.check(execution, flags);
}
