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

/** Allocation tags per page in a model: two, so that a torn state can be seen. */
export const GRANULES = 2;
const MAX_CONTENTS = 64;
const MAX_STORES = 512;
/** Numbers of stores below this are tags that the previous owner left behind. */
const FIRST_STORE = 16;

/**
 * A tag word holds the 4-bit tag and, above it, the number of the store that made it: 0 is a cleared tag, and two
 * owners' equal tags can still be told apart. Model code never looks at the number.
 */
function showTag(value: number): string {
  if (value === 0) return '0';
  const tag = value & 15;
  return value >>> 4 < FIRST_STORE ? `${tag} (previous owner's)` : String(tag);
}

/** A saved tag (in a swap buffer) or any other word that holds one but is not allocation-tag memory. */
export function tagWord(init = 0): FieldSpec {
  return shown({ ...watched(init), attr: 0 }, showTag);
}

/** Fields that every page with tags has; spread them into its struct. `owner` is its number, for the initial tags. */
export const taggedPageFields = {
  tags: words(GRANULES, shown(watched((1 << 4) | 10), showTag)),
  /** The logical content the page holds; 0: none, it is free. */
  content: ghost(),
  /** Somebody began to initialise the tags since the page got its content. */
  begun: ghost(),
  /** What each tag must be, in coherence order. */
  want: words(GRANULES, ghost()),
  /** Site that stored it. */
  wantSite: words(GRANULES, ghost()),
  /** Bit g: the owner stored tag g into this very page, so replacing it loses it. */
  owned: ghost(),
  /** Bit g: reading 0 here is legitimate, as the content began with zero tags in this frame. */
  zeroOk: ghost((1 << GRANULES) - 1),
  /** Bit g: reading 0 is legitimate wherever the content goes: nobody promised the tag, or nothing ordered its copy. */
  loose: ghost(),
  /** Its memory may not hold user tags at all (a page of a regular file). */
  disallowed: ghost(),
};

/** What the shadow remembers of a content that is swapped out. */
export const shadowSlotFields = {
  content: ghost(),
  want: words(GRANULES, ghost()),
  wantSite: words(GRANULES, ghost()),
  zeroOk: ghost(),
  loose: ghost(),
};

export type TaggedPage = Instance<typeof taggedPageFields>;
export type ShadowSlot = Instance<typeof shadowSlotFields>;
/** What a page frame and a swap slot have in common. */
type Expectation = Pick<TaggedPage & ShadowSlot, 'want' | 'wantSite' | 'zeroOk' | 'loose'>;

const ALL = (1 << GRANULES) - 1;

/**
 * Follows what every tag must be, for the oracles `tag-loss`, `stale-tags`, `uninitialised-tags` and
 * `disallowed-tags`. A content is what an owner thinks of as one page; it moves between page frames by copy on
 * write, migration and swap. Stores of owners define it in coherence order, as they reach memory; whatever the
 * kernel writes must agree with it or happen before anybody stored.
 */
export class TagShadow {
  /** By address of a tag: its page in `#pages` plus one, and its granule. 0 where there is no tag. */
  readonly #pageOfTag: Uint16Array;
  readonly #granuleOfTag: Uint8Array;
  readonly #pages: readonly TaggedPage[];
  readonly #table: Instance<ReturnType<typeof tableFields>>;
  #machine: Machine | null = null;

  constructor(layout: Layout, pages: readonly TaggedPage[]) {
    this.#pages = pages;
    this.#table = layout.struct('shadow', tableFields());
    const size = 1 + Math.max(0, ...pages.flatMap(page => page.tags));
    this.#pageOfTag = new Uint16Array(size);
    this.#granuleOfTag = new Uint8Array(size);
    for (const [i, page] of pages.entries()) {
      for (const [g, tag] of page.tags.entries()) {
        this.#pageOfTag[tag] = i + 1;
        this.#granuleOfTag[tag] = g;
      }
    }
  }

  /** Called when the machine exists; the shadow then follows the stores to tags. */
  attach(machine: Machine): void {
    this.#machine = machine;
    machine.watcher = (address, _old, value, cpu, site) => this.#stored(machine, address, value, cpu, site);
  }

  /** A page frame was allocated for a new content, whose tags are zero until somebody stores some. */
  fresh(page: TaggedPage): void {
    this.#begin(page, this.#newContent(0));
    for (let g = 0; g < GRANULES; g++) this.#set(page.want[g], 0);
    this.#set(page.zeroOk, ALL);
    this.#set(page.loose, 0);
  }

