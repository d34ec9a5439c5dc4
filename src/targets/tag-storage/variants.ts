import { tagProtocol } from '../kernel/page-tags.ts';
import { switchOf } from '../kernel/settings.ts';
import type { Switch, Variant } from '../target.ts';
import type { Design } from './design.ts';

/** The series with every catalogued fix: the order of section 2.8, the second of the mail's proposals for copies. */
const fixed: Design = {
  ...tagProtocol,
  order: 'one-section',
  copyMemory: 'prepare-end',
  loop: 'exact',
  twoPageBlocks: false,
  straddling: false,
  zoneSplitSkew: false,
  mandatory: false,
  warnUnreserved: true,
  warnPreemptible: false,
  reserveErrorIsSuccess: false,
  storeErrorIsSuccess: false,
  releaseTakesLock: false,
  storeDropsLock: false,
  freeHookTagged: false,
  eraseOnFree: true,
  eraseUnreserved: true,
  pfnLockIrqsave: true,
  blockStoreIrq: true,
  cmoOnReserve: true,
  cmoOnFree: true,
  minReferences: true,
  recheckReserved: true,
  restoreAnyway: false,
  swapRestoreAnyway: false,
  deferRestore: true,
  transferMoves: false,
  transferDrops: false,
  transferRetests: true,
  unusePrepareAtomic: false,
  saveKept: true,
  collapseMte: true,
  bufferHeadTagged: false,
  missedCaller: false,
  ignoreFailure: false,
  endOnExit: true,
  reserveFreeHook: true,
  reserveCleared: true,
  tagTagStorage: false,
  migrateTagged: false,
  lockThenAllocate: false,
  anyReserver: false,
};

/** What RFC v3 has of the catalogue. */
const v3: Design = {
  ...fixed,
  order: 'drain-bit',
  copyMemory: 'blocking',
  loop: 'v3',
  reserveErrorIsSuccess: true,
  storeErrorIsSuccess: true,
  releaseTakesLock: true,
  eraseUnreserved: false,
  pfnLockIrqsave: false,
  blockStoreIrq: false,
  restoreAnyway: true,
  transferMoves: true,
  transferDrops: true,
  transferRetests: false,
  unusePrepareAtomic: true,
  saveKept: false,
  collapseMte: false,
};
const v2: Design = {
  ...v3,
  order: 'bit-unlock-drain',
  loop: 'v2',
  mandatory: true,
  warnUnreserved: false,
  releaseTakesLock: false,
};
/** What surrounds a proposal that no version bears: the order of v3, and no other bug of it. */
const proposal: Design = { ...fixed, order: 'drain-bit', warnUnreserved: false };

export const variants: readonly (Variant & {
  readonly settings: Readonly<Record<keyof Design, boolean | string>>;
})[] = [
  {
    name: 'rfc-v2',
    summary: 'PG_tag_storage_reserved first, the swapped tags after the mutex was dropped',
    origin: 'Alexandru Elisei, RFC v2, November 2023',
    settings: { ...v2 },
  },
  {
    name: 'rfc-v3',
    summary: 'the swapped tags first, then the bit; copy_highpage() allocates with GFP_KERNEL',
    origin: 'Alexandru Elisei, RFC v3, January 2024; the tag-storage thread',
    settings: { ...v3 },
  },
  {
    name: 'fix1-atomic-cache',
    summary: 'first proposal: tag buffers out of a GFP_ATOMIC page, a fatal signal when there is no memory',
    origin: 'the tag-storage thread, "One fix would be"',
    settings: { ...proposal, copyMemory: 'atomic-cache' },
  },
  {
    name: 'fix2-prepare-end',
    summary: 'second proposal: copy_highpage_prepare() and copy_highpage_end() around the atomic section',
    origin: 'the tag-storage thread, "Another approach"',
    settings: { ...proposal },
  },
  {
    name: 'fix3-at-allocation',
    summary: 'third proposal: memory for tags is reserved with each page and freed in set_pte_at()',
    origin: 'the tag-storage thread, "And yet another approach"',
    settings: { ...proposal, copyMemory: 'at-allocation' },
  },
  {
    name: 'one-section-fixed',
    summary:
      'PG_mte_lock, the bit, tags and PG_mte_tagged in one tags_by_pfn section, and every catalogued fix',
    origin: 'derived in section 2.8 of the fact sheet',
    fixed: true,
    settings: { ...fixed },
  },
];

