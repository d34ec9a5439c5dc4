import { switchOf } from '../kernel/settings.ts';
import type { Switch } from '../target.ts';
import type { Design } from './design.ts';

const sw = switchOf<Design>();

/** Changes of single settings: bugs of versions, fixes taken back, and the mutations of the fact sheet. */
export const switches: readonly Switch[] = [
  sw(
    'hook-at-attributes',
    'RMP private in the attribute ioctl, shared in punch hole',
    'D0, mutation "hook at attributes"',
    {
      privateAt: 'ioctl',
      sharedAt: 'punch-hole',
    },
  ),
  sw('hook-under-mmu-lock', 'RMP shared in invalidate_begin, mmu_lock held', 'D3, A3-3', {
    sharedAt: 'invalidate-begin',
  }),
  sw('no-free-folio', 'nobody makes pages shared when they leave the page cache', 'mutation', {
    sharedAt: 'never',
  }),
  sw('slots-lock-inside', 'punch hole takes slots_lock inside invalidate_lock', 'A3-9a', {
    exclusion: 'slots-lock',
    slotsLockInside: true,
  }),
  sw('slots-lock-in-fault', 'the fault path takes slots_lock inside its SRCU section', 'A3-9c', {
    slotsLockInFault: true,
  }),
  sw('wrong-range', 'base_gfn + max(start, slot.index): the wrong gfns are unmapped', '04652f072b95, A3-4', {
    wrongRange: true,
  }),
  sw('unbalanced-begin', 'begin always, end only if something is bound', '04652f072b95, A3-6', {
    beginUnconditional: true,
  }),
  sw('lend-not-inclusive', 'truncate_inode_pages_range() gets offset + len', '04652f072b95, A3-7', {
    truncateNextPage: true,
  }),
  sw('inaccessible-as-mask', 'AS_INACCESSIBLE is tested as a mask, so parts are zeroed', '27e6a24a4cf3', {
    inaccessible: false,
  }),
  sw('no-kvm-ref', 'an open guest_memfd does not pin its VM', '04652f072b95, A3-9d', { kvmRef: false }),
  sw('no-teardown-invalidate', 'the end of the VM leaves its pages private', 'before the v7 series, A3-12', {
    teardownInvalidates: false,
  }),
  sw('no-pre-fault-gate', 'KVM_PRE_FAULT_MEMORY before LAUNCH_FINISH', '5932ca411e53, A3-2', {
    preFaultGate: false,
  }),
  sw('no-unbind-dying', 'unbind leaves the bindings of a file that is being released', 'ae431059e75d, A3-8', {
    unbindDying: false,
  }),
  sw('unbind-dying', 'the fix of that', 'ae431059e75d', { unbindDying: true }),
  sw('level-lookup-fails', 'an unassigned page fails the level lookup and the fault', 'v14 16/22, A3-10', {
    levelLookupFails: true,
  }),
  sw('no-lock-in-get-pfn', 'get_pfn without invalidate_lock', 'A3-11', { lockInGetPfn: false }),
  sw('split-after-rmpupdate', 'the direct map is split after RMPUPDATE', 'A3-13', { splitFirst: false }),
  sw('no-split-flush', 'the split of the direct map flushes no TLBs', 'A3-13', { splitFlush: false }),
  sw('split-never-fails', 'a split of the direct map always gets its page table', 'hazard H1', {
    splitMayFail: false,
  }),
  sw('huge-folios', 'large folios, 2M mappings and 2M RMP entries', 'gmem hugepage series', {
    hugeFolios: true,
  }),
  sw('partial-holes', 'a hole may cover a part of a large folio', 'gmem hugepage series, 27e6a24a4cf3', {
    hugeFolios: true,
    partialHoles: true,
  }),
  sw('no-widen', 'an attribute change invalidates its own gfns only', '9129633d568e, A3-15', {
    widenForHuge: false,
  }),
  sw('prepare-at-allocation', 'prepare at allocation', 'b85524314a3d', { privateAt: 'get-folio' }),
  sw('uptodate-first', 'PG_uptodate is set before prepare', 'd04c77d23122', { uptodateFirst: true }),
  sw('prepare-before-zero', 'a page is zeroed after it became private', 'mutation', { zeroFirst: false }),
  sw('ignore-bind-failure', 'bindings that could not be stored', '3-patch set, 22 May 2026', {
    bindChecks: false,
  }),
  sw('warn-in-get-pfn', 'kvm_gmem_get_pfn() warns if the binding is not the memslot', 'fa30b0dc91c8', {
    warnOnBinding: true,
  }),
  sw('gup-under-invalidate-lock', 'populate looks its source up with invalidate_lock held', '2a62345b3052', {
    gupFirst: false,
  }),
  sw('private-filter', 'invalidation looks for private mappings only', '5d3341d684be', {
    privateFilterOnly: true,
  }),
  sw('fault-without-init-shared', 'the host faults in pages of VMs with private memory', 'fe2bf6234e94', {
    mmapNeedsShared: false,
  }),
  sw(
    'attributes-under-lock',
    'the fault looks the attribute up with invalidate_lock held for read',
    'kvm_gmem_get_memory_attributes() of RFC v4, 26 March 2026',
    { attributesUnderLock: true },
  ),
  sw('no-refcount-check', 'conversion ignores references', 'mutation of D8', { refcountCheck: false }),
  sw('no-host-unmap', "conversion leaves the host's mappings", 'mutation of D8', {
    hostUnmap: false,
    refcountCheck: false,
  }),
  sw('prepare-trusts-fault', "get_pfn prepares by the fault's view of the attribute", 'mutation of D8', {
    prepareRechecks: false,
  }),
  sw('no-seq-bump', 'invalidate_end does not raise mmu_invalidate_seq', 'mutation, A3-5', { seqBump: false }),
  sw('no-count', 'invalidate_begin does not raise mmu_invalidate_in_progress', 'mutation, A3-5', {
    countInBegin: false,
  }),
  sw('count-before-seq', 'invalidate_end lowers the count first', 'mutation, A3-5', {
    seqBeforeCount: false,
  }),
  sw('snapshot-after-faultin', 'the fault reads mmu_invalidate_seq after the lookup', 'mutation, A3-5', {
    snapshotFirst: false,
  }),
  sw('unlocked-stale-check', 'the fault checks for invalidations before mmu_lock only', 'mutation', {
    staleCheckLocked: false,
  }),
  sw('end-before-truncate', 'punch hole ends the invalidation before it truncates', 'mutation', {
    endAfterTruncate: false,
  }),
  sw('zap-before-begin', 'punch hole unmaps before it begins', 'mutation', { beginBeforeZap: false }),
  sw('no-tlb-flush', 'remote TLBs are not flushed', 'mutation', { flushTlb: false }),
  sw('unmap-before-srcu', 'memslot deletion unmaps before synchronize_srcu()', 'mutation', {
    unmapAfterSrcu: false,
  }),
  sw(
    'unbind-before-srcu',
    'memslot deletion unbinds before synchronize_srcu()',
    'mutation, see fa30b0dc91c8',
    {
      unbindAfterSrcu: false,
    },
  ),
];
