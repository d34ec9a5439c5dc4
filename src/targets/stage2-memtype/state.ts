import {
  flags,
  ghost,
  type Instance,
  Layout,
  lock,
  plain,
  pointer,
  type SlabCache,
  shown,
  watched,
  word,
  words,
} from '../../engine/layout.ts';
import { TagShadow, taggedPageFields } from '../../oracles/tag-shadow.ts';
import { notifierFields } from '../kernel/mmu-notifier.ts';
import { freePage, type PageCache, type PageOwner } from '../kernel/page.ts';
import { pageFlags } from '../kernel/page-flags.ts';
import { type TagState, tagProtocol } from '../kernel/page-tags.ts';
import type { Size } from '../target.ts';
import type { Design } from './design.ts';
import { PREVIOUS_OWNER, showData, showLeaf, showLine, showPte } from './entries.ts';
import { kinds, RAM, showProt, showVmFlags } from './memory-kinds.ts';

/** Bit of memslot->flags. */
export const MEMSLOT_INVALID = 1;
/** Page frames of RAM beyond one per page of the VMM. */
const SPARE = 2;

/** Memory, whatever it is: what is in the cache line and what is in DRAM, and what struct page there is. */
const frameSpec = {
  flags: flags(pageFlags),
  refcount: word(),
  line: shown(watched(), showLine),
  dram: shown(watched(PREVIOUS_OWNER), showData),
  /** Owner of the data; its stores carry this number. */
  owner: ghost(PREVIOUS_OWNER),
  /** The owner's predecessor's data were cleared, and whoever got the memory since is ordered after that. */
  cleared: ghost(),
  /** DRAM holds a store that bypassed the caches and is newer than the cache line. */
  dramNewer: ghost(),
};
const pageSpec = { ...frameSpec, ...taggedPageFields };
const vmaSpec = {
  vm_flags: shown(plain(), showVmFlags),
  vm_page_prot: shown(plain(), showProt),
  /** Number of the memory kind. */
  kind: ghost(),
};
const slotSpec = { flags: flags(['KVM_MEMSLOT_INVALID']), userspace_page: word() };

export type Frame = Instance<typeof frameSpec>;
export type Page = Instance<typeof pageSpec>;
export type Vma = Instance<typeof vmaSpec>;
export type Memslot = Instance<typeof slotSpec>;

function mmSpec(pages: number, frameName: (frame: number) => string) {
  return {
    mmap_lock: lock('Rwsem', 'mmap_lock'),
    ptl: lock('Spinlock', 'ptl'),
    vma: words(pages, pointer()),
    pte: words(pages, shown(word(), showPte(frameName))),
  };
}
function kvmSpec(gfns: number, frameName: (frame: number) => string) {
  return {
    lock: lock('Mutex', 'kvm->lock'),
    slots_lock: lock('Mutex', 'slots_lock'),
    ...notifierFields,
    mn_invalidate_lock: lock('Spinlock', 'mn_invalidate_lock'),
    mn_active_invalidate_count: word(),
    created_vcpus: word(),
    /** KVM_ARCH_FLAG_MTE_ENABLED of kvm->arch.flags. */
    mte_enabled: word(),
    memslot: words(gfns, pointer()),
    stage2: words(gfns, shown(word(), showLeaf(frameName))),
    /** Ghosts for the truth table: the last error of a memslot ioctl and of a fault. */
    memslot_error: ghost(),
    fault_error: ghost(),
  };
}

export type Mm = Instance<ReturnType<typeof mmSpec>>;
export type Kvm = Instance<ReturnType<typeof kvmSpec>>;

