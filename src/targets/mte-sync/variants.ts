import { switchOf } from '../kernel/settings.ts';
import type { Switch, Variant } from '../target.ts';
import type { Design } from './design.ts';
import { surroundingSwitches } from './surrounding-switches.ts';
import { firstSurroundings, mendedSurroundings } from './surroundings.ts';

const base: Design = {
  ...firstSurroundings,
  protocol: 'flag-first',
  wmbBeforePte: false,
  wmbInSetTagged: false,
  rmbInPageTagged: false,
  acquireInWaiter: true,
  loserWaits: true,
  honourTry: true,
  unorderedTestAndSet: true,
  setWithoutInit: false,
  flagFirst: true,
  restoreIn: 'set-pte-at',
  swapFreeFirst: false,
  anonExclusive: false,
  restoreOnlyTagged: false,
  zeroTagsAtAllocation: true,
  kvm: true,
  kvmShared: false,
  mmuLockRead: false,
  seqBeforeUnlock: false,
  vmaCaptured: false,
  mmuRetry: true,
  stage2Release: true,
  pteRecheck: true,
  copyWarns: false,
  migrateCopiesFirst: false,
  migrateAcquires: false,
  dirtyBeforePut: true,
  pokeLocksFolio: true,
  flushBeforeSwap: true,
  bufferMayFault: false,
};
const v510: Design = { ...base, restoreOnlyTagged: true, zeroTagsAtAllocation: false, kvm: false };
const v519: Design = {
  ...base,
  wmbBeforePte: true,
  swapFreeFirst: true,
  anonExclusive: true,
  coredump: 'racy',
  coredumpFreesTwice: true,
};
const v61: Design = { ...v519, protocol: 'flag-first-if-init', unorderedTestAndSet: false, flagFirst: false };
const v61y: Design = { ...v61, protocol: 'tags-first', wmbInSetTagged: true, rmbInPageTagged: true };
const v62: Design = {
  ...v61y,
  protocol: 'lock',
  setWithoutInit: true,
  kvmShared: true,
  mmuLockRead: true,
  copyWarns: true,
  coredump: 'snapshot',
  coredumpFreesTwice: false,
};
const v64: Design = { ...v62, setWithoutInit: false, seqBeforeUnlock: true, vmaCaptured: true };
const v65: Design = { ...v64, swapFreeFirst: false, restoreIn: 'both' };
const v66: Design = { ...v65, restoreIn: 'do-swap-page', unuseRestores: true };
const v73: Design = {
  ...v66,
  copyWarns: false,
  migrateCopiesFirst: true,
  hugetlb: 'folio-flags',
  zeroPage: 'unflagged',
  kvmSkipsZeroPage: true,
  hugeZeroTags: true,
};
/** What surrounds a design that no version bears: v5.19 without its bugs elsewhere, so that what shows is the design's own. */
const around: Partial<Design> = {
  ...mendedSurroundings,
  swapFreeFirst: false,
  seqBeforeUnlock: true,
  vmaCaptured: true,
  kvmShared: true,
};
const tagClearing: Design = { ...v519, ...around, protocol: 'tag-clearing' };

