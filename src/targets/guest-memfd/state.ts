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
import { notifierFields } from '../kernel/mmu-notifier.ts';
import { pageFlags } from '../kernel/page-flags.ts';
import type { Size } from '../target.ts';
import type { Design } from './design.ts';
import { showDirect, showNpt, showRmp } from './entries.ts';

/** Who a page frame belongs to; `free` is the allocator. */
export const Owner = { free: 0, gmem: 1, other: 2, kernel: 3, user: 4 } as const;
const owners = ['free', 'guest_memfd', 'another owner', 'kernel', 'user memory'];

/** Pages of the file before the first one that a memslot maps: slot->gmem.pgoff. */
export const PGOFF = 2;
/** The frame that unrelated kernel code owns; it shares its 2M region with a frame of the allocator. */
const KERNEL_FRAME = 1;
/** mmu_invalidate_range_start and _end while no range is known. */
export const INVALID_GPA = -1;
/** Bit of memslot->flags. */
export const MEMSLOT_INVALID = 1;

const pageSpec = {
  flags: flags(pageFlags),
  refcount: word(),
  /** folio->mapping and folio->index in one: index + 1, 0 if it is in no page cache. */
  mapping: word(),
  order: word(),
  owner: shown(word(), value => owners[value] ?? String(value)),
  data: word(),
};
const slotSpec = { flags: flags(['KVM_MEMSLOT_INVALID']), gmem_file: pointer() };

function kvmSpec(gfns: number, regions: number) {
  return {
    lock: lock('Mutex', 'kvm->lock'),
    slots_lock: lock('Mutex', 'slots_lock'),
    rmp_mutex: lock('Mutex', 'rmp_mutex'),
    users_count: word(),
    pre_fault_allowed: word(),
    ...notifierFields,
    mmu_invalidate_range_start: word(INVALID_GPA),
    mmu_invalidate_range_end: word(INVALID_GPA),
    slot: pointer(),
    mem_attr_lock: lock('Spinlock', 'mem_attr_array.xa_lock'),
    mem_attr_array: words(
      gfns,
      shown(word(), value => (value === 0 ? 'shared' : 'private')),
    ),
    lpage_mixed: words(regions),
    npt: words(gfns, shown(word(), showNpt)),
    npt_2m: words(regions, shown(word(), showNpt)),
  };
}
function gmemSpec(indices: number) {
  return { bindings: words(indices, pointer()) };
}
function inodeSpec(indices: number) {
  return {
    invalidate_lock: lock('Rwsem', 'invalidate_lock'),
    i_pages: words(
      indices,
      shown(word(), value => (value === 0 ? 'none' : `pages[${value - 1}]`)),
    ),
    /** D8: attributes by index. */
    attributes: words(
      indices,
      shown(word(), value => (value === 0 ? 'shared' : 'private')),
    ),
    /** D6b: prepared bits by index. */
    prepared: words(indices),
    /** Entries of the VMM's page table for the mapping of the file: page number + 1. */
    host_pte: words(
      indices,
      shown(word(), value => (value === 0 ? 'none' : `pages[${value - 1}]`)),
    ),
  };
}
const fileSpec = { open: word(1), f_count: word(1), private_data: pointer() };

export type Page = Instance<typeof pageSpec>;
export type Kvm = Instance<ReturnType<typeof kvmSpec>>;
export type Gmem = Instance<ReturnType<typeof gmemSpec>>;
export type File = Instance<typeof fileSpec>;
export type Memslot = Instance<typeof slotSpec>;

