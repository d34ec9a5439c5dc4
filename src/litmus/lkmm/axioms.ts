// The axioms of the Linux-kernel memory model on a (possibly unfinished) candidate execution: happens-before,
// propagation and rcu of linux-kernel.cat, as in kernel v6.12 and later with herd's lkmmv2. Coherence and
// atomicity are kept by coherence.ts. All relations only grow when more of rf and co is known, so a violation by
// what is known so far is one of every completion.
//
// hb, pb and rb as the file defines them, folded: with C* for cumul-fence*,
//   prop  = [Marked] ; (overwrite & ext)? ; C* ; rfe? ; [Marked]
//   G     = ppo | rfe | ((prop \ id) & int) | prop ; strong-fence
// happens-before and propagation together hold exactly when G is acyclic, because pb absorbs the hb after it;
// and hb* ; pb* = G*, which rcu-link needs. Fences are no events here: gp and mb are relations between accesses,
// and what the file derives through fence events (prop is the identity on them) follows by po from accesses.

import { flag } from './events.ts';
import { violatesRcu } from './rcu-order.ts';
import { close, hasBit, join, reflexive, setBit } from './relations.ts';
import type { RcuNode, Skeleton } from './skeleton.ts';

/** In `rf`: not decided yet, and reading the initial value. */
export const undecided = -2;
export const initial = -1;

export class Axioms {
  private readonly skeleton: Skeleton;
  /** G; after `consistent`, its closure. */
  readonly reach: Int32Array;
  /** (overwrite & ext), and external reads of each write. */
  private readonly overwritten: Int32Array;
  private readonly readers: Int32Array;
  /** cumul-fence, closed. */
  readonly cumul: Int32Array;
  readonly prop: Int32Array;
  /** strong-fence between marked accesses. */
  readonly strong: Int32Array;
  private readonly cumulative: Int32Array;
  /** (rf ; rmw)+ when the skeleton has read-modify-writes. */
  readonly chain: Int32Array;
  /** For each read, the reads whose values it carries on through the process's own writes. */
  readonly carried: Int32Array;
  private readonly scratch: Int32Array;
  /** rcu-link, m entries for each of m nodes. */
  links = new Uint8Array(0);
  private readonly marked: Uint8Array;
  /** All writes of a location, marked ones. */
  private readonly writes: Int32Array;
  /** Events with strong fences after them. */
  private readonly fencing: number[] = [];

  constructor(skeleton: Skeleton) {
    this.skeleton = skeleton;
    const { n, words } = skeleton;
    this.reach = new Int32Array(n * words);
    this.overwritten = new Int32Array(n * words);
    this.readers = new Int32Array(n * words);
    this.cumul = new Int32Array(n * words);
    this.prop = new Int32Array(n * words);
    this.strong = skeleton.hasAfterUnlockLock ? new Int32Array(n * words) : skeleton.strongFence;
    this.cumulative = skeleton.hasAfterUnlockLock ? new Int32Array(n * words) : skeleton.cumulative;
    this.chain = new Int32Array(n * words);
    this.carried = new Int32Array(skeleton.carries ? n * words : 0);
    this.scratch = new Int32Array(words);
    this.marked = new Uint8Array(n);
    for (let e = 0; e < n; e++) if ((skeleton.flags[e] & flag.plain) === 0) this.marked[e] = 1;
    this.writes = new Int32Array(skeleton.writesAt.length * words);
    skeleton.writesAt.forEach((list, location) => {
      for (const w of list) if (this.marked[w] === 1) setBit(this.writes, location * words, w);
    });
    for (let e = 0; e < n; e++)
      for (let w = 0; w < words; w++)
        if (this.strong === skeleton.strongFence && skeleton.strongFence[e * words + w] !== 0) {
          this.fencing.push(e);
          break;
        }
  }

  /**
   * Whether what is known violates no axiom. `rf` gives for each read its write, `initial` or `undecided`; `co` is
   * the coherence order known so far, transitively closed, among non-initial writes.
   */
  consistent(rf: Int32Array, co: Int32Array): boolean {
    this.derive(rf, co, null);
    const { n, words } = this.skeleton;
    close(this.reach, n, words);
    if (reflexive(this.reach, n, words)) return false;
    return this.rcuHolds(rf);
  }

  /**
   * Whether every way to decide the open reads keeps the axioms: the relations are built from all their `sources`
   * at once, which is more than any one choice gives, and a relation that has no cycle has none in its parts.
   * Only for skeletons without read-modify-writes and dependencies carried through memory, with one write at most
   * for each location, where the other axioms have nothing to say.
   */
  certain(rf: Int32Array, co: Int32Array, sources: readonly (readonly number[])[]): boolean {
    this.derive(rf, co, sources);
    const { n, words } = this.skeleton;
    close(this.reach, n, words);
    return !reflexive(this.reach, n, words) && this.rcuHolds(rf);
  }

