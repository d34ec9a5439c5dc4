import { switchOf } from '../kernel/settings.ts';
import type { Switch } from '../target.ts';
import type { Design } from './design.ts';

const sw = switchOf<Design>();

/** Changes of single settings: other machines, bugs of versions, fixes taken back, and the mutations of the fact sheet. */
export const switches: readonly Switch[] = [
  sw('no-fwb', 'the machine lacks FEAT_S2FWB: KVM maintains data caches through the linear map', 'hardware', {
    fwb: false,
  }),
  sw('no-dic', 'the machine lacks CTR_EL0.DIC: KVM maintains the instruction cache', 'hardware', {
    dic: false,
  }),
  sw(
    'no-exclusives',
    'exclusives do not reach memory that is not boot RAM',
    'the "LSE atomics (or was it exclusives?)" of the stage2-memtype thread',
    { exclusives: false },
  ),
  sw('mte-gate', 'memslot and fault refuse areas without VM_MTE_ALLOWED if the VM has MTE', 'v6.2', {
    mteGate: 'refuse',
    devicePfnChecks: false,
    slotMteCheck: true,
  }),
  sw(
    'late-mte-check',
    'memslots are created without a look at VM_MTE_ALLOWED: only the fault fails (V4)',
    'proposal of February 2025; not merged by v6.17',
    { slotMteCheck: false },
  ),
  sw('no-mte-recheck', 'user_mem_abort() clears tags without asking for VM_MTE_ALLOWED', 'B3-3, B3-5', {
    mteGate: 'none',
  }),
  sw('sanitise-if-pfn-valid', 'user_mem_abort() asks pfn_valid() instead of VM_MTE_ALLOWED', 'review of V1', {
    mteGate: 'pfn-valid',
    devicePfnChecks: false,
  }),
  sw(
    'no-cacheable-check',
    'cacheable VM_PFNMAP is Normal-WB on any machine',
    '0c67288e0c8b without its check',
    {
      cacheablePfnmap: 'always',
    },
  ),
  sw('no-tag-lock', "no PG_mte_lock: v6.1's initialisation of tags", 'd77e59a8fccd reverted (B3-4)', {
    tagLock: false,
  }),
  sw('seq-after-unlock', 'mmu_invalidate_seq is sampled after mmap_lock was dropped', '13ec9308a857 (B3-1)', {
    seqBeforeUnlock: false,
  }),
  sw('vma-after-unlock', 'the VMA is read after mmap_lock was dropped', '8c2e8ac8ad4b (B3-2)', {
    vmaCaptured: false,
  }),
  sw('mte-check-unlocked', 'VM_MTE_ALLOWED is judged before mmu_lock', 'v7.3', { mteCheckLocked: false }),
  sw('snapshot-after-faultin', 'mmu_invalidate_seq is sampled after the page was looked up', 'mutation', {
    snapshotFirst: false,
  }),
  sw('no-mmu-retry', 'user_mem_abort() does not check mmu_invalidate_retry()', 'mutation (B3-3, B3-7)', {
    mmuRetry: false,
  }),
  sw('no-count', "the notifier's start does not raise mmu_invalidate_in_progress", 'mutation (B3-7)', {
    countInBegin: false,
  }),
  sw('no-seq-bump', "the notifier's end does not raise mmu_invalidate_seq", 'mutation (B3-7)', {
    seqBump: false,
  }),
  sw('count-before-seq', 'the count is lowered before the sequence is raised', 'mutation', {
    seqBeforeCount: false,
  }),
  sw('no-tlb-flush', 'stage 2 is unmapped without a TLB flush', 'mutation (B3-7)', { flushTlb: false }),
  sw('no-locked-marker', 'faults change the entry without locking it', 'mutation (B3-9)', {
    lockedMarker: false,
  }),
  sw('no-break-before-make', 'a valid entry is replaced without a TLB flush', 'mutation (B3-9)', {
    breakBeforeMake: false,
  }),
  sw('no-stage2-release', 'the stage-2 leaf is a plain store', 'mutation', { stage2Release: false }),
  sw('unmap-before-srcu', 'stage 2 of a memslot is unmapped before synchronize_srcu()', 'mutation (B3-6)', {
    unmapAfterSrcu: false,
  }),
  sw(
    'swap-does-not-wait',
    "memslots change between a notifier's start and end",
    'mutation of kvm_swap_active_memslots() (B3-6)',
    { swapWaits: false },
  ),
  sw('mte-after-vcpus', 'KVM_CAP_ARM_MTE is allowed after vCPUs were created', 'mutation (B3-5)', {
    mteBeforeVcpus: false,
  }),
  sw('mte-outside-lock', 'KVM_CAP_ARM_MTE looks for vCPUs before it takes kvm->lock', 'mutation (B3-5)', {
    mteUnderLock: false,
  }),
  sw('leak-on-exit', 'early returns of user_mem_abort() keep the page', '5f9466b50c1b reverted (B3-10)', {
    releaseOnExit: false,
  }),
];
