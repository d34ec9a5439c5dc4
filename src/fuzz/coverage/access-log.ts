import type { Layout } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { type Memory, Note } from '../../engine/memory/memory.ts';
import type { InterruptKind, Observer } from '../../engine/observer.ts';
import { Profile } from '../../engine/strategies/profile.ts';
import { hashText } from './hash.ts';
import { About, about, Entry } from './kinds.ts';
import type { StateChanges } from './state-changes.ts';

/** Words of an entry: what happened, where, and who gave the word its newest value. */
export const WIDTH = 3;
/** First word of an entry: site in bits 0 to 13, CPU in 14 to 17, kind in 18 to 22, `Note` bits in 23 to 26, stale in 27. */
export const Field = { Cpu: 14, Kind: 18, Note: 23, Stale: 27 } as const;
/** Second word: the address in bits 0 to 23, above it the delayed stores of that CPU after the access. */
export const Where = { Delayed: 24, Address: 0xffffff } as const;

/**
 * First word of a turn: the CPU, and these bits; then come the hash of the name (odd), the site interrupted, and the
 * length of the log by then.
 */
export const Turn = { Cpu: 15, Handler: 16, End: 32 } as const;
export const TURN_WIDTH = 4;

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
  /** Operations and handlers that began or ended, in order; see `Turn`. */
  turns = new Int32Array(TURN_WIDTH * 64);
  #turnsEnd = 0;
  readonly #names = new Map<string, number>();
  /** Per CPU: the name of its last turn, and the hash: most turns end what the one before began. */
  readonly #lastName: (string | null)[];
  readonly #lastHash: Int32Array;

  constructor(machine: Machine, states: StateChanges) {
    this.#machine = machine;
    this.#memory = machine.memory;
    this.layout = machine.layout;
    this.#lastSite = machine.memory.lastSite;
    this.#lastCpu = machine.memory.lastCpu;
    this.#states = states;
    this.#tracked = states.tracked;
    this.#lastName = machine.cpus.map(() => null);
    this.#lastHash = new Int32Array(machine.cpus.length);
  }

  /** Forgets the execution before; to be called before each. */
  begin(): void {
    this.#end = 0;
    this.#begun = false;
    this.#turnsEnd = 0;
  }

  /** Words in use. */
  get end(): number {
    return this.#end;
  }

  get turnsEnd(): number {
    return this.#turnsEnd;
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

  interrupt(cpu: number, name: string, begin: boolean, what: InterruptKind): void {
    // A grace period that starts interrupts nobody, and what runs in the setup is not looked at.
    if (what === 'grace' || this.#machine.inSetup) return;
    this.#turn(cpu | Turn.Handler | (begin ? 0 : Turn.End), name, this.#machine.cpus[cpu].site);
  }

  operation(cpu: number, name: string, _args: readonly number[], begin: boolean): void {
    if (this.#machine.inSetup) return;
    if (!this.#begun) {
      this.#begun = true;
      this.#states.begin();
    }
    this.#turn(cpu | (begin ? 0 : Turn.End), name, 0);
  }

  #turn(what: number, name: string, site: number): void {
    const at = this.#turnsEnd;
    if (at === this.turns.length) {
      const larger = new Int32Array(2 * this.turns.length);
      larger.set(this.turns);
      this.turns = larger;
    }
    const cpu = what & Turn.Cpu;
    if (this.#lastName[cpu] !== name) this.#named(cpu, name);
    this.turns[at] = what;
    this.turns[at + 1] = this.#lastHash[cpu];
    this.turns[at + 2] = site;
    this.turns[at + 3] = this.#end;
    this.#turnsEnd = at + TURN_WIDTH;
  }

  #named(cpu: number, name: string): void {
    let hash = this.#names.get(name);
    if (hash === undefined) {
      hash = hashText(name) | 1;
      this.#names.set(name, hash);
    }
    this.#lastName[cpu] = name;
    this.#lastHash[cpu] = hash;
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
