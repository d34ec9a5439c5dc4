import {
  flags,
  ghost,
  type Instance,
  Layout,
  lock,
  pointer,
  type SlabCache,
  shown,
  word,
  words,
} from '../../engine/layout.ts';
import { DATA, dataWord, MigrationShadow, migratingPageFields } from '../../oracles/migration-shadow.ts';
import { GRANULES, TagShadow, tagWord } from '../../oracles/tag-shadow.ts';
import { freePage, type PageCache, type PageOwner } from '../kernel/page.ts';
import { pageFlags } from '../kernel/page-flags.ts';
import { type TagState, tagProtocol } from '../kernel/page-tags.ts';
import { showPte } from '../kernel/pte.ts';
import type { Size } from '../target.ts';
import type { Design } from './design.ts';
import { showStage2 } from './stage2-pte.ts';

/** Bit of memslot->flags. */
export const MEM_LOG_DIRTY_PAGES = 1;
/** How far the migration is: see `Vm.phase`. */
export const Phase = { none: 0, logging: 1, completed: 2 } as const;
const phases = ['not begun', 'dirty logging', 'completed'];

const pageSpec = {
  flags: flags(pageFlags),
  refcount: word(),
  ...migratingPageFields,
};
const pteWord = shown(word(), showPte);
const cacheWord = shown(word(), value => (value === 0 ? 'none' : `page ${value - 1}`));

/** A set of gfns. */
function showGfns(value: number): string {
  const set = Array.from({ length: 31 }, (_, gfn) => gfn).filter(gfn => (value & (1 << gfn)) !== 0);
  return set.length === 0 ? 'none' : `gfn ${set.join(', ')}`;
}
const gfnSet = shown(word(), showGfns);

/** The VMM's address space: guest memory by gfn, mapped once or, a memfd, twice. */
function mmSpec(gfns: number) {
  return {
    ptl: lock('Spinlock', 'ptl'),
    pte: words(gfns, pteWord),
    /** Second mapping, with PROT_MTE. */
    alias_ptl: lock('Spinlock', 'ptl/1'),
    alias: words(gfns, pteWord),
    /** The mapping of guest memory is registered with userfaultfd. */
    uffd: word(),
    /** Per gfn: waiters of a userfault were woken. */
    woken: words(gfns, flags(['WOKEN'])),
    i_pages: words(gfns, cacheWord),
    xa_lock: lock('Spinlock', 'i_pages'),
  };
}
const slotSpec = { flags: flags(['KVM_MEM_LOG_DIRTY_PAGES']), dirty_bitmap: gfnSet };
function kvmSpec(gfns: number) {
  return {
    slots_lock: lock('Mutex', 'slots_lock'),
    mmu_lock: lock('Rwlock', 'mmu_lock'),
    memslot: pointer(),
    stage2: words(gfns, shown(word(), showStage2)),
    /** B: the tags of each gfn that were saved when it was flagged clean, and whether they hold. */
    saved_tags: words(gfns, pointer()),
    saved: words(gfns),
  };
}
function vmSpec(gfns: number) {
  return {
    /** Only one thread of the VMM migrates; finer operations take turns. */
    migration_lock: lock('Mutex', 'migration_lock'),
    phase: shown(word(), value => phases[value] ?? String(value)),
    /** vCPUs and devices of the source are to stop. */
    stop: word(),
    /** The destination runs. */
    running: flags(['RUNNING']),
    /** Dirtied by device emulation: ram_list.dirty_memory of QEMU. */
    device_dirty: gfnSet,
    /** To be sent: the bitmap of QEMU's RAM block. */
    migration_bitmap: gfnSet,
    /** With manual protection: KVM_CLEAR_DIRTY_LOG is due before the page is read. */
    clear_bitmap: gfnSet,
    /** Data of each page as sent last, and whether there are any. */
    sent_data: words(gfns * DATA, dataWord()),
    sent: words(gfns),
    /** Sent, but data not yet taken from guest memory: the tags that were captured. */
    in_flight: words(gfns),
    in_flight_tags: words(gfns * GRANULES, tagWord()),
    /** Tags that were fetched for all pages at once, for post-copy. */
    fetched_tags: words(gfns * GRANULES, tagWord()),
  };
}
/** What each CPU's thread is doing for the VM. */
const threadSpec = { in_guest: flags(['IN_GUEST']), dma: flags(['DMA']) };

