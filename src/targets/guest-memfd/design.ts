import { switchesOf } from '../kernel/settings.ts';
import type { Settings } from '../target.ts';

/** Where a page becomes private in the RMP table. */
export type PrivateAt =
  /** kvm_arch_gmem_set_mem_attributes(), in the attribute ioctl (the mail). */
  | 'ioctl'
  /** kvm_gmem_get_folio(): when the page is allocated (Sean, May 2023; v6.11-rc). */
  | 'get-folio'
  /** kvm_gmem_get_pfn(): when the page is handed to the guest, tracked by the uptodate flag (v6.11). */
  | 'get-pfn'
  /** As before, tracked by a bit for each index of the inode (RFC of December 2024). */
  | 'get-pfn-bitmap'
  /** kvm_gmem_get_pfn(), each time: the RMP table is asked (v7.0). */
  | 'get-pfn-always'
  /** Never: the VM has no RMP table. */
  | 'never';

/** Where a page becomes shared again before its memory goes back to the host. */
export type SharedAt =
  /** kvm_arch_gmem_invalidate() in punch hole and release, before truncation (the mail). */
  | 'punch-hole'
  /** In invalidate_begin, under mmu_lock, from a notifier that goes away with the VM (v7 series). */
  | 'invalidate-begin'
  /** kvm_gmem_free_folio(), at removal from the page cache (v6.11). */
  | 'free-folio'
  | 'never';

/** What holds attribute ioctl and punch hole apart. */
export type Exclusion = 'none' | 'slots-lock' | 'rmp-mutex' | 'invalidate-lock';

/** What the designs differ in. Each is a setting of a variant and may be changed by a switch. */
export interface Design {
  readonly privateAt: PrivateAt;
  readonly sharedAt: SharedAt;
  readonly exclusion: Exclusion;
  /** Punch hole takes slots_lock inside invalidate_lock instead of outside (A3-9a). */
  readonly slotsLockInside: boolean;
  /** The fault path takes slots_lock inside its SRCU section (A3-9c). */
  readonly slotsLockInFault: boolean;
  /** Attributes belong to the inode, pages are converted in place, faults take invalidate_lock shared (v7/v8 series). */
  readonly inPlace: boolean;
  /**
   * The fault looks the inode's attribute up with invalidate_lock held for read (RFC v4 of 26 March 2026); else by RCU alone
   * (from v7, 22 May 2026).
   */
  readonly attributesUnderLock: boolean;
  /** kvm_gmem_get_pfn() takes invalidate_lock for read. */
  readonly lockInGetPfn: boolean;
  /** Private pages leave the direct map (2022/23) instead of having their 2M entry split (v6.9). */
  readonly unmapDirect: boolean;
  /** The direct map is split before RMPUPDATE, not after it. */
  readonly splitFirst: boolean;
  /** The split of the direct map flushes the TLBs of all CPUs. */
  readonly splitFlush: boolean;
  /** The page table for a split of the direct map may be unavailable. */
  readonly splitMayFail: boolean;
  /** A page is zeroed before it becomes private. */
  readonly zeroFirst: boolean;
  /** PG_uptodate is set before prepare succeeded (before d04c77d23122). */
  readonly uptodateFirst: boolean;
  /** The level lookup fails the fault if the page is not assigned (review of v14). */
  readonly levelLookupFails: boolean;
  /** base_gfn + max(start, slot.index): the gfn range of the seed code (before 86b79ed4d4e8). */
  readonly wrongRange: boolean;
  /** invalidate_begin raises the count even if nothing is bound, invalidate_end does not lower it. */
  readonly beginUnconditional: boolean;
  /** truncate_inode_pages_range() gets offset + len instead of offset + len - 1. */
  readonly truncateNextPage: boolean;
  /** Truncation does not zero parts of pages: AS_INACCESSIBLE is honoured (27e6a24a4cf3). */
  readonly inaccessible: boolean;
  /** KVM_PRE_FAULT_MEMORY is refused until LAUNCH_FINISH (5932ca411e53). */
  readonly preFaultGate: boolean;
  /** Unbind clears the bindings of a file that is being released (ae431059e75d). */
  readonly unbindDying: boolean;
  /** An open gmem file pins its VM. */
  readonly kvmRef: boolean;
  /** The VM's end makes its pages shared (v7 series: at notifier unregister). */
  readonly teardownInvalidates: boolean;
  /** Bind returns an error if the bindings could not be stored (May 2026). */
  readonly bindChecks: boolean;
  /** kvm_gmem_get_pfn() warns if the binding is not the memslot's (v6.8, removed by fa30b0dc91c8). */
  readonly warnOnBinding: boolean;
  /** populate() looks up its source page before it takes invalidate_lock (2a62345b3052). */
  readonly gupFirst: boolean;
  /** The host may map the file (v6.18). */
  readonly mmap: boolean;
  /** The inode has INIT_SHARED: its pages are shared, host and guest both map them (v6.18). */
  readonly initShared: boolean;
  /** The host's fault handler refuses inodes without INIT_SHARED (fe2bf6234e94). */
  readonly mmapNeedsShared: boolean;
  /** Invalidation filters for private mappings even if the inode's pages are shared (before 5d3341d684be). */
  readonly privateFilterOnly: boolean;
  /** In-place conversion to private refuses pages that somebody holds a reference to. */
  readonly refcountCheck: boolean;
  /** In-place conversion to private unmaps the host's mappings first. */
  readonly hostUnmap: boolean;
  /** In-place conversion: get_pfn prepares by the attribute it finds under invalidate_lock, not by the fault's. */
  readonly prepareRechecks: boolean;
  /** Pages come in pairs that stand for a 2M folio. */
  readonly hugeFolios: boolean;
  /** A hole is not rounded to large folios: truncation zeroes its part of them, unless `inaccessible`. */
  readonly partialHoles: boolean;
  /** An attribute change invalidates the whole hugepages at its ends (9129633d568e). */
  readonly widenForHuge: boolean;
  /** invalidate_end raises mmu_invalidate_seq. */
  readonly seqBump: boolean;
  /** invalidate_end raises the sequence before it lowers the count. */
  readonly seqBeforeCount: boolean;
  /** invalidate_begin raises mmu_invalidate_in_progress. */
  readonly countInBegin: boolean;
  /** The fault takes its snapshot of mmu_invalidate_seq before it looks anything up. */
  readonly snapshotFirst: boolean;
  /** The fault checks for invalidations under mmu_lock; else before it. */
  readonly staleCheckLocked: boolean;
  /** Punch hole ends the invalidation after truncation, not before it. */
  readonly endAfterTruncate: boolean;
  /** invalidate_begin raises the count in the same hold of mmu_lock as it unmaps. */
  readonly beginBeforeZap: boolean;
  /** Remote TLBs are flushed before mmu_lock is dropped. */
  readonly flushTlb: boolean;
  /** Deleting a memslot unmaps it after synchronize_srcu(). */
  readonly unmapAfterSrcu: boolean;
  /** Deleting a memslot unbinds it after synchronize_srcu(). */
  readonly unbindAfterSrcu: boolean;
}