/** Everything that the operations share, and the design they run under. */
export interface State {
  readonly d: Design;
  readonly layout: Layout;
  /** Guest frames: gfn 0 to gfns - 1, all in one memslot at offset PGOFF of the file. */
  readonly gfns: number;
  readonly indices: number;
  /** All page frames by pfn; the last `gfns` of them are the user memory behind shared gfns. */
  readonly pages: readonly Page[];
  /** Frames that the allocator hands out. */
  readonly pool: readonly Page[];
  readonly kernelPage: Page;
  readonly rmp: readonly number[];
  readonly directMap: Instance<{ entry: ReturnType<typeof words>; purge_lock: ReturnType<typeof lock> }>;
  readonly directTlb: readonly number[];
  readonly nptTlb: readonly number[];
  readonly npt2mTlb: readonly number[];
  readonly hostTlb: readonly number[];
  readonly kvm: Kvm;
  readonly kvmCache: SlabCache;
  readonly vmFile: File;
  readonly gmemFile: File;
  readonly gmem: Gmem;
  readonly gmemCache: SlabCache;
  readonly inode: Instance<ReturnType<typeof inodeSpec>>;
  readonly slots: readonly Memslot[];
  readonly slotCache: SlabCache;
  readonly mmapLock: number;
  readonly srcu: number;
  readonly folioLockClass: number;
  /** Work that a CPU does when it returns to user space: bit 0, the release of the gmem file. */
  readonly taskWork: readonly number[];
}

export function buildState(d: Design, size: Size): State {
  const layout = new Layout();
  const gfns = size.pages + (size.pages & 1);
  const indices = gfns + PGOFF;
  const frames = 2 + indices;
  const regions = frames >> 1;
  const pages = layout.array('pages', frames + gfns, pageSpec);
  const rmp = layout.array('rmp', frames + gfns, { entry: shown(word(), showRmp) });
  const directMap = layout.struct('direct_map', {
    entry: words(regions, shown(word(1), showDirect)),
    purge_lock: lock('Mutex', 'vmap_purge_lock'),
  });
  const kvm = layout.cache('kvm', 1, kvmSpec(gfns, gfns >> 1));
  const gmem = layout.cache('kvm_gmem', 1, gmemSpec(indices));
  const slots = layout.cache('kvm_memory_slot', 4, slotSpec);
  const numbers = (count: number, name: (i: number) => string): readonly number[] =>
    Array.from({ length: count }, (_, i) => layout.tlb(name(i)));
  const pool = pages.filter(page => page.index < frames && page.index !== KERNEL_FRAME);
  return {
    d,
    layout,
    gfns,
    indices,
    pages,
    pool,
    kernelPage: pages[KERNEL_FRAME],
    rmp: rmp.map(one => one.entry),
    directMap,
    directTlb: numbers(regions, i => `direct map region ${i}`),
    nptTlb: numbers(gfns, i => `NPT gfn ${i}`),
    npt2mTlb: numbers(gfns >> 1, i => `NPT 2M region ${i}`),
    hostTlb: numbers(indices, i => `host mapping of index ${i}`),
    kvm: kvm.objects[0],
    kvmCache: kvm.cache,
    vmFile: layout.struct('vm_file', fileSpec),
    gmemFile: layout.struct('gmem_file', fileSpec),
    gmem: gmem.objects[0],
    gmemCache: gmem.cache,
    inode: layout.struct('inode', inodeSpec(indices)),
    slots: slots.objects,
    slotCache: slots.cache,
    mmapLock: layout.struct('mm', { mmap_lock: lock('Rwsem', 'mmap_lock') }).mmap_lock,
    srcu: layout.srcu(),
    folioLockClass: layout.lockClass('folio_lock'),
    taskWork: layout.array('task', size.cpus, { work: ghost() }).map(task => task.work),
  };
}

/** Index in the file of a gfn. */
export function indexOf(gfn: number): number {
  return gfn + PGOFF;
}

/** The user page behind a shared gfn. */
export function userPage(s: State, gfn: number): Page {
  return s.pages[s.pages.length - s.gfns + gfn];
}

/** The memslot whose object is at an address. */
export function slotAt(s: State, address: number): Memslot {
  return s.slots.find(slot => slot.base === address) ?? s.slots[0];
}

/** Where the attribute of a gfn is stored: with the VM, or (D8) with the inode. */
export function attributeOf(s: State, gfn: number): number {
  return s.d.inPlace ? s.inode.attributes[indexOf(gfn)] : s.kvm.mem_attr_array[gfn];
}
