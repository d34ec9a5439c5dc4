import { Attr } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { Note } from '../../engine/memory/memory.ts';
import { siteHashes } from '../../engine/sites.ts';
import type { Model } from '../../targets/target.ts';
import { AccessLog, Field, Where, WIDTH } from './access-log.ts';
import { Feature } from './classes.ts';
import { Contexts } from './contexts.ts';
import { mix } from './hash.ts';
import { About, about } from './kinds.ts';
import type { CoverageMap } from './map.ts';
import { Novelty } from './novelty.ts';
import { PairCache } from './pair-cache.ts';
import { StateChanges } from './state-changes.ts';
import { Windows } from './windows.ts';

/** One execution in so many has its features counted, for rarity and Good-Turing. */
const SAMPLE = 128;
/** The newest access to a word, packed: site in 14 bits, CPU in 4, whether it wrote, and above that the execution. */
const Last = { Cpu: 14, Wrote: 18, Epoch: 19 } as const;
const EPOCHS = 1 << 12;
/** Site and CPU of an entry of the log: what the access is, for the order of conflicts. */
const EVENT = (1 << (Field.Cpu + 4)) - 1;
/** Flags of a reads-from pair, above the two sites. */
const Seen = { Stale: 1, Forwarded: 2, Delayed: 4 } as const;
/** Notes and kinds of accesses that need more than most do. */
const NOTED = ((Note.Delayed | Note.Forwarded) << Field.Note) | (1 << Field.Stale);
const UNUSUAL = About.Rare | About.Commit;
const LOCKS = About.Takes | About.Gives;

/**
 * Finds the features of executions: what was executed, who read whose store, who took a word over from whom, what took
 * effect out of order, in which context, and how objects changed. The machine writes a log while it runs (`log` is its
 * observer); `look` goes over it once afterwards.
 *
 * What it leaves out: accesses of the setup; for a load that saw an older value the pair names the store that it
 * overlooked; of many delayed stores only the youngest few count as overtaken.
 */
export class Coverage {
  readonly log: AccessLog;
  readonly #map: CoverageMap;
  readonly #novelty: Novelty;
  readonly #states: StateChanges;
  readonly #contexts: Contexts;
  readonly #windows: Windows;
  readonly #siteSeen = new Uint8Array(1 << 14);
  readonly #pairs = new PairCache(14);
  readonly #handOffs = new PairCache(15);
  readonly #overtaken = new PairCache(14);
  readonly #pointer: Uint8Array;
  readonly #last: Int32Array;
  readonly #chain: Int32Array;
  readonly #delayedSite: Int32Array;
  readonly #wroteAt: Int32Array;
  readonly #previous: Int32Array;
  readonly #previousAt: Int32Array;
  #epoch = 0;
  #executions = 0;
  #sampling = false;
  #order = 0;

