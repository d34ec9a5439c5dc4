import type { Layout } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { type Memory, Note } from '../../engine/memory/memory.ts';
import type { Observer } from '../../engine/observer.ts';
import { Profile } from '../../engine/strategies/profile.ts';
import { About, about } from './kinds.ts';
import type { StateChanges } from './state-changes.ts';

/** Words of an entry: what happened, where, and who gave the word its newest value. */
export const WIDTH = 3;
/** Kinds of entries that are no accesses; they follow those of `Kind`. */
export const Entry = { Commit: 31 } as const;

/** First word of an entry: site in bits 0 to 13, CPU in 14 to 17, kind in 18 to 22, `Note` bits in 23 to 26, stale in 27. */
export const Field = { Cpu: 14, Kind: 18, Note: 23, Stale: 27 } as const;
/** Second word: the address in bits 0 to 23, above it the delayed stores of that CPU after the access. */
export const Where = { Delayed: 24, Address: 0xffffff } as const;

/**
 * Writes down the accesses of one execution, its setup left out, in a few integers each, so that what looks at them does
 * so in one loop afterwards. Changes of abstract state are told as they happen, since they need the words.
 */
export class AccessLog implements Observer {
  readonly layout: Layout;
  readonly #machine: Machine;
  readonly #memory: Memory;
  readonly #lastSite: Int32Array;
  readonly #lastCpu: Int32Array;
  readonly #tracked: Uint8Array;
  readonly #states: StateChanges;
  words = new Int32Array(1 << 12);
  #end = 0;
  #begun = false;
  /** Operations and interrupts that began: CPU, name, and the number of entries before. */
  readonly begun: { cpu: number; name: string; handler: boolean; site: number; end: boolean }[] = [];

  constructor(machine: Machine, states: StateChanges) {
    this.#machine = machine;
    this.#memory = machine.memory;
    this.layout = machine.layout;
    this.#lastSite = machine.memory.lastSite;
    this.#lastCpu = machine.memory.lastCpu;
    this.#states = states;
    this.#tracked = states.tracked;
  }

  /** Forgets the execution before; to be called before each. */
  begin(): void {
    this.#end = 0;
    this.#begun = false;
    if (this.begun.length > 0) this.begun.length = 0;
  }

  /** Words in use. */
  get end(): number {
    return this.#end;
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
    const memory = this.#memory;
    const at = this.#end;
    if (at === this.words.length) this.#grow();
    this.#end = at + WIDTH;
    const { words } = this;
    const stale = note >>> Note.StaleShift === 0 ? 0 : 1 << Field.Stale;
    words[at] = site | (cpu << Field.Cpu) | (kind << Field.Kind) | ((note & 15) << Field.Note) | stale;
    words[at + 1] = memory.commits === 0 ? address : address | (memory.delayedBy(cpu) << Where.Delayed);
    words[at + 2] = this.#lastSite[address] | (this.#lastCpu[address] << Field.Cpu);
    if (this.#tracked[address] !== 0) this.#states.look(address);
  }

  commit(cpu: number, address: number): void {
    const at = this.#end;
    if (at === this.words.length) this.#grow();
    this.#end = at + WIDTH;
    const site = this.#lastSite[address];
    this.words[at] = site | (cpu << Field.Cpu) | (Entry.Commit << Field.Kind);
    this.words[at + 1] = address;
    this.words[at + 2] = 0;
    if (this.#tracked[address] !== 0) this.#states.look(address);
  }

  interrupt(cpu: number, name: string, begin: boolean): void {
    const { site } = this.#machine.cpus[cpu];
    this.begun.push({ cpu, name, handler: true, site, end: !begin });
  }

  operation(cpu: number, name: string, _args: readonly number[], begin: boolean): void {
    if (this.#machine.inSetup) return;
    if (!this.#begun) {
      this.#begun = true;
      this.#states.begin();
    }
    this.begun.push({ cpu, name, handler: false, site: 0, end: !begin });
  }

  /** The accesses to words, for strategies that propose schedules. */
  profile(): Profile {
    const { words } = this;
    const places: number[] = [];
    for (let i = 0; i < this.#end; i += WIDTH) {
      const kind = (words[i] >>> Field.Kind) & 31;
      if ((about[kind] & (About.Reads | About.Writes)) !== 0) places.push(i);
    }
    const writes = (word: number): boolean =>
      (about[(word >>> Field.Kind) & 31] & About.Writes) !== 0 && ((word >>> Field.Note) & Note.Failed) === 0;
    return new Profile(
      Uint8Array.from(places, i => (words[i] >>> Field.Cpu) & 15),
      Int32Array.from(places, i => words[i] & 0x3fff),
      Int32Array.from(places, i => words[i + 1] & Where.Address),
      Uint8Array.from(places, i => (writes(words[i]) ? 1 : 0)),
    );
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.words.length);
    larger.set(this.words);
    this.words = larger;
  }
}