export const variants: readonly (Variant & {
  readonly settings: Readonly<Record<keyof Design, boolean | string>>;
})[] = [
  {
    name: 'v5.10',
    summary:
      'flag first; tags come back from swap only through tagged PTEs; no barrier before the PTE (V-A0)',
    origin: '34bfeea4a9e9, v5.10 to v5.13',
    settings: { ...v510 },
  },
  {
    name: 'v5.17',
    summary: 'flag first, swap entries looked at for untagged PTEs too; no barrier before the PTE (V-A)',
    origin: '69e3b846d8a7, v5.14 to v5.17',
    settings: { ...base },
  },
  {
    name: 'v5.19',
    summary: 'flag first, smp_wmb before the PTE; the swap count is dropped before set_pte_at (V-A)',
    origin: '1d0cb4c8864a and c145e0b47c77, v5.18 to v6.0',
    settings: { ...v519 },
  },
  {
    name: 'v6.1',
    summary: 'flag first, but only where something is initialised (V-B)',
    origin: 'a8e5e5146ad0, v6.1 and stable',
    settings: { ...v61 },
  },
  {
    name: 'v6.1.17',
    summary: "tags, smp_wmb, flag; nobody waits, so two CPUs may both initialise (V-B')",
    origin: 'e059853d14ca alone, 6.1.y from 6.1.17',
    settings: { ...v61y },
  },
  {
    name: 'tag-clearing-v1',
    summary: 'PG_mte_tag_clearing as posted: MAP_SHARED with KVM on top of flag first (V-P)',
    origin: 'Peter Collingbourne, June 2022, the mte-sync thread',
    settings: { ...tagClearing },
  },
  {
    name: 'tag-sync-lock',
    summary: 'a global spinlock around recheck, tags and flag (V-S)',
    origin: 'Steven Price, v12 to v16 of the KVM MTE series, 2021',
    settings: { ...v519, ...around, protocol: 'spinlock', flagFirst: false },
  },
  {
    name: 'always-zero',
    summary: 'no flag: tags are zeroed or restored at allocation and always copied and saved',
    origin: 'Catalin Marinas, June 2022, the mte-sync thread',
    settings: { ...v519, ...around, protocol: 'always-zero', flagFirst: false, restoreIn: 'do-swap-page' },
  },
  {
    name: 'v6.2',
    summary: 'PG_mte_lock: the winner initialises, the loser waits; with the bugs that v6.2 had (V-C)',
    origin: 'd77e59a8fccd, v6.2 to v6.4-rc2',
    settings: { ...v62 },
  },
  {
    name: 'v6.4',
    summary: 'v6.2 with the flag set only where tags were initialised, and the mmu_seq fix',
    origin: 'c4c597f1b367 and 13ec9308a857, v6.4',
    settings: { ...v64 },
  },
  {
    name: 'v6.6',
    summary: 'PG_mte_lock, with swapped tags restored in do_swap_page (V-D)',
    origin: '332c151c710a, v6.6',
    settings: { ...v66 },
  },
  {
    name: 'v6.12',
    summary: 'v6.6 with migration that copies before it freezes the references',
    origin: '060913999d7a, v6.11 or v6.12',
    settings: { ...v66, migrateCopiesFirst: true },
  },
  {
    name: 'v7.3',
    summary:
      'v6.12 with hugetlb flags, unflagged zero pages and every fix up to v7.3-rc7; bears hazards D2 to D6',
    origin: '25c17c4b55de, b98c94eed4a9, f620d66af316, adfb6609c680, 2986a6257405',
    settings: { ...v73 },
  },
  {
    name: 'v6.2-fixed',
    summary: 'the v6.2 protocol (a look at the flag before the lock) with every catalogued fix',
    origin: 'd77e59a8fccd with c4c597f1b367, 6dca4ac6fc91, 13ec9308a857, 8c2e8ac8ad4b, b98c94eed4a9',
    fixed: true,
    settings: { ...v65, ...mendedSurroundings, copyWarns: false },
  },
  {
    name: 'v6.6-fixed',
    summary: 'the v6.6 protocol with every catalogued fix',
    origin: '332c151c710a with b98c94eed4a9',
    fixed: true,
    settings: { ...v66, ...mendedSurroundings, copyWarns: false },
  },
  {
    name: 'v7.3-fixed',
    summary: 'v7.3 with the fixes proposed here for D2 to D6, N1 and N3',
    origin: 'v7.3-rc7; docs/mte-sync.md',
    fixed: true,
    settings: { ...v73, ...mendedSurroundings, hugetlb: 'folio-flags', migrateAcquires: true },
  },
];

const sw = switchOf<Design>();

