import type { CpuHost } from '../engine/cpu/host.ts';
import type { Cpu } from '../engine/cpu.ts';
import { EngineError } from '../engine/errors.ts';
import {
  type FieldSpec,
  ghost,
  type Instance,
  type Layout,
  shown,
  watched,
  words,
} from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { GRANULES, taggedPageFields } from './tag-shadow.ts';

/** Data words per page in a model: one for each granule. */
export const DATA = GRANULES;
/** Words of a page that migrate: data, then tags. */
export const CONTENT = DATA + GRANULES;
const ORACLE = 'migration-divergence';
const MAX_STORES = 512;
/** What a page frame's previous owner left in its data. */
const LEFT = 1;

/** A data word holds the number of the store that made it: 0 is cleared memory. */
function showData(value: number): string {
  if (value === 0) return '0';
  return value === LEFT ? "previous owner's data" : `data ${value}`;
}

/** A word of guest data that is not guest memory: a copy of the VMM, say. */
export function dataWord(): FieldSpec {
  return shown({ ...watched(), attr: 0 }, showData);
}

/** Fields that every page of a migrating guest has; spread them into its struct. */
export const migratingPageFields = {
  ...taggedPageFields,
  data: words(DATA, shown(watched(LEFT), showData)),
  /** Guest frame that the page backs, plus one; 0 if none. */
  gfn: ghost(),
  /** At the destination, bit i: guest or devices have stored word i into this very page. */
  changed: ghost(),
};
export type MigratingPage = Instance<typeof migratingPageFields>;

/** Word i of a page's content. */
function wordOf(page: MigratingPage, i: number): number {
  return i < DATA ? page.data[i] : page.tags[i - DATA];
}

/**
 * Follows what guest memory must be at the destination, for the oracle `migration-divergence`: what the source had
 * when the destination started, or what guest and devices have stored at the destination since.
 */
export class MigrationShadow {
  readonly #gfns: number;
  readonly #byWord = new Map<number, readonly [page: MigratingPage, i: number]>();
  readonly #table: Instance<ReturnType<typeof tableFields>>;
  #machine: Machine | null = null;

  /** @param pages the destination's page frames */
  constructor(layout: Layout, gfns: number, pages: readonly MigratingPage[]) {
    this.#gfns = gfns;
    this.#table = layout.struct('guest_memory', tableFields(gfns));
    for (const page of pages) {
      for (let i = 0; i < CONTENT; i++) this.#byWord.set(wordOf(page, i), [page, i]);
    }
  }

  /** Called when the machine exists; whoever has a watcher already keeps it. */
  attach(machine: Machine): void {
    this.#machine = machine;
    const before = machine.watcher;
    machine.watcher = (address, old, value, cpu, site) => {
      before?.(address, old, value, cpu, site);
      this.#stored(machine, address, value, cpu, site);
    };
  }

  /** A frame, of source or destination, was allocated to back a gfn. */
  allocated(page: MigratingPage, gfn: number): void {
    this.#set(page.gfn, gfn + 1);
    this.#set(page.changed, 0);
  }

  /** The frame was freed. */
  freed(page: MigratingPage): void {
    this.#set(page.gfn, 0);
  }

  /** The value of a new data store. */
  nextData(): number {
    const n = this.#get(this.#table.stores) + 1;
    if (n + LEFT >= MAX_STORES) throw new EngineError(`more than ${MAX_STORES} data stores in one execution`);
    this.#set(this.#table.stores, n);
    return n + LEFT;
  }

  /** A guest or device is about to store a value (of `nextData`, or a numbered tag) at the destination. */
  willStore(gfn: number, i: number, value: number): void {
    this.#set(this.#numbersOf(i)[numberOf(i, value)], gfn * CONTENT + i + 1);
  }

  /** Whether the guest runs at the destination. */
  get started(): boolean {
    return this.#get(this.#table.started) === 1;
  }

  /**
   * The destination starts: `source` is the content of its guest memory, `writers` the sites that stored it, word by
   * word (`CONTENT` for each gfn).
   */
  start(source: readonly number[], writers: readonly number[]): void {
    this.#set(this.#table.started, 1);
    for (let k = 0; k < source.length; k++) {
      this.#set(this.#table.want[k], source[k]);
      this.#set(this.#table.begun[k], source[k]);
      this.#set(this.#table.wantSite[k], writers[k]);
    }
  }

