// The coherence and atomic axioms, kept incrementally: co as a partial order among non-initial writes, always
// transitively closed, extended with everything that the reads-from choices force.
//
// For accesses of one process to one location, a before b in program order, `acyclic po-loc | rf | co | fr` says:
// two writes are so ordered; a read of w after a write a needs a = w or a before w; a read of w before a write b
// needs w before b; two reads of w and v need w = v or w before v. For a read-modify-write of w into u,
// `empty rmw & (fre ; coe)` puts every other write before w or after u.

import { initial, undecided } from './axioms.ts';
import { hasBit, setBit } from './relations.ts';
import type { Skeleton } from './skeleton.ts';

export class Coherence {
  private readonly skeleton: Skeleton;
  /** Earlier and later accesses of the same process to the same location, by read. */
  private readonly earlierWrites: readonly (readonly number[])[];
  private readonly laterWrites: readonly (readonly number[])[];
  private readonly otherReads: readonly (readonly number[])[];
  /** Reads that are part of a successful read-modify-write, by location. */
  private readonly modifiers: readonly (readonly number[])[];

  constructor(skeleton: Skeleton) {
    this.skeleton = skeleton;
    const s = skeleton;
    const same = (a: number, b: number) => s.thread[a] === s.thread[b] && s.location[a] === s.location[b];
    const byRead = (pick: (r: number) => number[]) => {
      const lists: number[][] = [];
      for (const r of s.reads) lists[r] = pick(r);
      return lists;
    };
    const writes = (r: number) => s.writesAt[s.location[r]];
    this.earlierWrites = byRead(r => writes(r).filter(w => same(w, r) && w < r));
    this.laterWrites = byRead(r => writes(r).filter(w => same(w, r) && w > r));
    this.otherReads = byRead(r => s.reads.filter(q => q !== r && same(q, r)));
    this.modifiers = s.writesAt.map((_, location) =>
      s.reads.filter(r => s.location[r] === location && s.partner[r] >= 0),
    );
  }

  /** The order that program order alone forces. */
  start(): Int32Array {
    const s = this.skeleton;
    const co = new Int32Array(s.n * s.words);
    for (const writes of s.writesAt)
      for (const a of writes)
        for (const b of writes) if (a < b && s.thread[a] === s.thread[b]) this.add(co, a, b);
    return co;
  }

  /** Puts a before b. False when that closes a cycle. */
  add(co: Int32Array, a: number, b: number): boolean {
    const { n, words, writesAt, location } = this.skeleton;
    if (a === b || hasBit(co, b * words, a)) return false;
    if (hasBit(co, a * words, b)) return true;
    const writes = writesAt[location[a]];
    for (let i = 0; i < writes.length; i++) {
      const x = writes[i];
      if (x !== a && !hasBit(co, x * words, a)) continue;
      setBit(co, x * words, b);
      for (let w = 0; w < words; w++) co[x * words + w] |= co[b * words + w];
    }
    return n > 0;
  }

  /** Takes in that `r` reads what `rf` says. False when coherence or atomicity is broken. */
  read(rf: Int32Array, co: Int32Array, r: number): boolean {
    const w = rf[r];
    for (const a of this.earlierWrites[r]) {
      if (a === w) continue;
      if (w === initial || !this.add(co, a, w)) return false;
    }
    if (w >= 0) for (const b of this.laterWrites[r]) if (!this.add(co, w, b)) return false;
    for (const q of this.otherReads[r]) {
      const v = rf[q];
      if (v === undecided || v === w) continue;
      const [first, second] = q < r ? [v, w] : [w, v];
      if (second === initial) return false;
      if (first !== initial && !this.add(co, first, second)) return false;
    }
    return this.atomic(rf, co, this.skeleton.location[r]);
  }

  /** Extends co at a location by what read-modify-writes force, to a fixed point. False when that is impossible. */
  atomic(rf: Int32Array, co: Int32Array, location: number): boolean {
    const modifiers = this.modifiers[location];
    if (modifiers.length === 0) return true;
    const { words, writesAt, partner } = this.skeleton;
    const writes = writesAt[location];
    for (let changed = true; changed; ) {
      changed = false;
      for (const r of modifiers) {
        const w = rf[r];
        if (w === undecided) continue;
        const u = partner[r];
        for (const x of writes) {
          if (x === u || x === w) continue;
          const after = w === initial || hasBit(co, w * words, x);
          if (after && !hasBit(co, u * words, x)) {
            if (!this.add(co, u, x)) return false;
            changed = true;
          }
          if (w !== initial && hasBit(co, x * words, u) && !hasBit(co, x * words, w)) {
            if (!this.add(co, x, w)) return false;
            changed = true;
          }
        }
      }
    }
    return true;
  }
}