  constructor(machine: Machine, model: Pick<Model, 'layout' | 'abstractions'>, map: CoverageMap) {
    const { size, attributes } = model.layout;
    const cpus = machine.cpus.length;
    this.#map = map;
    this.#novelty = new Novelty(map);
    this.#states = new StateChanges(machine, model);
    this.log = new AccessLog(machine, this.#states);
    this.#contexts = new Contexts(model.layout, cpus, this.#novelty);
    this.#windows = new Windows(cpus);
    this.#pointer = Uint8Array.from(attributes, attr => ((attr & Attr.Pointer) !== 0 ? 1 : 0));
    this.#last = new Int32Array(size);
    this.#chain = new Int32Array(size);
    this.#delayedSite = new Int32Array(size);
    this.#wroteAt = new Int32Array(size);
    this.#previous = new Int32Array(cpus);
    this.#previousAt = new Int32Array(cpus);
  }

  /** Forgets which features this worker knows to be in the map; to be called when the map has changed otherwise. */
  forget(): void {
    this.#siteSeen.fill(0);
    this.#pairs.clear();
    this.#handOffs.clear();
    this.#overtaken.clear();
    this.#contexts.forget();
    this.#executions = 0;
  }

  /** To be called before each execution. */
  begin(): void {
    this.log.begin();
  }

  /** Takes the features of the execution that has ended to the map; returns the cells that are new. */
  look(): readonly number[] {
    this.#sampling = this.#executions++ % SAMPLE === 0;
    this.#novelty.begin(this.#sampling);
    this.#contexts.begin(this.#sampling);
    this.#windows.begin();
    this.#previous.fill(0);
    this.#order = 0;
    // What earlier executions of this worker left must not show: features depend on the execution alone.
    this.#delayedSite.fill(0);
    this.#wroteAt.fill(0);
    if (++this.#epoch === EPOCHS) {
      this.#last.fill(0);
      this.#epoch = 1;
    }
    this.#walk();
    const { changes, count } = this.#states;
    for (let i = 0; i < count; i++) this.#novelty.add(Feature.State, changes[i]);
    this.#contexts.turns(this.log);
    this.#map.execution(this.#order);
    return this.#novelty.cells;
  }

  /** Whether the features of the execution looked at last were counted: one in some. */
  get sampled(): boolean {
    return this.#sampling;
  }

  /** Hash of the order of conflicting accesses of the execution looked at last: equal for equivalent executions. */
  get order(): number {
    return this.#order;
  }

  /**
   * Goes over the log. Most accesses are loads, stores and locks that nothing was delayed around: what these need is done
   * in place, as this loop runs for every access of a campaign; `#entry` does the same and the rest for the others.
   */
  #walk(): void {
    const { words, end } = this.log;
    const windows = this.#windows;
    const siteSeen = this.#siteSeen;
    const last = this.#last;
    const chain = this.#chain;
    const { keys, shift } = this.#pairs;
    const delayedSite = this.#delayedSite;
    const pointer = this.#pointer;
    const epoch = this.#epoch;
    const previous = this.#previous;
    const previousAt = this.#previousAt;
    const wroteAt = this.#wroteAt;
    if (this.#sampling) {
      for (let at = 0; at < end; at += WIDTH) this.#entry(words[at], words[at + 1], words[at + 2], at);
      return;
    }
    let order = 0;
    for (let at = 0; at < end; at += WIDTH) {
      const what = words[at];
      const address = words[at + 1];
      const bits = about[(what >>> Field.Kind) & 31];
      const cpu = (what >>> Field.Cpu) & 15;
      if (
        (what & NOTED) !== 0 ||
        (bits & UNUSUAL) !== 0 ||
        address > Where.Address ||
        ((windows.cpus >>> cpu) & 1) !== 0
      ) {
        this.#entry(what, address, words[at + 2], at);
        continue;
      }
      const site = what & 0x3fff;
      if (siteSeen[site] === 0) this.#site(site);
      if ((bits & (About.Reads | About.Writes)) === 0) continue;
      if ((bits & About.Reads) !== 0) {
        const writer = words[at + 2];
        const key = site | ((writer & 0x3fff) << 14);
        // As `PairCache.seen`.
        const slot = Math.imul(key, 0x2c1b3c6d) >>> shift;
        if (keys[slot] !== key || delayedSite[address] !== 0) this.#read(site, address, writer, 0, 0);
      }
      const before = last[address];
      const writes = (bits & About.Writes) !== 0 && (what & (Note.Failed << Field.Note)) === 0 ? 1 : 0;
      last[address] = site | (cpu << Last.Cpu) | (writes << Last.Wrote) | (epoch << Last.Epoch);
      let version = address;
      if (before >>> Last.Epoch === epoch) {
        version = chain[address];
        if (((before >>> Last.Cpu) & 15) !== cpu && (((before >>> Last.Wrote) & 1) | writes) !== 0)
          this.#handOff(before, site, writes);
      } else chain[address] = address;
      const h = mix(version, what & EVENT);
      order = (order + h) | 0;
      previous[cpu] = site;
      previousAt[cpu] = at;
      if (writes !== 0) {
        chain[address] = h;
        wroteAt[address] = at;
        delayedSite[address] = 0;
        if (pointer[address] !== 0 && this.#contexts.reading) this.#contexts.updated(cpu, site);
      }
      if ((bits & LOCKS) !== 0) this.#lock(cpu, address, bits, writes);
    }
    this.#order = (this.#order + order) | 0;
  }

  /** What an access to a lock does to what its CPU holds. */
  #lock(cpu: number, address: number, bits: number, writes: number): void {
    if ((bits & About.Takes) !== 0 && writes !== 0) this.#contexts.take(cpu, address);
    else if ((bits & About.Gives) !== 0) this.#contexts.give(cpu, address);
  }