const privateAts: readonly string[] = [
  'ioctl',
  'get-folio',
  'get-pfn',
  'get-pfn-bitmap',
  'get-pfn-always',
  'never',
] satisfies PrivateAt[];
const sharedAts: readonly string[] = [
  'punch-hole',
  'invalidate-begin',
  'free-folio',
  'never',
] satisfies SharedAt[];
const exclusions: readonly string[] = [
  'none',
  'slots-lock',
  'rmp-mutex',
  'invalidate-lock',
] satisfies Exclusion[];

function isPrivateAt(value: unknown): value is PrivateAt {
  return typeof value === 'string' && privateAts.includes(value);
}
function isSharedAt(value: unknown): value is SharedAt {
  return typeof value === 'string' && sharedAts.includes(value);
}
function isExclusion(value: unknown): value is Exclusion {
  return typeof value === 'string' && exclusions.includes(value);
}

/** Reads a design out of settings; throws if a variant leaves something out. */
export function designOf(settings: Settings): Design {
  const bool = switchesOf<keyof Design>(settings);
  const { privateAt, sharedAt, exclusion } = settings;
  if (!isPrivateAt(privateAt)) throw new TypeError(`unknown privateAt ${String(privateAt)}`);
  if (!isSharedAt(sharedAt)) throw new TypeError(`unknown sharedAt ${String(sharedAt)}`);
  if (!isExclusion(exclusion)) throw new TypeError(`unknown exclusion ${String(exclusion)}`);
  return {
    privateAt,
    sharedAt,
    exclusion,
    slotsLockInside: bool('slotsLockInside'),
    slotsLockInFault: bool('slotsLockInFault'),
    inPlace: bool('inPlace'),
    attributesUnderLock: bool('attributesUnderLock'),
    lockInGetPfn: bool('lockInGetPfn'),
    unmapDirect: bool('unmapDirect'),
    splitFirst: bool('splitFirst'),
    splitFlush: bool('splitFlush'),
    splitMayFail: bool('splitMayFail'),
    zeroFirst: bool('zeroFirst'),
    uptodateFirst: bool('uptodateFirst'),
    levelLookupFails: bool('levelLookupFails'),
    wrongRange: bool('wrongRange'),
    beginUnconditional: bool('beginUnconditional'),
    truncateNextPage: bool('truncateNextPage'),
    inaccessible: bool('inaccessible'),
    preFaultGate: bool('preFaultGate'),
    unbindDying: bool('unbindDying'),
    kvmRef: bool('kvmRef'),
    teardownInvalidates: bool('teardownInvalidates'),
    bindChecks: bool('bindChecks'),
    warnOnBinding: bool('warnOnBinding'),
    gupFirst: bool('gupFirst'),
    mmap: bool('mmap'),
    initShared: bool('initShared'),
    mmapNeedsShared: bool('mmapNeedsShared'),
    privateFilterOnly: bool('privateFilterOnly'),
    refcountCheck: bool('refcountCheck'),
    hostUnmap: bool('hostUnmap'),
    prepareRechecks: bool('prepareRechecks'),
    hugeFolios: bool('hugeFolios'),
    partialHoles: bool('partialHoles'),
    widenForHuge: bool('widenForHuge'),
    seqBump: bool('seqBump'),
    seqBeforeCount: bool('seqBeforeCount'),
    countInBegin: bool('countInBegin'),
    snapshotFirst: bool('snapshotFirst'),
    staleCheckLocked: bool('staleCheckLocked'),
    endAfterTruncate: bool('endAfterTruncate'),
    beginBeforeZap: bool('beginBeforeZap'),
    flushTlb: bool('flushTlb'),
    unmapAfterSrcu: bool('unmapAfterSrcu'),
    unbindAfterSrcu: bool('unbindAfterSrcu'),
  };
}

/** Whether the VM is an SNP guest at all. */
export function hasRmp(d: Design): boolean {
  return d.privateAt !== 'never';
}
