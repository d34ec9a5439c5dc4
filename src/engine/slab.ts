import { Attr, type Layout, type SlabCache } from './layout.ts';
import type { Memory } from './memory/memory.ts';

const FREE = 0;
const LIVE = 1;
const FREED = 2;
/** What freed objects are filled with, as SLUB's POISON_FREE. */
export const POISON = 0x6b6b6b6b;

/**
 * A simulated slab. Objects are handed out in a round, so that a freed one stays poisoned as long as possible;
 * which one is handed out depends on the execution alone.
 */
export class Slab {
  /** Pointer words outside the slab, and those of each object. */
  /** Pointer words outside of objects: which words are, and those that are not 0 at the beginning. */
  readonly #isRoot: Uint8Array;
  readonly #initialRoots: readonly number[];
  readonly #pointers: readonly (readonly number[])[];
  readonly #reached: Uint8Array;
  readonly #memory: Memory;
  /** Number of the object that holds an address, plus one; 0 for words outside the slab. */
  readonly objectOf: Int32Array;
  readonly #state: Uint8Array;
  readonly #base: Int32Array;
  readonly #size: Int32Array;
  readonly #poison: Uint8Array;
  readonly #firstOf: Int32Array;
  readonly #next: Int32Array;
  readonly #site: Int32Array;
  readonly #freeSite: Int32Array;
  #touched = false;
  live = 0;
  /** Those of them that can leak. */
  #mayLeak = 0;
  /** Most objects live at once in this execution. */
  peak = 0;

  constructor(layout: Layout, memory: Memory) {
    this.#memory = memory;
    const total = layout.caches.reduce((sum, cache) => sum + cache.count, 0);
    this.objectOf = new Int32Array(layout.size);
    this.#state = new Uint8Array(total);
    this.#base = new Int32Array(total);
    this.#size = new Int32Array(total);
    this.#poison = new Uint8Array(total);
    this.#site = new Int32Array(total);
    this.#freeSite = new Int32Array(total);
    this.#firstOf = new Int32Array(layout.caches.length);
    this.#next = new Int32Array(layout.caches.length);
    let object = 0;
    for (const cache of layout.caches) {
      this.#firstOf[cache.id] = object;
      for (let i = 0; i < cache.count; i++, object++) {
        this.#base[object] = cache.base + i * cache.size;
        this.#size[object] = cache.size;
        this.#poison[object] = cache.poison ? 1 : 0;
        this.objectOf.fill(object + 1, this.#base[object], this.#base[object] + cache.size);
      }
    }
    const all = layout.attributes.flatMap((attr, a) => ((attr & Attr.Pointer) !== 0 ? [a] : []));
    const roots = all.filter(a => this.objectOf[a] === 0);
    this.#isRoot = new Uint8Array(layout.size);
    for (const a of roots) this.#isRoot[a] = 1;
    this.#initialRoots = roots.filter(a => layout.initial[a] !== 0);
    this.#pointers = Array.from({ length: total }, (_, o) => all.filter(a => this.objectOf[a] === o + 1));
    this.#reached = new Uint8Array(total);
  }

  reset(): void {
    if (!this.#touched) return;
    for (let o = 0; o < this.#state.length; o++) this.#state[o] = FREE;
    for (let c = 0; c < this.#next.length; c++) this.#next[c] = 0;
    this.live = 0;
    this.#mayLeak = 0;
    this.peak = 0;
    this.#touched = false;
  }

  /** Hands out an object; 0 if the cache is empty. */
  allocate(cache: SlabCache, site: number): number {
    const first = this.#firstOf[cache.id];
    for (let i = 0; i < cache.count; i++) {
      const slot = (this.#next[cache.id] + i) % cache.count;
      const object = first + slot;
      if (this.#state[object] === LIVE) continue;
      this.#next[cache.id] = (slot + 1) % cache.count;
      this.#state[object] = LIVE;
      this.#site[object] = site;
      this.#touched = true;
      if (++this.live > this.peak) this.peak = this.live;
      this.#mayLeak += this.#poison[object];
      return this.#base[object];
    }
    return 0;
  }

  /** First address after the object that starts at `base`. */
  endOf(base: number): number {
    const object = this.objectOf[base] - 1;
    return object < 0 ? base : this.#base[object] + this.#size[object];
  }

  /** Whether a live object starts at `base`. */
  isLive(base: number): boolean {
    const object = this.objectOf[base] - 1;
    return object >= 0 && this.#base[object] === base && this.#state[object] === LIVE;
  }

  /** Frees and poisons an object; returns false if it was not live. */
  free(base: number, site: number): boolean {
    if (!this.isLive(base)) return false;
    const object = this.objectOf[base] - 1;
    this.#state[object] = FREED;
    this.#freeSite[object] = site;
    this.live--;
    this.#mayLeak -= this.#poison[object];
    if (this.#poison[object] === 1) {
      for (let a = base; a < base + this.#size[object]; a++) this.#memory.poke(a, POISON);
    }
    return true;
  }

  /** Whether an access to a word of the slab is legal: its object is live. */
  usable(address: number): boolean {
    const object = this.objectOf[address] - 1;
    return object < 0 || this.#state[object] === LIVE;
  }

  /** Whether the object that holds an address was live once. */
  wasFreed(address: number): boolean {
    const object = this.objectOf[address] - 1;
    return object >= 0 && this.#state[object] === FREED;
  }

  /** Site that freed the object that holds an address; 0 if it was never freed. */
  freedAt(address: number): number {
    const object = this.objectOf[address] - 1;
    return object < 0 || this.#state[object] !== FREED ? 0 : this.#freeSite[object];
  }

  /**
   * Objects that are live and that no pointer word of reachable memory refers to or into, as kmemleak judges; each as
   * [base address, site of its allocation].
   */
  leaks(): readonly (readonly [number, number])[] {
    if (this.#mayLeak === 0) return [];
    this.#reached.fill(0);
    this.#visit(this.#initialRoots);
    // The other roots are 0 unless this execution wrote them.
    const memory = this.#memory;
    for (let i = 0; i < memory.touchedCount; i++) {
      const a = memory.touchedAt(i);
      if (this.#isRoot[a] === 1) this.#follow(a);
    }
    const lost: (readonly [number, number])[] = [];
    for (let o = 0; o < this.#state.length; o++) {
      if (this.#state[o] === LIVE && this.#poison[o] === 1 && this.#reached[o] === 0) {
        lost.push([this.#base[o], this.#site[o]]);
      }
    }
    return lost;
  }

  /** Marks the objects that pointer words refer to, and what these refer to. */
  #visit(pointers: readonly number[]): void {
    for (let i = 0; i < pointers.length; i++) this.#follow(pointers[i]);
  }

  #follow(pointer: number): void {
    const value = this.#memory.words[pointer];
    const object = value > 0 && value < this.objectOf.length ? this.objectOf[value] - 1 : -1;
    if (object < 0 || this.#reached[object] === 1) return;
    this.#reached[object] = 1;
    this.#visit(this.#pointers[object]);
  }
}
