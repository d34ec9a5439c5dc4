import { Kind } from '../../engine/access.ts';
import type { Machine } from '../../engine/machine.ts';
import { Note } from '../../engine/memory/memory.ts';
import type { Observer } from '../../engine/observer.ts';
import { Profile } from '../../engine/strategies/profile.ts';

/** Words for each entry of the log. */
const WIDTH = 2;

/**
 * Writes down the accesses of one execution in a few integers each, so that what looks at them does so in one loop
 * afterwards, and only where it is wanted.
 */
export class AccessLog implements Observer {
  readonly #machine: Machine;
  #log = new Int32Array(1 << 12);
  #count = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Forgets the execution before; to be called before each. */
  begin(): void {
    this.#count = 0;
  }

  access(
    cpu: number,
    kind: number,
    address: number,
    _a: number,
    _b: number,
    _order: number,
    _op: number,
    site: number,
    _result: number,
    note: number,
  ): void {
    if (this.#machine.inSetup) return;
    const at = this.#count * WIDTH;
    if (at === this.#log.length) this.#grow();
    this.#log[at] = site | (cpu << 14) | (kind << 18) | ((note & 15) << 23);
    this.#log[at + 1] = address;
    this.#count++;
  }

  commit(): void {}
  interrupt(): void {}
  operation(): void {}

  /** The accesses to words, for strategies that propose schedules. */
  profile(): Profile {
    const log = this.#log;
    const places: number[] = [];
    for (let i = 0; i < this.#count; i++) if (log[i * WIDTH + 1] !== 0) places.push(i * WIDTH);
    return new Profile(
      Uint8Array.from(places, i => (log[i] >>> 14) & 15),
      Int32Array.from(places, i => log[i] & 0x3fff),
      Int32Array.from(places, i => log[i + 1]),
      Uint8Array.from(places, i => (writes((log[i] >>> 18) & 31, log[i] >>> 23) ? 1 : 0)),
    );
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#log.length);
    larger.set(this.#log);
    this.#log = larger;
  }
}

const loads = [Kind.Load, Kind.PlainLoad, Kind.IsLocked, Kind.Wait, Kind.Walk];

/** Whether an access of a kind changed its word; a conditional one that failed did not. */
export function writes(kind: number, note: number): boolean {
  return (note & Note.Failed) === 0 && !loads.some(load => load === kind);
}
