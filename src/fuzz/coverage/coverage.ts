import { Attr } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { Note } from '../../engine/memory/memory.ts';
import { siteHashes } from '../../engine/sites.ts';
import type { Model } from '../../targets/target.ts';
import { AccessLog, Entry, Field, Where, WIDTH } from './access-log.ts';
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
const SAMPLE = 16;
/** The newest access to a word, packed: site in 14 bits, CPU in 4, whether it wrote, and above that the execution. */
const Last = { Cpu: 14, Wrote: 18, Epoch: 19 } as const;
const EPOCHS = 1 << 12;
/** Flags of a reads-from pair, above the two sites. */
const Seen = { Stale: 1, Forwarded: 2, Delayed: 4 } as const;

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
  readonly #events: Int32Array;
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
    this.#events = new Int32Array(cpus);
  }

  /** Forgets which features this worker knows to be in the map; to be called when the map has changed otherwise. */
  forget(): void {
    this.#siteSeen.fill(0);
    this.#pairs.clear();
    this.#handOffs.clear();
    this.#overtaken.clear();
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
    this.#contexts.begin();
    this.#windows.begin();
    this.#events.fill(0);
    this.#previous.fill(0);
    this.#order = 0;
    // What earlier executions of this worker left must not show: features depend on the execution alone.
    this.#delayedSite.fill(0);
    this.#wroteAt.fill(0);
    if (++this.#epoch === EPOCHS) {
      this.#last.fill(0);
      this.#epoch = 1;
    }
    const { words, end } = this.log;
    for (let at = 0; at < end; at += WIDTH) this.#entry(words[at], words[at + 1], words[at + 2], at);
    for (const change of this.#states.changes()) this.#novelty.add(Feature.State, change);
    this.#contexts.operations(this.log.begun);
    this.#map.execution(this.#order);
    return this.#novelty.cells;
  }

  /** Hash of the order of conflicting accesses of the execution looked at last: equal for equivalent executions. */
  get order(): number {
    return this.#order;
  }

  #entry(what: number, where: number, writer: number, at: number): void {
    const site = what & 0x3fff;
    const cpu = (what >>> Field.Cpu) & 15;
    const kind = (what >>> Field.Kind) & 31;
    const address = where & Where.Address;
    if (kind === Entry.Commit) {
      this.#committed(cpu, address, at);
      return;
    }
    if (this.#siteSeen[site] === 0 || this.#sampling) {
      this.#siteSeen[site] = 1;
      this.#novelty.add(Feature.Site, siteHashes[site]);
    }
    const bits = about[kind];
    const note = (what >>> Field.Note) & 15;
    const stale = (what >>> Field.Stale) & 1;
    if (this.#windows.count(cpu) > 0)
      this.#settle(cpu, where >>> Where.Delayed, (note & Note.Delayed) !== 0, address, at);
    if ((bits & (About.Reads | About.Writes)) === 0) {
      if ((bits & About.Rare) !== 0) this.#contexts.rare(cpu, kind, site, (note & Note.Failed) !== 0);
      return;
    }
    const event = (cpu << 20) | this.#events[cpu]++;
    if ((note & Note.Delayed) !== 0) {
      this.#windows.delay(cpu, site, address, event);
      return;
    }
    if ((note & Note.Forwarded) === 0 && this.#windows.count(cpu) > 0) this.#overtakes(cpu, site, address);
    if ((bits & About.Reads) !== 0) {
      this.#read(site, address, writer, note, stale);
      if (stale !== 0) this.#early(cpu, site, address);
    }
    const writes = (bits & About.Writes) !== 0 && (note & Note.Failed) === 0;
    this.#touch(cpu, site, address, writes, event + (stale << 19), at);
    this.#previous[cpu] = site;
    this.#previousAt[cpu] = at;
    if (bits >= About.Takes) {
      if ((bits & About.Takes) !== 0 && writes) this.#contexts.take(cpu, address);
      else if ((bits & About.Gives) !== 0) this.#contexts.give(cpu, address);
    }
    if (writes && this.#pointer[address] !== 0 && this.#contexts.reading) this.#contexts.updated(cpu, site);
  }

  /** Reads-from: the store that gave the word its newest value, and the load. */
  #read(site: number, address: number, writer: number, note: number, stale: number): void {
    const store = writer & 0x3fff;
    let flags = stale | ((note & Note.Forwarded) !== 0 ? Seen.Forwarded : 0);
    if (this.#delayedSite[address] === writer && writer !== 0) flags |= Seen.Delayed;
    const key = site | (store << 14) | (flags << 28);
    if (this.#pairs.seen(key) && !this.#sampling) return;
    this.#novelty.add(Feature.ReadsFrom, mix(mix(siteHashes[store], siteHashes[site]), flags));
  }

  /** Hand-off to another CPU, and the order of conflicting accesses. */
  #touch(cpu: number, site: number, address: number, writes: boolean, event: number, at: number): void {
    const last = this.#last[address];
    const wrote = writes ? 1 : 0;
    this.#last[address] = site | (cpu << Last.Cpu) | (wrote << Last.Wrote) | (this.#epoch << Last.Epoch);
    if (last >>> Last.Epoch !== this.#epoch) this.#chain[address] = address;
    else if (((last >>> Last.Cpu) & 15) !== cpu) {
      const before = (last >>> Last.Wrote) & 1;
      if ((before | wrote) !== 0) {
        const from = last & 0x3fff;
        const key = site | (from << 14) | (before << 28) | (wrote << 29) | (1 << 30);
        if (!this.#handOffs.seen(key) || this.#sampling) {
          this.#novelty.add(
            Feature.HandOff,
            mix(mix(siteHashes[from], siteHashes[site]), 2 * before + wrote),
          );
        }
      }
    }
    // A read adds to the order what it read; a write starts a new version that follows from all before it.
    const h = mix(this.#chain[address], event);
    this.#order = (this.#order + h) | 0;
    if (!writes) return;
    this.#chain[address] = h;
    this.#wroteAt[address] = at;
    this.#delayedSite[address] = 0;
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
    this.#touch(cpu, site, address, true, windows.eventAt(cpu, place), at);
    this.#delayedSite[address] = site | ((cpu + 1) << Field.Cpu);
    windows.remove(cpu, place);
  }
}
