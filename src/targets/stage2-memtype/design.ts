import { switchesOf } from '../kernel/settings.ts';
import type { Settings } from '../target.ts';

/** What makes memory "device" for user_mem_abort(). */
export type DeviceBy =
  /** kvm_is_device_pfn(): not pfn_is_map_memory(), whatever the VMA says (V0, V2). */
  | 'map-memory'
  /** vma->vm_page_prot (V1). */
  | 'pgprot'
  /** VM_PFNMAP or VM_MIXEDMAP and not pfn_is_map_memory() (V3). */
  | 'pfnmap';

/** Stage 2 of device memory that the VMM has not mapped cacheable; with 'map-memory' of all device memory. */
export type Uncached =
  /** Device-nGnRE. */
  | 'device'
  /** Normal-NC if VM_ALLOW_ANY_UNCACHED, else Device-nGnRE. */
  | 'any-uncached'
  /** Normal-NC. */
  | 'nc';

/** Stage 2 of device memory that the VMM has mapped cacheable. */
export type CacheablePfnmap =
  /** As device memory that is not: the attributes then mismatch. */
  | 'uncached'
  /** -EINVAL at the memslot, -EFAULT at the fault. */
  | 'refuse'
  /** Normal-WB; without FEAT_S2FWB whatever has no struct page in the linear map is refused, cacheable or not. */
  | 'if-fwb'
  /** Normal-WB if FEAT_S2FWB and CTR_EL0.DIC, else refused. */
  | 'if-fwb-dic'
  /** Normal-WB. */
  | 'always';

/** A fault on cacheable memory of a VM with MTE whose area lacks VM_MTE_ALLOWED. */
export type MteGate =
  /** -EFAULT. */
  | 'refuse'
  /** Normal-NC instead of Normal-WB. */
  | 'nc'
  /** Normal-WB with NoTagAccess (FEAT_MTE_PERM). */
  | 'no-tag-access'
  /** Normal-WB; tags are cleared if there is a struct page. */
  | 'pfn-valid'
  /** Normal-WB; tags are cleared whatever memory it is. */
  | 'none';

/** What the designs differ in. Each is a setting of a variant and may be changed by a switch. */
export interface Design {
  readonly deviceBy: DeviceBy;
  readonly uncached: Uncached;
  readonly cacheablePfnmap: CacheablePfnmap;
  readonly mteGate: MteGate;
  /** kvm_is_device_pfn() decides whether MTE and execution are looked at, whatever the VMA says (V1). */
  readonly devicePfnChecks: boolean;
  /** kvm_arch_prepare_memory_region() refuses areas without VM_MTE_ALLOWED if the VM has MTE (d89585fbb308, v6.2). */
  readonly slotMteCheck: boolean;
  /** The machine has FEAT_S2FWB. */
  readonly fwb: boolean;
  /** The machine has CTR_EL0.DIC. */
  readonly dic: boolean;
  /** Exclusives work on memory that is not boot RAM, if it is mapped write-back. */
  readonly exclusives: boolean;
  /** PG_mte_lock chooses who initialises tags (d77e59a8fccd, v6.2). */
  readonly tagLock: boolean;
  /** mmu_invalidate_seq is sampled before mmap_lock is dropped (13ec9308a857, v6.3). */
  readonly seqBeforeUnlock: boolean;
  /** VM_MTE_ALLOWED is captured under mmap_lock instead of read through the pointer later (8c2e8ac8ad4b, v6.3). */
  readonly vmaCaptured: boolean;
  /** VM_MTE_ALLOWED is judged under mmu_lock, after mmu_invalidate_retry(); else before the lock (v7.3). */
  readonly mteCheckLocked: boolean;
  /** Early returns of user_mem_abort() drop the page (5f9466b50c1b). */
  readonly releaseOnExit: boolean;
  /** A fault with status 0x35 becomes a data abort of the guest (v7.0); else the VM dies. */
  readonly injectExclusive: boolean;
  /** That exit drops the page (e07fc9e2da91). */
  readonly releaseOnInject: boolean;
  /** mmu_invalidate_seq is sampled before the page is looked up. */
  readonly snapshotFirst: boolean;
  /** user_mem_abort() rechecks mmu_invalidate_retry() under mmu_lock. */
  readonly mmuRetry: boolean;
  /** The notifier raises mmu_invalidate_in_progress. */
  readonly countInBegin: boolean;
  /** The notifier's end raises mmu_invalidate_seq. */
  readonly seqBump: boolean;
  /** It does so before it lowers the count. */
  readonly seqBeforeCount: boolean;
  /** Unmapping stage 2 flushes TLBs. */
  readonly flushTlb: boolean;
  /** A fault locks the entry with a compare-exchange before it changes it. */
  readonly lockedMarker: boolean;
  /** A valid entry is flushed from TLBs before another takes its place. */
  readonly breakBeforeMake: boolean;
  /** Faults take mmu_lock for read (v6.2), before that for write. */
  readonly mmuLockRead: boolean;
  /** The stage-2 leaf is a store-release. */
  readonly stage2Release: boolean;
  /** Stage 2 of a deleted memslot is unmapped after synchronize_srcu(). */
  readonly unmapAfterSrcu: boolean;
  /** Memslots are swapped only while no notifier is between start and end. */
  readonly swapWaits: boolean;
  /** KVM_CAP_ARM_MTE is refused once a vCPU exists. */
  readonly mteBeforeVcpus: boolean;
  /** It looks with kvm->lock held. */
  readonly mteUnderLock: boolean;
}