/** Everything that the operations share, and the design they run under. */
export interface State extends PageCache<Page>, PageOwner<Frame> {
  readonly d: Design;
  readonly layout: Layout;
  readonly shadow: TagShadow;
  /** For the tag primitives: the protocol around PG_mte_tagged that the design has. */
  readonly tagState: TagState;
  /** Guest frames, and pages of the VMM's address space. */
  readonly gfns: number;
  /** RAM first, then one frame for each other kind of memory. */
  readonly frames: readonly Frame[];
  readonly kindOf: readonly number[];
  /** The frames of RAM. */
  readonly pages: readonly Page[];
  readonly vmas: readonly Vma[];
  readonly vmaCache: SlabCache;
  readonly slots: readonly Memslot[];
  readonly slotCache: SlabCache;
  readonly mm: Mm;
  readonly kvm: Kvm;
  readonly stage1Tlb: readonly number[];
  readonly stage2Tlb: readonly number[];
  /** What lies where (pa >> k) + offset leads for memory that firmware gave no tag storage; by kind. */
  readonly behindTagStorage: readonly number[];
  readonly srcu: number;
}

export function buildState(d: Design, size: Size): State {
  const layout = new Layout();
  const ramFrames = size.pages + SPARE;
  const others = kinds.slice(RAM + 1);
  const names = [
    ...Array.from({ length: ramFrames }, (_, i) => `pages[${i}]`),
    ...others.map(kind => kind.name.replace('-', '_')),
  ];
  const frameName = (frame: number): string => names[frame] ?? `frame ${frame}`;
  const ram = layout.cache('pages', ramFrames, pageSpec, false);
  const devices = others.map((_, i) => layout.struct(frameName(ramFrames + i), frameSpec, ramFrames + i));
  const vmas = layout.cache('vm_area_struct', 2 * size.pages + 2, vmaSpec);
  const slots = layout.cache('kvm_memory_slot', 3 * size.pages + 2, slotSpec);
  const mm = layout.struct('mm', mmSpec(size.pages, frameName));
  const kvm = layout.struct('kvm', kvmSpec(size.pages, frameName));
  const behind = layout.struct('behind_tag_storage', {
    kernel_data: word(),
    device_register: word(),
    nothing: word(),
  });
  const tlbs = (name: string): readonly number[] =>
    Array.from({ length: size.pages }, (_, i) => layout.tlb(`${name} ${i}`));
  const shadow = new TagShadow(layout, ram.objects);
  const barriers = { wmbInSetTagged: d.tagLock, rmbInPageTagged: d.tagLock };
  return {
    d,
    layout,
    shadow,
    tagState: { d: { ...tagProtocol, ...barriers }, shadow, tagBufferTags: new Map() },
    *freePage(cpu, frame) {
      const page = ram.objects[frame.index];
      if (page !== undefined)
        yield* freePage(cpu, { pages: ram.objects, pageCache: ram.cache, shadow }, page);
    },
    gfns: size.pages,
    frames: [...ram.objects, ...devices],
    kindOf: [...ram.objects.map(() => RAM), ...others.map((_, i) => RAM + 1 + i)],
    pages: ram.objects,
    pageCache: ram.cache,
    vmas: vmas.objects,
    vmaCache: vmas.cache,
    slots: slots.objects,
    slotCache: slots.cache,
    mm,
    kvm,
    stage1Tlb: tlbs('VMM page'),
    stage2Tlb: tlbs('stage 2 gfn'),
    behindTagStorage: kinds.map(kind =>
      kind.registers ? behind.nothing : kind.structPage ? behind.device_register : behind.kernel_data,
    ),
    srcu: layout.srcu(),
  };
}

/** The area at an address that a pointer held. */
export function vmaAt(s: State, address: number): Vma {
  return at(s.vmas, address);
}
/** The memslot at an address that a pointer held. */
export function slotAt(s: State, address: number): Memslot {
  return at(s.slots, address);
}
function at<T extends { readonly base: number }>(all: readonly T[], address: number): T {
  const found = all.find(one => one.base === address);
  if (found === undefined) throw new RangeError(`no object at ${address}`);
  return found;
}

/** What kind of memory a frame is. */
export function memoryOf(s: State, frame: Frame): (typeof kinds)[number] {
  return kinds[s.kindOf[frame.index]];
}
/** The frame as a page of RAM; null for other memory. */
export function ramPage(s: State, frame: Frame): Page | null {
  return s.pages[frame.index] ?? null;
}
/** The frame that all areas of a kind other than RAM map. */
export function deviceFrame(s: State, kind: number): Frame {
  return s.frames[s.pages.length + kind - RAM - 1];
}
