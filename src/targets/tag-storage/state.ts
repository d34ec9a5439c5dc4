import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import {
  flags,
  type Instance,
  Layout,
  lock,
  pointer,
  type SlabCache,
  shown,
  watched,
  word,
  words,
} from '../../engine/layout.ts';
import { DATA, isData, StorageShadow } from '../../oracles/storage-shadow.ts';
import {
  GRANULES,
  shadowSlotFields,
  TagShadow,
  taggedPageFields,
  tagWord,
} from '../../oracles/tag-shadow.ts';
import { pageFlags } from '../kernel/page-flags.ts';
import type { TagState } from '../kernel/page-tags.ts';
import type { SwapState } from '../kernel/swap-map.ts';
import { swapFields, swapSlotFields } from '../kernel/swap-tags.ts';
import type { Size } from '../target.ts';
import type { Design } from './design.ts';
import { Geometry } from './geometry.ts';
import { showPte } from './pte.ts';

/** The hidden entry that xa_reserve() leaves; loads see NULL. */
export const XA_ZERO_ENTRY = -1;

/** Codes of page->mapping beside an address space: the memfd, an anonymous page that several may map, a block device. */
export const MEMFD = 255;
export const FORKED = 254;
export const BDEV = 253;

/** What a tag of the previous owner looks like: see TagShadow. */
const STALE_TAG = (1 << 4) | 10;

function showStorage(value: number): string {
  return isData(value) ? `data ${value & ~DATA}` : String(value & 15);
}

/**
 * What may be looked at while a page is free: speculative references, tags, whose bytes are somebody's data as long as
 * their block is ordinary memory, and what is kept in an array beside struct page. The rest is in the slab, so that its use after free is noticed.
 */
const frameSpec = {
  refcount: word(),
  tags: words(GRANULES, shown(watched(STALE_TAG), showStorage)),
  /** Fix 3: the tag buffer that was reserved for the page when it was allocated. */
  reserve: pointer(),
};
const { tags: _tags, ...shadowFields } = taggedPageFields;
const pageSpec = {
  flags: flags(pageFlags),
  /** page->mapping and index: 0 none; address space + 1 in the low bits (or a code, see MEMFD), index from bit 8. */
  mapping: shown(word(), showMapping),
  data: word(),
  ...shadowFields,
};
const keptSpec = { entry: shown(pointer(), showEntry), node: pointer() };
const blockSpec = { reserved: word(), node: pointer(), refcount: word() };
const pteWord = shown(word(), showPte);

function showMapping(value: number): string {
  const owner = value & 255;
  const index = value >>> 8;
  if (value === 0) return 'NULL';
  if (owner === BDEV) return 'the block device';
  if (owner === MEMFD) return `memfd page ${index}`;
  return owner === FORKED ? `anonymous page ${index}, shared` : `mm${owner - 1} page ${index}`;
}

function showEntry(value: number): string {
  if (value === 0) return 'NULL';
  return value === XA_ZERO_ENTRY ? 'zero entry' : `buffer at ${value}`;
}

function mmSpec(pages: number, subclass: string) {
  return {
    mmap_lock: lock('Rwsem', `mmap_lock${subclass}`),
    ptl: lock('Spinlock', `ptl${subclass}`),
    /** 1 if the area has VM_MTE; under mmap_lock. */
    vm_mte: words(pages),
    pte: words(pages, pteWord),
    /** A fatal signal is pending. */
    killed: word(),
  };
}

/** Pages that a word which stands for a set of pages has bits for. */
const BITS = 31;
/** Ordinary pages of the largest machine: with more, the tag-storage pages (two a block) would not fit the allocator's words. */
const MAX_ORDINARY = 22;

function kernelSpec(frames: number) {
  return {
    tag_blocks_lock: lock('Mutex'),
    cma_mutex: lock('Mutex'),
    tags_by_pfn: lock('Spinlock', 'tags_by_pfn'),
    tag_blocks_reserved: lock('Spinlock', 'tag_blocks_reserved'),
    zone_lock: lock('Spinlock', 'zone->lock'),
    private_lock: lock('Spinlock', 'mapping->private_lock'),
    mmu_lock: lock('Rwlock', 'mmu_lock'),
    i_pages: lock('Spinlock', 'i_pages'),
    /** The page cache of a block device, whose page has buffer heads: page number + 1. */
    bdev_page: word(),
    /** Page frames that the allocator may hand out, a bit for each. */
    free: word(),
    /** Tag-storage pages that are free ordinary memory (MIGRATE_CMA), and those being taken out of it. */
    free_cma: word(),
    isolated: word(),
    /** The huge page's frames are free. */
    free_huge: word(1),
    /** Pages whose last reference a device still holds, a bit for each (see dmaBit()): the completion interrupt drops it. */
    dma: words(Math.ceil(frames / BITS)),
    /** The huge page is mapped (tagged) in address space 1: its page-table entry. */
    pmd: word(),
    pmd_lock: lock('Spinlock', 'pmd_lock'),
  };
}

export type Page = Instance<typeof pageSpec> & Pick<Instance<typeof frameSpec>, keyof typeof frameSpec>;
export type Mm = Instance<ReturnType<typeof mmSpec>>;

/**
 * The page allocator, and what it needs of those above it: reserving a block moves its pages, which allocates others.
 * The model sets it when it is built.
 */
export interface Allocator {
  readonly freePage: (cpu: Cpu, s: State, page: Page) => Kernel;
  readonly migrateFrame: (cpu: Cpu, s: State, src: Page, tagged: boolean, sync: boolean) => Kernel<boolean>;
}