  /**
   * A page frame holds a copy of another (copy on write, fork): the copy begins where the source is now. `flag` is the
   * word that says whether the source's tags are valid: a copier that nothing orders after it may miss them too.
   */
  copied(cpu: Cpu, to: TaggedPage, from: TaggedPage, flag: number): void {
    this.#begin(to, this.#newContent(this.#get(from.content)));
    const { memory } = cpu.machine;
    let loose = this.#get(from.loose);
    for (let g = 0; g < GRANULES; g++) {
      // Where nothing orders the copy after the source's last store, the state before that store is as good.
      const ordered = memory.settledFor(cpu.id, from.tags[g]) && memory.settledFor(cpu.id, flag);
      if (this.#zeroFine(from, g) && !ordered) loose |= 1 << g;
    }
    this.#take(to, from);
    this.#set(to.loose, loose);
  }

  /** The content moves to another frame with nobody able to store to it meanwhile (migration). */
  moved(to: TaggedPage, from: TaggedPage): void {
    this.#begin(to, this.#get(from.content));
    this.#take(to, from);
  }

  /** The content goes to a swap slot; call it when all mappings are gone. */
  swappedOut(slot: ShadowSlot, page: TaggedPage): void {
    this.#set(slot.content, this.#get(page.content));
    this.#take(slot, page);
  }

  /** A frame was allocated to hold the content of a swap slot. */
  swappedIn(page: TaggedPage, slot: ShadowSlot): void {
    this.#begin(page, this.#get(slot.content));
    this.#take(page, slot);
  }

  /** The frame was freed: its tags are nobody's. */
  freed(page: TaggedPage): void {
    this.#begin(page, 0);
  }

  /** Somebody has taken it upon himself to initialise the tags of a page. */
  initialising(page: TaggedPage): void {
    this.#set(page.begun, 1);
  }

  /**
   * The value to store for an owner's tag; owners are users, guests, ptrace and KVM_ARM_MTE_COPY_TAGS. One that is
   * not `promised` (a copy that may yet report a failure, and that nothing orders) may be kept or dropped.
   */
  tagFor(page: TaggedPage, tag: number, promised = true): number {
    const n = this.#get(this.#table.stores) + 1;
    if (n + FIRST_STORE >= MAX_STORES)
      throw new EngineError(`more than ${MAX_STORES} tag stores in one execution`);
    this.#set(this.#table.stores, n);
    this.#set(this.#table.storeContent[n], this.#get(page.content));
    if (!promised) this.#set(this.#table.unpromised[n], 1);
    return ((n + FIRST_STORE) << 4) | tag;
  }

  /** The stores that were not promised when they were made are now: the call that made them succeeds. */
  promise(page: TaggedPage, values: readonly number[]): void {
    for (const [g, value] of values.entries()) {
      this.#set(this.#table.unpromised[(value >>> 4) - FIRST_STORE], 0);
      if (this.#get(page.want[g]) !== value) continue;
      this.#set(page.loose, this.#get(page.loose) & ~(1 << g));
      this.#set(page.owned, this.#get(page.owned) | (1 << g));
    }
  }

  /**
   * The same when the owner's page is another by now: if it is a copy of the page that was written, it must have the tags
   * that a copier may not have seen, or later ones.
   */
  promisedIn(cpu: Cpu, page: TaggedPage, written: TaggedPage, values: readonly number[]): void {
    const content = this.#get(page.content);
    const source = this.#get(written.content);
    if (content === source || !this.#descends(content, source)) return;
    for (const [g, value] of values.entries()) {
      const address = page.tags[g];
      if (cpu.machine.peek(address) >>> 4 >= value >>> 4) continue;
      const { lastSite } = cpu.machine.memory;
      const message = `tag ${value & 15} went to ${this.#name(cpu.machine, written.tags[g])}, of which ${this.#name(cpu.machine, address)} is a copy made meanwhile, without it`;
      cpu.machine.violateNow('tag-loss', message, cpu, address, [lastSite[written.tags[g]]]);
    }
  }

  /** Judges a tag that an owner read from a page. */
  loaded(cpu: Cpu, page: TaggedPage, granule: number, value: number): void {
    const want = this.#get(page.want[granule]);
    if (value === want) return;
    const address = page.tags[granule];
    const writer = cpu.machine.memory.lastSite[address];
    if ((value & 15) === 0 && (want & 15) === 0) return;
    if (value === 0) {
      if (this.#zeroFine(page, granule)) return;
      const message = `tag ${want & 15} of ${this.#name(cpu.machine, address)} is gone: read as 0`;
      cpu.machine.violateNow('tag-loss', message, cpu, address, [writer, this.#get(page.wantSite[granule])]);
    }
    if (this.#belongs(value, this.#get(page.content))) return;
    const oracle = this.#get(page.begun) === 1 ? 'stale-tags' : 'uninitialised-tags';
    const why = oracle === 'stale-tags' ? 'while or before they are initialised' : 'that nobody initialises';
    const message = `tag ${showTag(value)} of ${this.#name(cpu.machine, address)} is visible ${why}`;
    cpu.machine.violateNow(oracle, message, cpu, address, [writer]);
  }

  /**
   * The kernel took a tag for 0 without reading it, as the page was not flagged: wrong if the owner's store is ordered
   * before. `flag` is the word that it asked.
   */
  takenForZero(cpu: Cpu, page: TaggedPage, granule: number, flag: number): void {
    const want = this.#get(page.want[granule]);
    const { memory } = cpu.machine;
    const address = page.tags[granule];
    if ((want & 15) === 0 || ((this.#get(page.loose) >>> granule) & 1) === 1) return;
    if (!memory.settledFor(cpu.id, address) || !memory.settledFor(cpu.id, flag)) return;
    const message = `tag ${want & 15} of ${this.#name(cpu.machine, address)} is taken for 0: the page does not look tagged`;
    cpu.machine.violateNow('tag-loss', message, cpu, address, [this.#get(page.wantSite[granule])]);
  }

  /** Another page takes the place of this one, by the kernel's judgement that they are equal (KSM). */
  merged(cpu: Cpu, page: TaggedPage): void {
    for (let g = 0; g < GRANULES; g++) {
      const want = this.#get(page.want[g]);
      if ((want & 15) === 0 || ((this.#get(page.loose) >>> g) & 1) === 1) continue;
      const address = page.tags[g];
      const message = `tag ${want & 15} of ${this.#name(cpu.machine, address)} is lost: the page was merged with one without it`;
      cpu.machine.violateNow('tag-loss', message, cpu, address, [this.#get(page.wantSite[g])]);
    }
  }

  /** Power was off: the frame's tags are whatever memory comes up with, until its saved ones are restored. */
  poweredOff(page: TaggedPage): void {
    const content = this.#get(page.content);
    if (content === 0) return;
    this.#begin(page, content);
    this.#take(page, page);
  }

  /** Final check: what the owners stored is still there, in pages and, by `saved`, in swap slots. */
  done(
    machine: Machine,
    isTagged: (page: TaggedPage) => boolean,
    isSaved: (page: TaggedPage) => boolean,
    slots: readonly (readonly [slot: ShadowSlot, used: boolean, hasTags: boolean])[],
  ): void {
    for (const page of this.#pages) {
      if (this.#get(page.content) === 0) continue;
      for (let g = 0; g < GRANULES; g++) {
        const want = this.#get(page.want[g]);
        if (want === 0 || this.#zeroFine(page, g)) continue;
        const value = machine.peek(page.tags[g]);
        const there = value === want || this.#belongs(value, this.#get(page.content));
        if (isTagged(page) ? there : isSaved(page)) continue;
        const name = this.#name(machine, page.tags[g]);
        const message = `tag ${want & 15} of ${name} is gone at the end: neither in the page nor saved`;
        machine.report('tag-loss', message, -1, page.tags[g], [
          machine.memory.lastSite[page.tags[g]],
          this.#get(page.wantSite[g]),
        ]);
        return;
      }
    }
    for (const [slot, used, hasTags] of slots) {
      for (let g = 0; g < GRANULES; g++) {
        const want = this.#get(slot.want[g]);
        if (!used || hasTags || want === 0 || this.#zeroFine(slot, g)) continue;
        const message = `tag ${want & 15} of a swapped-out page was not saved`;
        machine.report('tag-loss', message, -1, slot.want[g], [this.#get(slot.wantSite[g])]);
        return;
      }
    }
  }

  #stored(machine: Machine, address: number, value: number, cpu: number, site: number): void {
    const i = address < this.#pageOfTag.length ? this.#pageOfTag[address] : 0;
    if (i === 0) return;
    const page = this.#pages[i - 1];
    const g = this.#granuleOfTag[address];
    if (this.#get(page.disallowed) === 1) {
      const message = `${machine.layout.nameOf(address)} is written, but its memory may not hold user tags`;
      machine.report('disallowed-tags', message, cpu, address, [site]);
      return;
    }
    const n = (value >>> 4) - FIRST_STORE;
    const own = n > 0 && this.#get(this.#table.reached[n]) === 0;
    if (own) this.#set(this.#table.reached[n], 1);
    if (own && this.#get(this.#table.storeContent[n]) === this.#get(page.content)) {
      // An owner's own store, on its first arrival in memory: it defines what the tag must be.
      this.#set(page.want[g], value);
      this.#set(page.wantSite[g], site);
      // Whoever is not ordered after it may still see the 0 that was fine before.
      this.#set(page.zeroOk, this.#get(page.zeroOk) | (this.#get(page.loose) & (1 << g)));
      const promised = this.#get(this.#table.unpromised[n]) === 0;
      this.#set(page.owned, promised ? this.#get(page.owned) | (1 << g) : this.#get(page.owned) & ~(1 << g));
      this.#set(page.loose, promised ? this.#get(page.loose) & ~(1 << g) : this.#get(page.loose) | (1 << g));
      return;
    }
    const want = this.#get(page.want[g]);
    if (((this.#get(page.owned) >>> g) & 1) === 0 || value === want) return;
    const message = `tag ${want & 15} stored to ${this.#name(machine, address)} is replaced by ${showTag(value)}`;
    machine.report('tag-loss', message, cpu, address, [site, this.#get(page.wantSite[g])]);
  }

  /** Whether a value was stored to a content or one that it was copied from. */
  #belongs(value: number, content: number): boolean {
    const n = (value >>> 4) - FIRST_STORE;
    if (n <= 0) return false;
    return this.#descends(content, this.#get(this.#table.storeContent[n]));
  }

  /** Whether a content is another or was copied from it. */
  #descends(content: number, from: number): boolean {
    for (let c = content; c !== 0; c = this.#get(this.#table.parent[c])) if (c === from) return true;
    return false;
  }

  #take(to: Expectation, from: Expectation): void {
    let zeroOk = 0;
    for (let g = 0; g < GRANULES; g++) {
      const want = this.#get(from.want[g]);
      this.#set(to.want[g], want);
      this.#set(to.wantSite[g], this.#get(from.wantSite[g]));
      if (want === 0) zeroOk |= 1 << g;
    }
    this.#set(to.zeroOk, zeroOk);
    this.#set(to.loose, this.#get(from.loose));
  }

  #zeroFine(of: Expectation, granule: number): boolean {
    return (((this.#get(of.zeroOk) | this.#get(of.loose)) >>> granule) & 1) === 1;
  }

  #begin(page: TaggedPage, content: number): void {
    this.#set(page.content, content);
    this.#set(page.begun, 0);
    this.#set(page.owned, 0);
  }

  #newContent(parent: number): number {
    const content = this.#get(this.#table.contents) + 1;
    if (content >= MAX_CONTENTS)
      throw new EngineError(`more than ${MAX_CONTENTS} page contents in one execution`);
    this.#set(this.#table.contents, content);
    this.#set(this.#table.parent[content], parent);
    return content;
  }

  #name(machine: { readonly layout: Layout }, address: number): string {
    return machine.layout.nameOf(address);
  }

  #get(address: number): number {
    return this.#machine === null ? 0 : this.#machine.peek(address);
  }

  #set(address: number, value: number): void {
    if (this.#machine !== null) this.#machine.ghostStore(address, value);
  }
}

function tableFields() {
  return {
    contents: ghost(),
    stores: ghost(),
    /** Content each content was copied from. */
    parent: words(MAX_CONTENTS, ghost()),
    /** Content that each numbered store belongs to. */
    storeContent: words(MAX_STORES, ghost()),
    /** 1 if nobody promised that the store is kept. */
    unpromised: words(MAX_STORES, ghost()),
    /** 1 once the store has reached memory. */
    reached: words(MAX_STORES, ghost()),
  };
}
