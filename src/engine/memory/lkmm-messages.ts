import type { StateKey } from './memory.ts';

/**
 * What a CPU, a message or a fence knows of each location: the latest message in coherence order, by slot of the
 * location; 0 and what lies past the end stand for the initial value. Never changed once made.
 */
export type View = readonly number[];

export const nothing: View = [];

/** What accesses have in common: what must be visible after them, and the floors (views, time) they set. */
export interface Reach {
  readonly c: View;
  readonly l: View;
  readonly t: View;
}

export const unreached: Reach = { c: nothing, l: nothing, t: nothing };

/** A store as other CPUs may see it. */
export interface Message {
  readonly cpu: number;
  readonly address: number;
  readonly value: number;
  /** What must be visible to whoever is ordered after reading it. */
  readonly pv: View;
  /** What full fences had made visible everywhere before it. */
  readonly hv: View;
  /** Views of its address and data, for a load of its own CPU that forwards from it. */
  readonly dl: View;
  readonly dt: View;
  /** Nothing may come between it and the message before it. */
  readonly glued: boolean;
  /** Of an unlock: the own stores of its CPU before it. */
  readonly os: View;
  /** Snapshot for the data-race oracle. */
  readonly snapshot: number;
  /** The message and `pv`. */
  c: View;
  /** Those and `hv`: what a CPU that reads it can know. */
  known: View;
}

/** The messages of an execution, in coherence order per location, and views of them. */
export class Messages {
  /** By number; 0 is none: the initial value. */
  readonly #all: (Message | null)[] = [null];
  /** Place of each message in the coherence order of its location, from 1; 0 for initial and retired ones. */
  readonly #place: number[] = [0];
  /** Slot of each location that was stored to, -1 for others. */
  readonly #slot: Int32Array;
  readonly #addresses: number[] = [];
  /** Per slot: message numbers in coherence order. */
  readonly #orders: number[][] = [];
  /** Per slot: the value before the first message. */
  readonly #initial: number[] = [];

  constructor(size: number) {
    this.#slot = new Int32Array(size).fill(-1);
  }

  reset(): void {
    for (const address of this.#addresses) this.#slot[address] = -1;
    this.#addresses.length = 0;
    this.#orders.length = 0;
    this.#initial.length = 0;
    this.#all.length = 1;
    this.#place.length = 1;
  }

  /** The slot of a location, or -1 if nothing was stored there. */
  slotOf(address: number): number {
    return this.#slot[address];
  }

  get slots(): number {
    return this.#addresses.length;
  }

  addressOf(slot: number): number {
    return this.#addresses[slot];
  }

  /** Number of messages of a slot; places run from 0 (initial value) up to it. */
  count(slot: number): number {
    return slot < 0 ? 0 : this.#orders[slot].length;
  }

  /** The message at a place, null for the initial value. */
  at(slot: number, place: number): Message | null {
    return place === 0 ? null : this.#all[this.#orders[slot][place - 1]];
  }

  numberAt(slot: number, place: number): number {
    return place === 0 ? 0 : this.#orders[slot][place - 1];
  }

  valueAt(slot: number, place: number): number {
    return this.at(slot, place)?.value ?? this.#initial[slot];
  }

  /** Whether a store may go directly behind the message at a place. */
  open(slot: number, place: number): boolean {
    return place === this.count(slot) || this.at(slot, place + 1)?.glued !== true;
  }

  placeOf(message: number): number {
    return this.#place[message];
  }

  /** The place that a view has reached in a slot. */
  reached(view: View, slot: number): number {
    return slot < view.length ? this.#place[view[slot]] : 0;
  }

  /** The slot of a location that is about to be stored to for the first time; `initial` is its value. */
  ensure(address: number, initial: number): number {
    let slot = this.#slot[address];
    if (slot < 0) {
      slot = this.#addresses.length;
      this.#slot[address] = slot;
      this.#addresses.push(address);
      this.#orders.push([]);
      this.#initial.push(initial);
    } else if (this.#orders[slot].length === 0) this.#initial[slot] = initial;
    return slot;
  }

  /** Inserts a message behind a place; returns its number. */
  insert(slot: number, place: number, message: Message): number {
    const id = this.#all.length;
    this.#all.push(message);
    const order = this.#orders[slot];
    order.splice(place, 0, id);
    this.#place.push(0);
    for (let i = place; i < order.length; i++) this.#place[order[i]] = i + 1;
    const self: number[] = new Array<number>(slot + 1).fill(0);
    self[slot] = id;
    message.c = this.join(message.pv, self);
    message.known = this.join(message.c, message.hv);
    return id;
  }

  /** Forgets the messages of a location: its newest value becomes the initial one. */
  retire(address: number): void {
    const slot = this.#slot[address];
    if (slot < 0) return;
    for (const id of this.#orders[slot]) this.#place[id] = 0;
    this.#orders[slot].length = 0;
  }

  join(a: View, b: View): View {
    if (a === b || b.length === 0) return a;
    if (a.length === 0) return b;
    const place = this.#place;
    const n = Math.min(a.length, b.length);
    let aMore = a.length > b.length;
    let bMore = b.length > a.length;
    for (let i = 0; i < n; i++) {
      if (a[i] === b[i]) continue;
      const d = place[a[i]] - place[b[i]];
      if (d > 0) aMore = true;
      else if (d < 0) bMore = true;
    }
    if (!bMore) return a;
    if (!aMore) return b;
    const joined: number[] = [];
    for (let i = 0; i < n; i++) joined.push(place[a[i]] >= place[b[i]] ? a[i] : b[i]);
    const longer = a.length > b.length ? a : b;
    for (let i = n; i < longer.length; i++) joined.push(longer[i]);
    return joined;
  }

  joinReach(a: Reach, b: Reach): Reach {
    const c = this.join(a.c, b.c);
    const l = this.join(a.l, b.l);
    const t = this.join(a.t, b.t);
    if (c === a.c && l === a.l && t === a.t) return a;
    return { c, l, t };
  }

  /** Adds a view to the key of a state, by places rather than by the numbers that the order of stores gave. */
  addView(key: StateKey, view: View): void {
    let sum = 0;
    for (let slot = 0; slot < view.length; slot++) {
      const place = this.#place[view[slot]];
      if (place !== 0) sum = (sum + Math.imul(this.#addresses[slot] * 256 + place, 0x9e3779b1)) | 0;
    }
    key.add(sum ^ (sum >>> 15));
  }
}