export const switches: readonly Switch[] = [
  sw('flag-last', 'tag-clearing-v1: PG_mte_tagged is set only after the tags', 'the mte-sync thread', {
    flagFirst: false,
  }),
  sw(
    'barrier',
    'the barrier that the mail asks for: smp_wmb before the flag, smp_rmb after it',
    'the mte-sync thread',
    {
      wmbInSetTagged: true,
      rmbInPageTagged: true,
    },
  ),
  sw('no-wmb-before-pte', 'no smp_wmb between tags and PTE', '1d0cb4c8864a reverted (H2)', {
    wmbBeforePte: false,
  }),
  sw('no-wmb-in-set-tagged', 'no smp_wmb in set_page_mte_tagged()', 'e059853d14ca', {
    wmbInSetTagged: false,
  }),
  sw('no-rmb-in-page-tagged', 'no smp_rmb in page_mte_tagged()', 'e059853d14ca', { rmbInPageTagged: false }),
  sw('no-acquire-in-waiter', 'the loser spins without acquire', 'd77e59a8fccd', { acquireInWaiter: false }),
  sw('no-wait', 'the loser does not wait for PG_mte_tagged', 'd77e59a8fccd', { loserWaits: false }),
  sw('ignore-try', 'the result of try_page_mte_tagging() is ignored', 'd77e59a8fccd', { honourTry: false }),
  sw('no-lock', "no PG_mte_lock: tags, barrier, flag (V-B')", 'e059853d14ca (H6)', {
    protocol: 'tags-first',
  }),
  sw('unordered-test-and-set', 'test_and_set_bit() orders nothing if the bit was set', '415d83249709', {
    unorderedTestAndSet: true,
  }),
  sw(
    'set-without-init',
    'mte_sync_tags() sets PG_mte_tagged even if it initialised nothing',
    'c4c597f1b367 (H7)',
    {
      setWithoutInit: true,
    },
  ),
  sw('kvm-mte', 'the KVM MTE series on a version before it', 'v5.14 without 69e3b846d8a7 (H3)', {
    kvm: true,
  }),
  sw('kvm-shared', 'memslots with VM_SHARED areas are allowed', 'the mte-sync thread', { kvmShared: true }),
  sw('restore-only-tagged', 'set_pte_at() restores only through tagged PTEs', '69e3b846d8a7 (H3)', {
    restoreOnlyTagged: true,
  }),
  sw('restore-in-set-pte', 'anonymous pages get their tags back in set_pte_at()', '6dca4ac6fc91 (H8)', {
    restoreIn: 'set-pte-at',
  }),
  sw(
    'swap-free-first',
    'do_swap_page() drops the swap count before the tags are restored',
    '6dca4ac6fc91 (H8)',
    {
      swapFreeFirst: true,
    },
  ),
  sw('seq-after-unlock', 'mmu_invalidate_seq is sampled after mmap_lock was dropped', '13ec9308a857 (H11)', {
    seqBeforeUnlock: false,
  }),
  sw('vma-after-unlock', 'the VMA is read after mmap_lock was dropped', '8c2e8ac8ad4b (H11)', {
    vmaCaptured: false,
  }),
  sw('no-mmu-retry', 'user_mem_abort() does not check mmu_invalidate_retry()', 'mutation', {
    mmuRetry: false,
  }),
  sw('no-stage2-release', 'the stage-2 leaf is a plain store', 'mutation', { stage2Release: false }),
  sw('no-pte-recheck', 'faults do not recheck the PTE under the page-table lock', 'mutation', {
    pteRecheck: false,
  }),
  sw('copy-warns', 'copy_highpage() warns if the destination is tagged already', 'b98c94eed4a9 (H14)', {
    copyWarns: true,
  }),
  sw('migrate-copies-first', 'migration copies before it freezes the references', '060913999d7a (H14)', {
    migrateCopiesFirst: true,
  }),
  sw(
    'migrate-acquires',
    'with migrate-copies-first: the reference count is read with acquire before the copy',
    'proposed here; see docs/mte-sync.md',
    { migrateAcquires: true },
  ),
  sw('no-dirty-before-put', 'tag writers drop their reference without dirtying the page', 'mutation', {
    dirtyBeforePut: false,
  }),
  sw(
    'poke-dirties-unlocked',
    'PTRACE_POKEMTETAGS sets the page dirty without the folio lock',
    'mutation: SetPageDirty() in the place of set_page_dirty_lock()',
    { pokeLocksFolio: false },
  ),
  sw(
    'no-flush-before-swap',
    'PTEs are not flushed from TLBs before the page is written to swap',
    'mutation',
    {
      flushBeforeSwap: false,
    },
  ),
  sw('faulting-buffer', 'COPY_TAGS reads a buffer that faults while PG_mte_lock is held', 'hazard D1', {
    bufferMayFault: true,
  }),
  ...surroundingSwitches,
];
