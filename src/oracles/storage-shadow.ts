import { ghost, type Instance, type Layout, words } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';

/** Marks words that a data mapping stored, as against allocation tags: a bit that no tag word has. */
export const DATA = 1 << 28;

export function isData(value: number): boolean {
  return (value & DATA) !== 0;
}

/**
 * Follows what a block of tag storage holds, for the oracle `storage-corruption`. The bytes of a block are the tags of
 * the pages that it serves and, as long as nobody reserved it, data of whoever got its pages from the allocator: the
 * same words here. Beside them, which words have dirty cache lines of which kind: tag lines and data lines of the
 * same bytes are not coherent, so one of the old kind that is written back late corrupts the new content.
 */
export class StorageShadow {
  readonly #blockOf = new Map<number, number>();
  readonly #words: readonly (readonly number[])[];
  readonly #state: Instance<ReturnType<typeof blockFields>>;
  readonly #lines = new Map<number, number>();
  readonly #dirty: Instance<{ data: ReturnType<typeof words>; tags: ReturnType<typeof words> }>;
  #machine: Machine | null = null;

  /** `blocks`: the words of each block. */
  constructor(layout: Layout, blocks: readonly (readonly number[])[]) {
    this.#words = blocks;
    this.#state = layout.struct('storage_shadow', blockFields(blocks.length));
    for (const [b, list] of blocks.entries()) {
      for (const address of list) {
        this.#blockOf.set(address, b);
        this.#lines.set(address, this.#lines.size);
      }
    }
    this.#dirty = layout.struct('cache_lines', {
      data: words(this.#lines.size, ghost()),
      tags: words(this.#lines.size, ghost()),
    });
  }

  /** Follows the stores; `next` sees what is no store of data. Call it after other watchers were installed. */
  attach(machine: Machine): void {
    this.#machine = machine;
    const next = machine.watcher;
    machine.watcher = (address, old, value, cpu, site) => {
      const block = this.#blockOf.get(address);
      if (block !== undefined) this.#stored(machine, block, address, value, cpu, site);
      if (next !== null && !isData(value)) next(address, old, value, cpu, site);
    };
  }

  /** The block was taken from its users: from now on it holds tags. */
  holdsTags(block: number): void {
    this.#set(this.#state.tags[block], 1);
  }

  /** The block was given back: from now on it is ordinary memory. */
  holdsData(block: number): void {
    this.#set(this.#state.tags[block], 0);
  }

  isTags(block: number): boolean {
    return this.#get(this.#state.tags[block]) === 1;
  }

  /** dcache_inval_poc(): drops dirty data lines of a block. */
  dataLinesInvalidated(block: number): void {
    for (const address of this.#words[block]) this.#set(this.#dirty.data[this.#line(address)], 0);
  }

  /** dcache_inval_tags_poc(): drops dirty tag lines, given by their words. */
  tagLinesInvalidated(addresses: readonly number[]): void {
    for (const address of addresses) this.#set(this.#dirty.tags[this.#line(address)], 0);
  }

  /** Final check: no dirty line of the old kind is left that could still be written back. */
  done(machine: Machine): void {
    for (const [b, list] of this.#words.entries()) {
      const tags = this.isTags(b);
      for (const address of list) {
        const stale = this.#get((tags ? this.#dirty.data : this.#dirty.tags)[this.#line(address)]);
        if (stale === 0) continue;
        const [old, now] = tags ? ['data', 'holds tags'] : ['tag', 'is ordinary memory again'];
        const name = machine.layout.nameOf(address);
        const message = `a dirty ${old} cache line of ${name} can be written back although block ${b} ${now}`;
        machine.report('storage-corruption', message, -1, address, [machine.memory.lastSite[address]]);
        return;
      }
    }
  }

  #stored(machine: Machine, block: number, address: number, value: number, cpu: number, site: number): void {
    const data = isData(value);
    const line = this.#line(address);
    this.#set((data ? this.#dirty.data : this.#dirty.tags)[line], 1);
    if (data !== this.isTags(block)) return;
    const name = machine.layout.nameOf(address);
    const message = data
      ? `data is written over ${name}: block ${block} holds tags`
      : `${name} is written, but block ${block} holds data`;
    machine.report('storage-corruption', message, cpu, address, [site]);
  }

  #line(address: number): number {
    return this.#lines.get(address) ?? 0;
  }

  #get(address: number): number {
    return this.#machine === null ? 0 : this.#machine.peek(address);
  }

  #set(address: number, value: number): void {
    if (this.#machine !== null) this.#machine.ghostStore(address, value);
  }
}

function blockFields(blocks: number) {
  return {
    /** 1 while the block holds tags. */
    tags: words(blocks, ghost()),
  };
}