export type Page = Instance<typeof pageSpec>;
export type Memslot = Instance<typeof slotSpec>;

/** Source or destination: kernel and VMM of one machine. */
export interface Host extends PageCache<Page>, PageOwner<Page> {
  readonly pages: readonly Page[];
  readonly mm: Instance<ReturnType<typeof mmSpec>>;
  readonly kvm: Instance<ReturnType<typeof kvmSpec>>;
  readonly slots: readonly Memslot[];
  readonly slotCache: SlabCache;
  /** TLB translations by gfn: the VMM's mappings and stage 2. */
  readonly tlb: readonly number[];
  readonly aliasTlb: readonly number[];
  readonly stage2Tlb: readonly number[];
  readonly srcu: number;
}

/** Everything that the operations share, and the design they run under. */
export interface State {
  readonly d: Design;
  readonly layout: Layout;
  readonly gfns: number;
  readonly source: Host;
  readonly destination: Host;
  readonly vm: Instance<ReturnType<typeof vmSpec>>;
  readonly threads: readonly Instance<typeof threadSpec>[];
  readonly tagBufferCache: SlabCache;
  /** Tags, and what they must be at the source. */
  readonly mte: TagState;
  /** Content at the destination. */
  readonly content: MigrationShadow;
  /** Nothing was compared yet if 0: for tests. */
  readonly compared: number;
}

/** The frames of a host: UFFDIO_COPY allocates before it knows whether it is too late, so there is one more for each CPU. */
function buildPages(layout: Layout, name: string, size: Size) {
  return layout.cache(`${name}_pages`, size.pages + size.cpus, pageSpec, false);
}

function buildHost(
  layout: Layout,
  name: string,
  size: Size,
  { cache, objects }: ReturnType<typeof buildPages>,
  shadow: Host['shadow'],
): Host {
  const slots = layout.cache(`${name}_memslot`, 3, slotSpec);
  const numbers = (what: string): readonly number[] =>
    Array.from({ length: size.pages }, (_, gfn) => layout.tlb(`${name} ${what} ${gfn}`));
  return {
    pages: objects,
    pageCache: cache,
    shadow,
    freePage: (cpu, page) => freePage(cpu, { pages: objects, pageCache: cache, shadow }, page),
    mm: layout.struct(`${name}_mm`, mmSpec(size.pages)),
    kvm: layout.struct(`${name}_kvm`, kvmSpec(size.pages)),
    slots: slots.objects,
    slotCache: slots.cache,
    tlb: numbers('mapping of gfn'),
    aliasTlb: numbers('second mapping of gfn'),
    stage2Tlb: numbers('stage 2 gfn'),
    srcu: layout.srcu(),
  };
}

export function buildState(d: Design, size: Size): State {
  const layout = new Layout();
  const from = buildPages(layout, 'source', size);
  const to = buildPages(layout, 'destination', size);
  const buffers = layout.cache('tag_buffer', size.pages + 1, { tags: words(GRANULES, tagWord()) });
  const tags = new TagShadow(layout, from.objects);
  const content = new MigrationShadow(layout, size.pages, to.objects);
  return {
    d,
    layout,
    gfns: size.pages,
    source: buildHost(layout, 'source', size, from, {
      freed(page) {
        tags.freed(page);
        content.freed(page);
      },
    }),
    destination: buildHost(layout, 'destination', size, to, content),
    vm: layout.struct('vmm', vmSpec(size.pages)),
    threads: layout.array('thread', size.cpus, threadSpec),
    tagBufferCache: buffers.cache,
    mte: {
      d: tagProtocol,
      shadow: tags,
      tagBufferTags: new Map(buffers.objects.map(buffer => [buffer.base, buffer.tags])),
    },
    content,
    compared: layout.struct('test', { compared: ghost() }).compared,
  };
}

/** The memslot whose object is at an address. */
export function memslotAt(h: Host, address: number): Memslot {
  return h.slots.find(slot => slot.base === address) ?? h.slots[0];
}