/** Everything that the operations share, and the design they run under. */
export interface State extends SwapState<Page>, TagState {
  readonly migrateFrame: Allocator['migrateFrame'];
  readonly d: Design;
  readonly size: Size;
  readonly layout: Layout;
  readonly geometry: Geometry;
  readonly shadow: TagShadow;
  readonly storage: StorageShadow;
  /** Page frames: ordinary ones, the huge page's, the block device's, then the tag-storage pages. */
  readonly pages: readonly Page[];
  /** The slab cache of each: the allocator says which one it hands out. */
  readonly frames: readonly SlabCache[];
  readonly ordinary: number;
  readonly huge: number;
  readonly bdev: number;
  readonly firstTagPage: number;
  /** Words of each tag-storage page: the tags of the pages that it serves. */
  readonly tagPageWords: readonly (readonly number[])[];
  readonly k: Instance<ReturnType<typeof kernelSpec>>;
  readonly blocks: readonly Instance<typeof blockSpec>[];
  /** The xarray tags_by_pfn. */
  readonly kept: readonly Instance<typeof keptSpec>[];
  readonly mms: readonly Mm[];
  readonly tlb: readonly (readonly number[])[];
  readonly hugeTlb: number;
  /** The memfd's page cache: page number + 1, or minus (slot number + 1). */
  readonly i_pages: readonly number[];
  readonly buffers: SlabCache;
  readonly nodes: SlabCache;
  /** Fix 1: tag buffers carved out of a page and not handed out. */
  readonly tagCache: Instance<{ lock: ReturnType<typeof lock>; buffer: ReturnType<typeof words> }>;
  readonly folioLockClass: number;
}

/** Order of the huge page, and its frames. */
export const HUGE_ORDER = 2;
const HUGE_FRAMES = 1 << HUGE_ORDER;

/** Index i is a page of the shared memfd if even, private anonymous memory if odd. */
export function isShared(index: number): boolean {
  return index % 2 === 0;
}

/** Word and bit of `dma` for a page. */
export function dmaBit(s: State, page: Page): { readonly word: number; readonly bit: number } {
  return { word: s.k.dma[Math.floor(page.index / BITS)], bit: page.index % BITS };
}

export function isTagStorage(s: State, page: Page): boolean {
  return page.index >= s.firstTagPage;
}

function buildPage(layout: Layout, index: number, name: string): { page: Page; cache: SlabCache } {
  const { cache, object } = layout.single(name, index, pageSpec);
  const { refcount, tags, reserve } = layout.struct(name, frameSpec, index);
  return { page: Object.assign(object, { refcount, tags, reserve }), cache };
}

export function buildState(d: Design, size: Size, allocator: Allocator): State {
  const layout = new Layout();
  const ordinary = Math.min(2 * size.pages + 2, MAX_ORDINARY);
  const huge = ordinary;
  const bdev = huge + HUGE_FRAMES;
  const firstTagPage = bdev + 2;
  const geometry = new Geometry(d, firstTagPage);
  const made = Array.from({ length: firstTagPage + geometry.tagPages }, (_, i) =>
    buildPage(layout, i, i < firstTagPage ? `pages[${i}]` : `tag_page[${i - firstTagPage}]`),
  );
  const all = made.map(({ page }) => page);
  const pages = all.slice(0, firstTagPage);
  const tagPages = all.slice(firstTagPage);
  const tagPageWords = tagPages.map((_, i) =>
    pages.filter(page => geometry.hardwareTagPage(page.index) === i).flatMap(page => page.tags),
  );
  const blockWords = Array.from({ length: geometry.blocks }, (_, b) =>
    pages.filter(page => geometry.hardwareBlock(page.index) === b).flatMap(page => page.tags),
  );
  const kernel = layout.struct('mm', kernelSpec(all.length));
  const mms = Array.from({ length: size.mms }, (_, i) =>
    layout.struct(`mm${i}`, mmSpec(size.pages, i === 0 ? '' : `/${i}`), i),
  );
  const buffers = layout.cache('tag_buffer', 2 * size.pages + 12, { tags: words(GRANULES, tagWord()) });
  const nodes = layout.cache('xa_node', geometry.blocks + all.length, { slots: word() });
  const s: State = {
    freePage: (cpu, page) => allocator.freePage(cpu, s, page),
    migrateFrame: allocator.migrateFrame,
    d,
    size,
    layout,
    geometry,
    shadow: new TagShadow(layout, all),
    storage: new StorageShadow(layout, blockWords),
    pages: all,
    frames: made.map(({ cache }) => cache),
    ordinary,
    huge,
    bdev,
    firstTagPage,
    tagPageWords,
    k: kernel,
    blocks: layout.array('block', geometry.blocks, blockSpec),
    kept: layout.array('tags_by_pfn', all.length, keptSpec),
    mms,
    tlb: mms.map((_, i) => Array.from({ length: size.pages }, (_, j) => layout.tlb(`mm${i} page ${j}`))),
    hugeTlb: layout.tlb('huge page'),
    i_pages: layout.struct('memfd', { i_pages: words(size.pages) }).i_pages,
    swap: layout.struct('swap', swapFields),
    slots: layout.array('swap_slot', size.pages + 2, swapSlotFields),
    slotShadows: layout.array('swap_shadow', size.pages + 2, shadowSlotFields),
    buffers: buffers.cache,
    tagBufferTags: new Map(buffers.objects.map(buffer => [buffer.base, buffer.tags])),
    nodes: nodes.cache,
    tagCache: layout.struct('tag_buf_cache', {
      lock: lock('Spinlock', 'tag_buf_cache'),
      buffer: words(2, pointer()),
    }),
    folioLockClass: layout.lockClass('folio_lock'),
  };
  return s;
}
