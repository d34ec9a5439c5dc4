import type { Switch, Variant } from '../target.ts';
import type { Design } from './design.ts';

/** The series with every catalogued fix: the order of section 2.8, the second of the mail's proposals for copies. */
const fixed: Design = {
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
  acquireInWaiter: true,
  wmbInSetTagged: true,
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
    origin: 'Alexandru Elisei, RFC v3, January 2024; mail/tag-storage.txt',
    settings: { ...v3 },
  },
  {
    name: 'fix1-atomic-cache',
    summary: 'first proposal: tag buffers out of a GFP_ATOMIC page, a fatal signal when there is no memory',
    origin: 'mail/tag-storage.txt, "One fix would be"',
    settings: { ...proposal, copyMemory: 'atomic-cache' },
  },
  {
    name: 'fix2-prepare-end',
    summary: 'second proposal: copy_highpage_prepare() and copy_highpage_end() around the atomic section',
    origin: 'mail/tag-storage.txt, "Another approach"',
    settings: { ...proposal },
  },
  {
    name: 'fix3-at-allocation',
    summary: 'third proposal: memory for tags is reserved with each page and freed in set_pte_at()',
    origin: 'mail/tag-storage.txt, "And yet another approach"',
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

const sw = (name: string, origin: string, summary: string, settings: Partial<Design>): Switch => ({
  name,
  summary,
  origin,
  settings: { ...settings },
});

export const switches: readonly Switch[] = [
  sw('v2-order', 'ts:M1', 'the bit, mutex_unlock(), then the kept tags', { order: 'bit-unlock-drain' }),
  sw('swapped-lines', 'Evgenii Stepanov', 'the bit, then the kept tags, both under the mutex', {
    order: 'bit-drain',
  }),
  sw('v3-order', 'ts:M2', 'the kept tags, then the bit', { order: 'drain-bit', warnUnreserved: false }),
  sw('any-reserver', 'ts:M2, ts:M23', 'hypothetical: any page may be reserved at any time', {
    anyReserver: true,
  }),
  sw('no-unreserved-warning', 'RFC v3', 'set_page_mte_tagged() does not ask for the bit', {
    warnUnreserved: false,
  }),
  sw('debug-vm', 'RFC v3', 'VM_WARN_ON_ONCE(!preemptible()) in try_transfer_saved_tags()', {
    warnPreemptible: true,
  }),
  sw(
    'no-deferral',
    'mail/tag-storage.txt',
    'swapped tags are written to pages without storage (before the patch)',
    {
      deferRestore: false,
      warnUnreserved: false,
    },
  ),
  sw('locking-release', 'ts:M3, ts:H2', 'xa_release() with the lock held', { releaseTakesLock: true }),
  sw('no-erase-on-free', 'ts:M4', 'the free hook does not erase kept tags', {
    eraseOnFree: false,
    eraseUnreserved: false,
  }),
  sw('no-erase-unreserved', 'ts:H4', 'kept tags of a page that was never reserved outlive it', {
    eraseUnreserved: false,
  }),
  sw('blocking-copy', 'ts:M5', 'copy_highpage() allocates with GFP_KERNEL', { copyMemory: 'blocking' }),
  sw('no-mte-collapse', 'RFC v3, patch 31', 'khugepaged leaves VM_MTE areas alone', { collapseMte: false }),
  sw('mte-collapse', 'RFC v3 without patch 31', 'khugepaged collapses VM_MTE areas', { collapseMte: true }),
  sw('tagged-buffer-heads', 'ts:M5, hypothetical', 'pages of block devices may be tagged', {
    bufferHeadTagged: true,
  }),
  sw('atomic-unuse', 'ts:M5', 'unuse_pte() prepares the restore under the ptl', { unusePrepareAtomic: true }),
  sw(
    'missed-caller',
    'Peter Collingbourne, February 2024',
    'buffer-head migration calls the copy_highpage() that may sleep',
    { missedCaller: true },
  ),
  sw('lost-reserve-error', 'ts:M6, ts:H1', 'a failed xa_reserve() looks like success', {
    reserveErrorIsSuccess: true,
  }),
  sw('lost-store-error', 'ts:H3', 'a failed __xa_store() looks like success', { storeErrorIsSuccess: true }),
  sw('plain-pfn-lock', 'ts:M7, ts:H5', 'tags_by_pfn is locked with interrupts on', { pfnLockIrqsave: false }),
  sw('plain-block-store', 'ts:H6', 'tag_blocks_reserved is stored to with interrupts on', {
    blockStoreIrq: false,
  }),
  sw('two-page-blocks', 'hardware', 'blocks of two tag pages (B = 2)', { twoPageBlocks: true }),
  sw('v3-loop', 'ts:M8', 'the walk over blocks of RFC v3, with B = 2: too few', {
    loop: 'v3',
    twoPageBlocks: true,
  }),
  sw('v2-loop', 'ts:M8', 'the walk over blocks of RFC v2, with B = 2: too many', {
    loop: 'v2',
    twoPageBlocks: true,
  }),
  sw('no-data-cmo', 'ts:M9', 'dirty data lines stay in the cache when a block is reserved', {
    cmoOnReserve: false,
  }),
  sw('no-tag-cmo', 'ts:M9', 'dirty tag lines stay in the cache when a block is freed', { cmoOnFree: false }),
  sw('no-min', 'ts:M10', 'a huge page adds all its pages to each of its blocks', { minReferences: false }),
  sw('relaxed-waiter', 'ts:M11', 'the loser of try_page_mte_tagging() spins without acquire', {
    acquireInWaiter: false,
  }),
  sw('no-wmb', 'ts:M12', 'set_page_mte_tagged() without smp_wmb()', { wmbInSetTagged: false }),
  sw('ignored-failure', 'ts:M13', 'fix 1 goes on without the tags when there is no memory', {
    copyMemory: 'atomic-cache',
    ignoreFailure: true,
  }),
  sw('no-end', 'ts:M14', 'fix 2 without copy_highpage_end() when fork gives up', {
    copyMemory: 'prepare-end',
    endOnExit: false,
  }),
  sw('no-free-hook', 'ts:M15', 'fix 3 without release at page free', {
    copyMemory: 'at-allocation',
    reserveFreeHook: false,
  }),
  sw('free-twice', 'ts:M15', 'fix 3: set_pte_at() frees the buffer and leaves the pointer to it', {
    copyMemory: 'at-allocation',
    reserveCleared: false,
  }),
  sw('store-drops-lock', 'ts:M16', '__xa_store(GFP_KERNEL) in the critical section', {
    storeDropsLock: true,
  }),
  sw('no-recheck', 'ts:M17', 'reserve_tag_storage() does not look again under the mutex', {
    recheckReserved: false,
  }),
  sw('free-hook-tagged', 'ts:M18', 'the free hook looks at PG_mte_tagged', { freeHookTagged: true }),
  sw('tag-tag-storage', 'ts:M19', 'tag-storage pages in VM_MTE areas are tagged instead of replaced', {
    tagTagStorage: true,
    warnUnreserved: false,
  }),
  sw('tagged-targets', 'ts:M20', 'migration out of a block allocates with __GFP_TAGGED', {
    migrateTagged: true,
  }),
  sw('zone-skew', 'ts:M21', 'the second part of a region that spans zones begins too early', {
    zoneSplitSkew: true,
  }),
  sw('straddling', 'ts:M21', 'mem_range does not begin at a block boundary', { straddling: true }),
  sw('restore-anyway', 'ts:M22, ts:H8', 'kept tags are written even if the page is tagged already', {
    restoreAnyway: true,
  }),
  sw('swap-restore-anyway', 'ts:M22', 'swapped tags are written even if the page is tagged already', {
    swapRestoreAnyway: true,
  }),
  sw('transfer-drops', 'ts:M23', 'kept tags are dropped if the destination became reserved', {
    transferDrops: true,
  }),
  sw('transfer-moves', 'section 3.1', 'kept tags are taken from the source before the copy is certain', {
    transferMoves: true,
  }),
  sw(
    'no-retest',
    'new',
    'copy_highpage() writes tags if the source became tagged after the transfer was refused',
    {
      transferRetests: false,
      warnUnreserved: false,
    },
  ),
  sw('second-swap-out', 'new', 'kept tags are not saved when their page is swapped out again', {
    saveKept: false,
  }),
  sw('lock-then-allocate', 'section 7.3', 'shmem allocates a tagged page with a folio locked', {
    lockThenAllocate: true,
  }),
];