  /** Fills in `reach` (as G, not closed), `cumul` (closed) and `prop`; open reads read all of `sources`, or nothing. */
  private derive(rf: Int32Array, co: Int32Array, sources: readonly (readonly number[])[] | null): void {
    const s = this.skeleton;
    const { n, words, own } = s;
    const { reach, overwritten, readers, cumul, prop, marked } = this;
    reach.set(s.ppo);
    cumul.set(s.ordinary);
    overwritten.fill(0);
    readers.fill(0);
    if (s.hasAfterUnlockLock) {
      this.strong.set(s.strongFence);
      this.cumulative.set(s.cumulative);
    }
    this.unlockLocks(rf);
    const { strong, cumulative } = this;
    for (let i = 0; i < n * words; i++) cumul[i] |= cumulative[i];
    for (const r of s.reads) {
      if (marked[r] === 0) continue;
      if (rf[r] !== undecided) this.readsFrom(r, rf[r], co);
      else if (sources !== null) for (const w of sources[r]) this.readsFrom(r, w, co);
    }
    for (const writes of s.writesAt)
      for (const w of writes) {
        const row = w * words;
        if (marked[w] === 1)
          for (let k = 0; k < words; k++) overwritten[row + k] = co[row + k] & ~own[row + k] & s.marked[k];
      }
    if (s.hasRmw) this.rmwSequences(rf);
    if (s.carries) this.carry(rf);
    close(cumul, n, words);
    for (let e = 0; e < n; e++) {
      if (marked[e] === 0) continue;
      const row = e * words;
      for (let k = 0; k < words; k++) prop[row + k] = cumul[row + k];
      setBit(prop, row, e);
      for (let k = 0; k < words; k++)
        for (let bits = overwritten[row + k]; bits !== 0; bits &= bits - 1) {
          const w = (k << 5) + 31 - Math.clz32(bits & -bits);
          setBit(prop, row, w);
          join(prop, row, cumul, w * words, words);
        }
      this.expand(prop, row, readers);
      // hb: (prop \ id) & int
      for (let k = 0; k < words; k++)
        reach[row + k] |= prop[row + k] & own[row + k] & ~(e >> 5 === k ? 1 << (e & 31) : 0);
      // pb: prop ; strong-fence
      if (strong === s.strongFence) {
        for (const f of this.fencing) if (hasBit(prop, row, f)) join(reach, row, strong, f * words, words);
      } else for (let f = 0; f < n; f++) if (hasBit(prop, row, f)) join(reach, row, strong, f * words, words);
    }
  }

  /** Adds that r reads w: rfe, the A-cumulative fences after r, and what overwrites w. */
  private readsFrom(r: number, w: number, co: Int32Array): void {
    const s = this.skeleton;
    const { words, own } = s;
    const { overwritten } = this;
    const row = r * words;
    if (w === initial) {
      const all = s.location[r] * words;
      for (let k = 0; k < words; k++) overwritten[row + k] |= this.writes[all + k] & ~own[row + k];
      return;
    }
    const from = w * words;
    for (let k = 0; k < words; k++) overwritten[row + k] |= co[from + k] & ~own[row + k] & s.marked[k];
    if (s.thread[w] === s.thread[r] || this.marked[w] === 0) return;
    setBit(this.reach, from, r);
    setBit(this.readers, from, r);
    join(this.cumul, from, this.cumulative, row, words);
  }

  /** row |= the rows in `relation` of everything in row. */
  private expand(matrix: Int32Array, row: number, relation: Int32Array): void {
    const { words } = this.skeleton;
    const { scratch } = this;
    for (let k = 0; k < words; k++) scratch[k] = matrix[row + k];
    for (let k = 0; k < words; k++)
      for (let bits = scratch[k]; bits !== 0; bits &= bits - 1)
        join(matrix, row, relation, ((k << 5) + 31 - Math.clz32(bits & -bits)) * words, words);
  }

  /** po-unlock-lock-po between processes, and the strong fences of smp_mb__after_unlock_lock(). */
  private unlockLocks(rf: Int32Array): void {
    const s = this.skeleton;
    const { words } = s;
    for (const l of s.reads) {
      const u = rf[l];
      if (u < 0 || (s.flags[l] & flag.lockRead) === 0 || (s.flags[u] & flag.unlock) === 0) continue;
      for (let e = s.first[s.thread[u]]; e < u; e++) {
        if (this.marked[e] === 0) continue;
        join(this.cumul, e * words, s.after, l * words, words);
        if (s.hasAfterUnlockLock) {
          join(this.strong, e * words, s.afterUnlockLock, l * words, words);
          join(this.cumulative, e * words, s.afterUnlockLock, l * words, words);
        }
      }
    }
  }

  /** cumul-fence ; (rf ; rmw)*: whoever sees the end of a chain of read-modify-writes sees its start. */
  private rmwSequences(rf: Int32Array): void {
    const s = this.skeleton;
    const { n, words } = s;
    const { chain, cumul } = this;
    let any = false;
    chain.fill(0);
    for (const r of s.reads) {
      const next = s.partner[r];
      if (next < 0 || rf[r] < 0) continue;
      setBit(chain, rf[r] * words, next);
      any = true;
    }
    if (!any) return;
    close(chain, n, words);
    for (let e = 0; e < n; e++) this.expand(cumul, e * words, chain);
  }

