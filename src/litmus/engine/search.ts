// Every execution of a litmus test on the engine: depth-first, left where a state is met that was met before.

import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { StateKey } from '../../engine/memory/memory.ts';
import { Exhaustive } from '../../engine/strategies/exhaustive.ts';

/** Thrown out of a decision to leave an execution whose rest is known; the machine starts anew with the next. */
export class Known extends Error {
  override name = 'Known';
}

/**
 * A state as a number: 53 bits of hash. That two states of a test share one is not excluded, only out of reach: with
 * a million states the odds are one in ten thousand.
 */
export class HashKey implements StateKey {
  #a = 0;
  #b = 0;

  reset(): void {
    this.#a = 0x9e3779b9;
    this.#b = 0x85ebca6b;
  }

  add(value: number): void {
    let a = Math.imul(this.#a ^ value, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    this.#a = (Math.imul(a, 5) + 0x64726e2b) | 0;
    let b = Math.imul(this.#b + value, 0x1b873593);
    b ^= b >>> 13;
    this.#b = (Math.imul(b, 0xc2b2ae35) + (a >>> 9)) | 0;
  }

  get value(): number {
    return (this.#a >>> 0) * 0x200000 + ((this.#b >>> 0) & 0x1fffff);
  }
}

/** What is searched. */
export interface Searched {
  /** Tells the state of machine and test to a key. */
  fingerprint(key: StateKey): void;
  /** One of the next n actors that may go first without loss, or -1. */
  independent(n: number): number;
}

/** `Exhaustive`, with a memory of states. Its `choose` throws `Known`. */
export class StateSearch implements DecisionSource {
  readonly everyStep = false;
  readonly #inner = new Exhaustive();
  readonly #states = new Set<number>();
  readonly #key = new HashKey();
  readonly #known = new Known();
  readonly #searched: Searched;

  constructor(searched: Searched) {
    this.#searched = searched;
  }

  get executions(): number {
    return this.#inner.executions;
  }

  get states(): number {
    return this.#states.size;
  }

  begin(): void {
    this.#inner.begin();
  }

  choose(kind: number, n: number): number {
    if (kind !== Choice.Actor) return this.#inner.choose(kind, n);
    const alone = this.#searched.independent(n);
    if (alone >= 0) return alone;
    if (this.#inner.fresh) {
      this.#key.reset();
      this.#searched.fingerprint(this.#key);
      const { value } = this.#key;
      if (this.#states.has(value)) throw this.#known;
      this.#states.add(value);
    }
    return this.#inner.choose(kind, n);
  }

  next(): boolean {
    return this.#inner.next();
  }
}