  /** Judges all of the destination's memory. */
  compare(host: CpuHost, cpu: Cpu | null, when: string, words: readonly number[]): void {
    for (let k = 0; k < this.#gfns * CONTENT; k++) {
      const value = words[k];
      if (this.#same(this.#table.want[k], k, value)) continue;
      const found = this.#difference(host, k, `is ${this.#show(k, value)} ${when}`);
      if (cpu !== null) host.violateNow(ORACLE, found.message, cpu, found.address, found.sites);
      host.report(ORACLE, found.message, -1, found.address, found.sites);
      return;
    }
  }

  /** Judges what guest or device read at the destination. */
  loaded(cpu: Cpu, gfn: number, i: number, value: number): void {
    const k = gfn * CONTENT + i;
    if (!this.started || this.#same(this.#table.want[k], k, value) || this.#isOwn(k, value)) return;
    // A load may be older than the first store at the destination.
    if (this.#same(this.#table.begun[k], k, value)) return;
    const found = this.#difference(cpu.machine, k, `is read as ${this.#show(k, value)}`);
    cpu.machine.violateNow(ORACLE, found.message, cpu, found.address, found.sites);
  }

  #stored(machine: Machine, address: number, value: number, cpu: number, site: number): void {
    if (!this.started) return;
    const at = this.#byWord.get(address);
    if (at === undefined) return;
    const [page, i] = at;
    const gfn = this.#get(page.gfn) - 1;
    if (gfn < 0) return;
    const k = gfn * CONTENT + i;
    const number = numberOf(i, value);
    if (this.#isOwn(k, value) && this.#get(this.#reached(i)[number]) === 0) {
      this.#set(this.#reached(i)[number], 1);
      this.#set(this.#table.want[k], value);
      this.#set(this.#table.wantSite[k], site);
      this.#set(page.changed, this.#get(page.changed) | (1 << i));
      return;
    }
    if (((this.#get(page.changed) >>> i) & 1) === 0 || this.#same(this.#table.want[k], k, value)) return;
    const found = this.#difference(machine, k, `is replaced by ${this.#show(k, value)}`);
    machine.report(ORACLE, found.message, cpu, address, [site, this.#get(this.#table.wantSite[k])]);
  }

  /** What to say of word k, about which word of memory, with the sites of who wrote it and who stored what it should be. */
  #difference(host: CpuHost, k: number, is: string): { message: string; address: number; sites: number[] } {
    const gfn = Math.floor(k / CONTENT);
    const i = k % CONTENT;
    const name = i < DATA ? `data[${i}]` : `tags[${i - DATA}]`;
    const should = this.#show(k, this.#get(this.#table.want[k]));
    const address = this.#destinationWord(gfn, i);
    return {
      message: `${name} of gfn ${gfn} ${is} at the destination instead of ${should}`,
      address,
      sites: [host.memory.lastSite[address], this.#get(this.#table.wantSite[k])],
    };
  }

  /** The word of the frame that backs a gfn at the destination; the expectation itself if there is none. */
  #destinationWord(gfn: number, i: number): number {
    for (const [page, of] of this.#byWord.values()) {
      if (of === i && this.#get(page.gfn) === gfn + 1) return wordOf(page, i);
    }
    return this.#table.want[gfn * CONTENT + i];
  }

  /** Whether a value is as an expectation (its address) of word k says. */
  #same(expectation: number, k: number, value: number): boolean {
    const want = this.#get(expectation);
    // A tag that was never stored and one that was cleared are both 0.
    return value === want || (k % CONTENT >= DATA && (value & 15) === 0 && (want & 15) === 0);
  }

  #isOwn(k: number, value: number): boolean {
    const i = k % CONTENT;
    const number = numberOf(i, value);
    return number > 0 && this.#get(this.#numbersOf(i)[number]) === k + 1;
  }

  #numbersOf(i: number): readonly number[] {
    return i < DATA ? this.#table.dataOf : this.#table.tagOf;
  }
  #reached(i: number): readonly number[] {
    return i < DATA ? this.#table.dataReached : this.#table.tagReached;
  }

  #show(k: number, value: number): string {
    return k % CONTENT < DATA ? showData(value) : `tag ${value & 15}`;
  }

  #get(address: number): number {
    return this.#machine === null ? 0 : this.#machine.peek(address);
  }
  #set(address: number, value: number): void {
    this.#machine?.ghostStore(address, value);
  }
}

/** The number of the store that made a value. */
function numberOf(i: number, value: number): number {
  return i < DATA ? value : value >>> 4;
}

function tableFields(gfns: number) {
  return {
    started: ghost(),
    stores: ghost(),
    /** What each word must be, in coherence order, and the site that stored it. */
    want: words(gfns * CONTENT, ghost()),
    wantSite: words(gfns * CONTENT, ghost()),
    /** What it was when the destination started. */
    begun: words(gfns * CONTENT, ghost()),
    /** For each number of a store by guest or device at the destination: its word, plus one. */
    dataOf: words(MAX_STORES, ghost()),
    tagOf: words(MAX_STORES, ghost()),
    /** 1 once the store has reached memory. */
    dataReached: words(MAX_STORES, ghost()),
    tagReached: words(MAX_STORES, ghost()),
  };
}