const sw = switchOf<Design>();

export const switches: readonly Switch[] = [
  sw('v2-order', 'the bit, mutex_unlock(), then the kept tags', 'ts:M1', { order: 'bit-unlock-drain' }),
  sw('swapped-lines', 'the bit, then the kept tags, both under the mutex', 'Evgenii Stepanov', {
    order: 'bit-drain',
  }),
  sw('v3-order', 'the kept tags, then the bit', 'ts:M2', { order: 'drain-bit', warnUnreserved: false }),
  sw('any-reserver', 'hypothetical: any page may be reserved at any time', 'ts:M2, ts:M23', {
    anyReserver: true,
  }),
  sw('no-unreserved-warning', 'set_page_mte_tagged() does not ask for the bit', 'RFC v3', {
    warnUnreserved: false,
  }),
  sw('debug-vm', 'VM_WARN_ON_ONCE(!preemptible()) in try_transfer_saved_tags()', 'RFC v3', {
    warnPreemptible: true,
  }),
  sw(
    'no-deferral',
    'swapped tags are written to pages without storage (before the patch)',
    'the tag-storage thread',
    {
      deferRestore: false,
      warnUnreserved: false,
    },
  ),
  sw('locking-release', 'xa_release() with the lock held', 'ts:M3, ts:H2', { releaseTakesLock: true }),
  sw('no-erase-on-free', 'the free hook does not erase kept tags', 'ts:M4', {
    eraseOnFree: false,
    eraseUnreserved: false,
  }),
  sw('no-erase-unreserved', 'kept tags of a page that was never reserved outlive it', 'ts:H4', {
    eraseUnreserved: false,
  }),
  sw('blocking-copy', 'copy_highpage() allocates with GFP_KERNEL', 'ts:M5', { copyMemory: 'blocking' }),
  sw('no-mte-collapse', 'khugepaged leaves VM_MTE areas alone', 'RFC v3, patch 31', { collapseMte: false }),
  sw('mte-collapse', 'khugepaged collapses VM_MTE areas', 'RFC v3 without patch 31', { collapseMte: true }),
  sw('tagged-buffer-heads', 'pages of block devices may be tagged', 'ts:M5, hypothetical', {
    bufferHeadTagged: true,
  }),
  sw('atomic-unuse', 'unuse_pte() prepares the restore under the ptl', 'ts:M5', { unusePrepareAtomic: true }),
  sw(
    'missed-caller',
    'buffer-head migration calls the copy_highpage() that may sleep',
    'Peter Collingbourne, February 2024',
    { missedCaller: true },
  ),
  sw('lost-reserve-error', 'a failed xa_reserve() looks like success', 'ts:M6, ts:H1', {
    reserveErrorIsSuccess: true,
  }),
  sw('lost-store-error', 'a failed __xa_store() looks like success', 'ts:H3', { storeErrorIsSuccess: true }),
  sw('plain-pfn-lock', 'tags_by_pfn is locked with interrupts on', 'ts:M7, ts:H5', { pfnLockIrqsave: false }),
  sw('plain-block-store', 'tag_blocks_reserved is stored to with interrupts on', 'ts:H6', {
    blockStoreIrq: false,
  }),
  sw('two-page-blocks', 'blocks of two tag pages (B = 2)', 'hardware', { twoPageBlocks: true }),
  sw('v3-loop', 'the walk over blocks of RFC v3, with B = 2: too few', 'ts:M8', {
    loop: 'v3',
    twoPageBlocks: true,
  }),
  sw('v2-loop', 'the walk over blocks of RFC v2, with B = 2: too many', 'ts:M8', {
    loop: 'v2',
    twoPageBlocks: true,
  }),
  sw('no-data-cmo', 'dirty data lines stay in the cache when a block is reserved', 'ts:M9', {
    cmoOnReserve: false,
  }),
  sw('no-tag-cmo', 'dirty tag lines stay in the cache when a block is freed', 'ts:M9', { cmoOnFree: false }),
  sw('no-min', 'a huge page adds all its pages to each of its blocks', 'ts:M10', { minReferences: false }),
  sw('relaxed-waiter', 'the loser of try_page_mte_tagging() spins without acquire', 'ts:M11', {
    acquireInWaiter: false,
  }),
  sw('no-wmb', 'set_page_mte_tagged() without smp_wmb()', 'ts:M12', { wmbInSetTagged: false }),
  sw('ignored-failure', 'fix 1 goes on without the tags when there is no memory', 'ts:M13', {
    copyMemory: 'atomic-cache',
    ignoreFailure: true,
  }),
  sw('no-end', 'fix 2 without copy_highpage_end() when fork gives up', 'ts:M14', {
    copyMemory: 'prepare-end',
    endOnExit: false,
  }),
  sw('no-free-hook', 'fix 3 without release at page free', 'ts:M15', {
    copyMemory: 'at-allocation',
    reserveFreeHook: false,
  }),
  sw('free-twice', 'fix 3: set_pte_at() frees the buffer and leaves the pointer to it', 'ts:M15', {
    copyMemory: 'at-allocation',
    reserveCleared: false,
  }),
  sw('store-drops-lock', '__xa_store(GFP_KERNEL) in the critical section', 'ts:M16', {
    storeDropsLock: true,
  }),
  sw('no-recheck', 'reserve_tag_storage() does not look again under the mutex', 'ts:M17', {
    recheckReserved: false,
  }),
  sw('free-hook-tagged', 'the free hook looks at PG_mte_tagged', 'ts:M18', { freeHookTagged: true }),
  sw('tag-tag-storage', 'tag-storage pages in VM_MTE areas are tagged instead of replaced', 'ts:M19', {
    tagTagStorage: true,
    warnUnreserved: false,
  }),
  sw('tagged-targets', 'migration out of a block allocates with __GFP_TAGGED', 'ts:M20', {
    migrateTagged: true,
  }),
  sw('zone-skew', 'the second part of a region that spans zones begins too early', 'ts:M21', {
    zoneSplitSkew: true,
  }),
  sw('straddling', 'mem_range does not begin at a block boundary', 'ts:M21', { straddling: true }),
  sw('restore-anyway', 'kept tags are written even if the page is tagged already', 'ts:M22, ts:H8', {
    restoreAnyway: true,
  }),
  sw('swap-restore-anyway', 'swapped tags are written even if the page is tagged already', 'ts:M22', {
    swapRestoreAnyway: true,
  }),
  sw('transfer-drops', 'kept tags are dropped if the destination became reserved', 'ts:M23', {
    transferDrops: true,
  }),
  sw('transfer-moves', 'kept tags are taken from the source before the copy is certain', 'section 3.1', {
    transferMoves: true,
  }),
  sw(
    'no-retest',
    'copy_highpage() writes tags if the source became tagged after the transfer was refused',
    'new',
    {
      transferRetests: false,
      warnUnreserved: false,
    },
  ),
  sw('second-swap-out', 'kept tags are not saved when their page is swapped out again', 'new', {
    saveKept: false,
  }),
  sw('lock-then-allocate', 'shmem allocates a tagged page with a folio locked', 'section 7.3', {
    lockThenAllocate: true,
  }),
];