const choices = {
  deviceBy: ['map-memory', 'pgprot', 'pfnmap'],
  uncached: ['device', 'any-uncached', 'nc'],
  cacheablePfnmap: ['uncached', 'refuse', 'if-fwb', 'if-fwb-dic', 'always'],
  mteGate: ['refuse', 'nc', 'no-tag-access', 'pfn-valid', 'none'],
} as const satisfies {
  readonly deviceBy: readonly DeviceBy[];
  readonly uncached: readonly Uncached[];
  readonly cacheablePfnmap: readonly CacheablePfnmap[];
  readonly mteGate: readonly MteGate[];
};

/** Reads a design out of settings; throws if a variant leaves something out. */
export function designOf(settings: Settings): Design {
  const bool = switchesOf<keyof Design>(settings);
  const choice = <K extends keyof typeof choices>(key: K): (typeof choices)[K][number] => {
    const allowed: readonly (typeof choices)[K][number][] = choices[key];
    const found = allowed.find(one => one === settings[key]);
    if (found === undefined) throw new TypeError(`setting ${key} must be one of ${allowed.join(', ')}`);
    return found;
  };
  return {
    deviceBy: choice('deviceBy'),
    uncached: choice('uncached'),
    cacheablePfnmap: choice('cacheablePfnmap'),
    mteGate: choice('mteGate'),
    devicePfnChecks: bool('devicePfnChecks'),
    slotMteCheck: bool('slotMteCheck'),
    fwb: bool('fwb'),
    dic: bool('dic'),
    exclusives: bool('exclusives'),
    tagLock: bool('tagLock'),
    seqBeforeUnlock: bool('seqBeforeUnlock'),
    vmaCaptured: bool('vmaCaptured'),
    mteCheckLocked: bool('mteCheckLocked'),
    releaseOnExit: bool('releaseOnExit'),
    injectExclusive: bool('injectExclusive'),
    releaseOnInject: bool('releaseOnInject'),
    snapshotFirst: bool('snapshotFirst'),
    mmuRetry: bool('mmuRetry'),
    countInBegin: bool('countInBegin'),
    seqBump: bool('seqBump'),
    seqBeforeCount: bool('seqBeforeCount'),
    flushTlb: bool('flushTlb'),
    lockedMarker: bool('lockedMarker'),
    breakBeforeMake: bool('breakBeforeMake'),
    mmuLockRead: bool('mmuLockRead'),
    stage2Release: bool('stage2Release'),
    unmapAfterSrcu: bool('unmapAfterSrcu'),
    swapWaits: bool('swapWaits'),
    mteBeforeVcpus: bool('mteBeforeVcpus'),
    mteUnderLock: bool('mteUnderLock'),
  };
}