  /**
   * Dependencies through the process's own memory: carry-dep = (data ; [~Srcu-unlock] ; rfi)* before addr, data and
   * ctrl, and dep ; [Marked] ; rfi in ppo. Reads come after the writes they read in program order, so one pass does.
   */
  private carry(rf: Int32Array): void {
    const s = this.skeleton;
    const { words } = s;
    const { carried, reach, marked, scratch } = this;
    carried.fill(0);
    s.shapes.forEach((shape, t) => {
      const base = s.first[t];
      const add = (reads: readonly number[], direct: boolean) => {
        for (const x of reads) {
          if (direct) setBit(scratch, 0, base + x);
          join(scratch, 0, carried, (base + x) * words, words);
        }
      };
      const edges = (to: number) => {
        for (let k = 0; k < words; k++)
          for (let bits = scratch[k]; bits !== 0; bits &= bits - 1) {
            const x = (k << 5) + 31 - Math.clz32(bits & -bits);
            if (marked[x] === 1) setBit(reach, x * words, to);
          }
      };
      shape.events.forEach((event, i) => {
        const e = base + i;
        if (event.flags & flag.write) {
          if (marked[e] === 0) return;
          scratch.fill(0);
          add(event.addr, false);
          add(event.data, false);
          add(event.ctrl, false);
          // addr ; [Plain] ; wmb
          for (let j = 0; j < i; j++) {
            const plain = shape.events[j];
            const fenced = plain.flags & flag.plain && plain.flags & flag.write && plain.addr.length > 0;
            if (
              fenced &&
              shape.markers.some(m => m.kind === 'wmb' && m.order > plain.order && m.order < event.order)
            )
              add(plain.addr, false);
          }
          edges(e);
          return;
        }
        scratch.fill(0);
        add(event.addr, false);
        if (marked[e] === 1) edges(e);
        const w = rf[e];
        if (w < 0 || s.thread[w] !== t) return;
        const source = shape.events[w - base];
        if ((source.flags & flag.srcuUnlock) === 0) {
          scratch.fill(0);
          add(source.data, true);
          join(carried, e * words, scratch, 0, words);
        }
        if (marked[w] === 1 && marked[e] === 1) {
          scratch.fill(0);
          add(source.addr, true);
          add(source.data, true);
          edges(e);
        }
      });
    });
  }

  /** The rcu axiom, with `reach` closed. */
  private rcuHolds(rf: Int32Array): boolean {
    if (this.skeleton.rcu.length === 0) return true;
    const nodes = this.rcuNodes(rf);
    return !this.link(nodes) || !violatesRcu(nodes, this.links);
  }

  /** Grace periods and critical sections, SRCU's as far as `rf` tells them. */
  rcuNodes(rf: Int32Array): readonly RcuNode[] {
    const s = this.skeleton;
    return s.srcuUnlocks.length === 0 || s.rcu.length === 0 ? s.rcu : [...s.rcu, ...this.srcuSections(rf)];
  }

  /** Fills in `links` with rcu-link among nodes, `reach` being closed; false when there is none. */
  link(nodes: readonly RcuNode[]): boolean {
    const s = this.skeleton;
    const m = nodes.length;
    if (this.links.length < m * m) this.links = new Uint8Array(m * m);
    const links = this.links;
    const { words } = s;
    const from = new Int32Array(words);
    let any = false;
    for (let a = 0; a < m; a++) {
      const source = nodes[a];
      // po? ; hb* ; pb* ; prop
      from.set(source.after);
      this.expand(from, 0, this.reach);
      this.expand(from, 0, this.prop);
      for (let b = 0; b < m; b++) {
        const target = nodes[b];
        let linked = source.leaveThread === target.enterThread && source.leaveOrder < target.enterOrder;
        for (let k = 0; k < words; k++) if ((from[k] & target.before[k]) !== 0) linked = true;
        links[a * m + b] = linked ? 1 : 0;
        if (linked) any = true;
      }
    }
    return any;
  }

  /** srcu-rscs: locks whose cookie reaches an unlock of the same srcu_struct through data dependencies and rf. */
  srcuSections(rf: Int32Array): RcuNode[] {
    const s = this.skeleton;
    const found: RcuNode[] = [];
    for (const unlock of s.srcuUnlocks) {
      const seen = new Set<number>();
      const pending = [unlock];
      for (let w = pending.pop(); w !== undefined; w = pending.pop()) {
        const t = s.thread[w];
        const base = s.first[t];
        for (const local of s.shapes[t].events[w - base].data) {
          const r = base + local;
          if (seen.has(r)) continue;
          seen.add(r);
          if (s.flags[r] & flag.srcuLock) {
            if (s.location[r] === s.location[unlock])
              found.push(
                s.rcuNode(false, s.location[r], [s.thread[unlock], s.order[unlock]], [t, s.order[r]]),
              );
          } else if (rf[r] >= 0 && (s.flags[rf[r]] & flag.srcuUnlock) === 0) pending.push(rf[r]);
        }
      }
    }
    return found;
  }
}
