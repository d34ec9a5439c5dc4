import {
  type Instance,
  Layout,
  lock,
  plain,
  pointer,
  type SlabCache,
  shown,
  word,
  words,
} from '../../engine/layout.ts';
import { GRANULES, shadowSlotFields, TagShadow, tagWord } from '../../oracles/tag-shadow.ts';
import { notifierFields } from '../kernel/mmu-notifier.ts';
import { freePage, type PageCache } from '../kernel/page.ts';
import type { TagState } from '../kernel/page-tags.ts';
import { showPte } from '../kernel/pte.ts';
import type { SwapState } from '../kernel/swap-map.ts';
import { swapFields, swapSlotFields } from '../kernel/swap-tags.ts';
import type { Size } from '../target.ts';
import { type Areas, areaOf, buildAreas } from './areas.ts';
import type { Design } from './design.ts';
import { freeLargePage } from './free-large.ts';
import { type Page, pageSpec } from './page-spec.ts';

export type { Page } from './page-spec.ts';

/** Bits of vma->vm_flags. */
export const VM = { mte: 1, mte_allowed: 2, shared: 4 } as const;

const pteWord = shown(word(), showPte);
function mmSpec(pages: number, subclass: string) {
  return {
    mmap_lock: lock('Rwsem', `mmap_lock${subclass}`),
    ptl: lock('Spinlock', `ptl${subclass}`),
    vma: words(pages, pointer()),
    pte: words(pages, pteWord),
  };
}
const vmaSpec = { vm_flags: plain() };

export type Mm = Instance<ReturnType<typeof mmSpec>>;

/** Everything that the operations share, and the design they run under. */
export interface State extends PageCache<Page>, SwapState<Page>, TagState {
  readonly d: Design;
  readonly size: Size;
  readonly layout: Layout;
  readonly shadow: TagShadow;
  readonly mms: readonly Mm[];
  /** TLB translations: [mm][index] for stage 1, [index] for stage 2. */
  readonly stage1: readonly (readonly number[])[];
  readonly stage2Tlb: readonly number[];
  readonly vmas: SlabCache;
  /** The memfd: its page cache and the lock of it. Entries are page number + 1, or minus (slot number + 1). */
  readonly file: Instance<{ xa_lock: ReturnType<typeof lock>; i_pages: ReturnType<typeof words> }>;
  readonly tagBuffers: SlabCache;
  readonly kvm: Kvm;
  readonly tagSyncLock: number;
  readonly folioLockClass: number;
  /** kvm->srcu, which protects memslots. */
  readonly kvmSrcu: number;
  /** Large folios, hugetlb memory and zero pages. */
  readonly areas: Areas;
  /** Of hibernation: the freezer, and buffers for the tags of page frames. */
  readonly power: Instance<typeof powerSpec>;
  readonly hibernateBuffers: SlabCache;
}

const powerSpec = { freezing: word(), tags_by_pfn: words(0, pointer()) };

function kvmSpec(pages: number) {
  return {
    slots_lock: lock('Mutex'),
    ...notifierFields,
    stage2: words(pages, pteWord),
    /** Whether the memslot of the areas has a dirty bitmap. */
    dirty_logging: word(),
  };
}
export type Kvm = Instance<ReturnType<typeof kvmSpec>>;

/** Page frames beyond one per index: copies, migration targets, and one of a regular file at the end. */
const SPARE = 3;

/** Index i is a page of the shared memfd if even, private anonymous memory or a page of an area if odd. */
export function isShared(index: number): boolean {
  return index % 2 === 0;
}

/** The page of a regular file that an area without VM_MTE_ALLOWED maps; it is always in memory. */
export function filePage(s: State): Page {
  return s.pages[s.size.pages + SPARE];
}

export function buildState(d: Design, size: Size): State {
  const layout = new Layout();
  const frames = size.pages + SPARE;
  const pages = layout.cache('pages', frames, pageSpec, false);
  const ofFile = layout.struct('file_page', pageSpec, frames);
  const areas = buildAreas(layout, size, frames + 1, d.hugetlb === 'folio-flags');
  const all = [
    ...pages.objects,
    ofFile,
    ...areas.thpPages,
    ...areas.hugetlbPages,
    ...areas.hugeZeroPages,
    areas.zeroPage,
  ];
  const vmas = layout.cache('vm_area_struct', size.mms * size.pages + 2, vmaSpec);
  const buffers = layout.cache('tag_buffer', size.pages + 2, { tags: words(GRANULES, tagWord()) });
  const hibernation = layout.cache('hibernate_tags', all.length, { tags: words(GRANULES, tagWord()) });
  const mms = Array.from({ length: size.mms }, (_, i) =>
    layout.struct(`mm${i}`, mmSpec(areas.indices, i === 0 ? '' : '/1'), i),
  );
  for (const mm of mms) layOutAreaVmas(layout, areas, mm, d);
  const stage1 = mms.map((_, i) =>
    Array.from({ length: areas.indices }, (_, j) => layout.tlb(`mm${i} page ${j}`)),
  );
  const stage2Tlb = Array.from({ length: areas.indices }, (_, j) => layout.tlb(`stage 2 gfn ${j}`));
  const file = layout.struct('memfd', {
    xa_lock: lock('Spinlock', 'i_pages'),
    i_pages: words(size.pages),
  });
  const swap = layout.struct('swap', swapFields);
  const slots = layout.array('swap_slot', size.pages + 1, swapSlotFields);
  const slotShadows = layout.array('swap_shadow', size.pages + 1, shadowSlotFields);
  const kvm = layout.struct('kvm', kvmSpec(areas.indices));
  const globals = layout.struct('mte', { tag_sync_lock: lock('Spinlock', 'tag_sync_lock') });
  const folioLockClass = layout.lockClass('folio_lock');
  const s: State = {
    d,
    size,
    layout,
    shadow: new TagShadow(layout, all),
    pages: all,
    pageCache: pages.cache,
    freePage: (cpu, page) => (page.index <= frames ? freePage(cpu, s, page) : freeLargePage(cpu, s, page)),
    mms,
    stage1,
    stage2Tlb,
    vmas: vmas.cache,
    file,
    swap,
    slots,
    slotShadows,
    tagBuffers: buffers.cache,
    tagBufferTags: new Map(
      [...buffers.objects, ...hibernation.objects].map(buffer => [buffer.base, buffer.tags]),
    ),
    kvm,
    tagSyncLock: globals.tag_sync_lock,
    folioLockClass,
    kvmSrcu: layout.srcu(),
    areas,
    power: layout.struct('power', { ...powerSpec, tags_by_pfn: words(all.length, pointer()) }),
    hibernateBuffers: hibernation.cache,
  };
  return s;
}

/** The areas of an address space begin as its small pages do: only those of the VMM, mm 0, lack PROT_MTE. */
function layOutAreaVmas(layout: Layout, areas: Areas, mm: Mm, d: Design): void {
  for (const [i, index] of Object.values(areas.of).flat().entries()) {
    const hugetlb = areaOf(areas, index) === 'hugetlb';
    const mte = hugetlb && d.hugetlb === 'refused' ? 0 : VM.mte_allowed | (mm.index > 0 ? VM.mte : 0);
    const area = layout.struct(`mm${mm.index}_area[${i}]`, {
      vm_flags: plain(mte | (hugetlb ? VM.shared : 0)),
    });
    layout.initialise(mm.vma[index], area.base);
  }
}