  #site(site: number): void {
    this.#siteSeen[site] = 1;
    this.#novelty.add(Feature.Site, siteHashes[site]);
  }

  #entry(what: number, where: number, writer: number, at: number): void {
    const site = what & 0x3fff;
    const cpu = (what >>> Field.Cpu) & 15;
    const bits = about[(what >>> Field.Kind) & 31];
    const address = where & Where.Address;
    if (bits === About.Commit) {
      this.#committed(cpu, address, at);
      return;
    }
    if (this.#siteSeen[site] === 0 || this.#sampling) this.#site(site);
    const delayed = (what & (Note.Delayed << Field.Note)) !== 0;
    const failed = (what & (Note.Failed << Field.Note)) !== 0;
    const stale = (what >>> Field.Stale) & 1;
    if (this.#windows.count(cpu) > 0) this.#settle(cpu, where >>> Where.Delayed, delayed, address, at);
    if ((bits & (About.Reads | About.Writes)) === 0) {
      if (bits === About.Rare) this.#contexts.rare(cpu, (what >>> Field.Kind) & 31, site, failed);
      return;
    }
    if (delayed) {
      this.#windows.delay(cpu, site, address);
      return;
    }
    const forwarded = (what & (Note.Forwarded << Field.Note)) !== 0;
    if (!forwarded && this.#windows.count(cpu) > 0) this.#overtakes(cpu, site, address);
    if ((bits & About.Reads) !== 0) {
      this.#read(site, address, writer, stale, forwarded ? 1 : 0);
      if (stale !== 0) this.#early(cpu, site, address);
    }
    const writes = (bits & About.Writes) !== 0 && !failed;
    this.#touch(cpu, site, address, writes, stale, at);
    this.#previous[cpu] = site;
    this.#previousAt[cpu] = at;
    this.#lock(cpu, address, bits, writes ? 1 : 0);
    if (writes && this.#pointer[address] !== 0 && this.#contexts.reading) this.#contexts.updated(cpu, site);
  }

  /** Reads-from: the store that gave the word its newest value, and the load. */
  #read(site: number, address: number, writer: number, stale: number, forwarded: number): void {
    const store = writer & 0x3fff;
    let flags = stale * Seen.Stale + forwarded * Seen.Forwarded;
    if (this.#delayedSite[address] === writer && writer !== 0) flags |= Seen.Delayed;
    if (this.#pairs.seen(site | (store << 14) | (flags << 28)) && !this.#sampling) return;
    this.#novelty.add(Feature.ReadsFrom, mix(mix(siteHashes[store], siteHashes[site]), flags));
  }

  /** What a word was last accessed by, and the order of conflicting accesses. */
  #touch(cpu: number, site: number, address: number, writes: boolean, stale: number, at: number): void {
    const before = this.#last[address];
    const wrote = writes ? 1 : 0;
    this.#last[address] = site | (cpu << Last.Cpu) | (wrote << Last.Wrote) | (this.#epoch << Last.Epoch);
    if (before >>> Last.Epoch !== this.#epoch) this.#chain[address] = address;
    else if (((before >>> Last.Cpu) & 15) !== cpu && (((before >>> Last.Wrote) & 1) | wrote) !== 0)
      this.#handOff(before, site, wrote);
    // A read adds to the order which version it read; a write makes a new version of the one before.
    const h = mix(this.#chain[address], site | (cpu << Field.Cpu) | (stale << 30));
    this.#order = (this.#order + h) | 0;
    if (!writes) return;
    this.#chain[address] = h;
    this.#wroteAt[address] = at;
    this.#delayedSite[address] = 0;
  }

  /** An access after one of another CPU, one of the two a write. */
  #handOff(before: number, site: number, wrote: number): void {
    const from = before & 0x3fff;
    const kind = 2 * ((before >>> Last.Wrote) & 1) + wrote;
    if (this.#handOffs.seen(site | (from << 14) | (kind << 28)) && !this.#sampling) return;
    this.#novelty.add(Feature.HandOff, mix(mix(siteHashes[from], siteHashes[site]), kind));
  }

  /** Stores that the CPU still delays and that an access takes effect before. */
  #overtakes(cpu: number, site: number, address: number): void {
    const windows = this.#windows;
    for (let i = windows.first(cpu); i < windows.count(cpu); i++) {
      if (windows.addressAt(cpu, i) === address) continue;
      this.#window(windows.siteAt(cpu, i), site, 0);
    }
  }

  /** A load of an older value took effect before the CPU's access before it, if that came after the newer value. */
  #early(cpu: number, site: number, address: number): void {
    const previous = this.#previous[cpu];
    if (previous !== 0 && this.#previousAt[cpu] > this.#wroteAt[address]) this.#window(previous, site, 1);
  }

  #window(older: number, younger: number, early: number): void {
    const key = younger | (older << 14) | (early << 28) | (1 << 29);
    if (this.#overtaken.seen(key) && !this.#sampling) return;
    this.#novelty.add(Feature.Window, mix(mix(siteHashes[older], siteHashes[younger]), early));
  }

  /** A delayed store was committed by itself: it overtook the older ones. */
  #committed(cpu: number, address: number, at: number): void {
    const windows = this.#windows;
    const place = windows.oldest(cpu, address);
    if (place < 0) return;
    const site = windows.siteAt(cpu, place);
    for (let i = Math.max(0, place - 4); i < place; i++) {
      if (windows.addressAt(cpu, i) !== address) this.#window(windows.siteAt(cpu, i), site, 0);
    }
    this.#takesEffect(cpu, place, at);
  }

  /** An access made delayed stores of its CPU reach memory: `left` of them remain, the new one of the access included. */
  #settle(cpu: number, left: number, delays: boolean, address: number, at: number): void {
    const windows = this.#windows;
    const old = delays ? left - 1 : left;
    // Those to the word of the access go first, then the oldest.
    while (windows.count(cpu) > old) {
      const own = windows.oldest(cpu, address);
      this.#takesEffect(cpu, own < 0 ? 0 : own, at);
    }
  }

  #takesEffect(cpu: number, place: number, at: number): void {
    const windows = this.#windows;
    const site = windows.siteAt(cpu, place);
    const address = windows.addressAt(cpu, place);
    this.#touch(cpu, site, address, true, 0, at);
    this.#delayedSite[address] = site | ((cpu + 1) << Field.Cpu);
    windows.remove(cpu, place);
  }
}
