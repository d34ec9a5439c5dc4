import type { TagProtocol } from '../kernel/page-tags.ts';
import { switchesOf } from '../kernel/settings.ts';
import type { Settings } from '../target.ts';
import { type Surroundings, surroundingsOf } from './surroundings.ts';

/** How page flag and tags are initialised; the ids are those of the protocol table of the fact sheet. */
export type Protocol =
  /** V-A0, V-A: test_and_set PG_mte_tagged, then the tags. */
  | 'flag-first'
  /** V-B: as before, but only where something is really initialised. */
  | 'flag-first-if-init'
  /** V-B': tags, smp_wmb, PG_mte_tagged; nobody waits. */
  | 'tags-first'
  /** V-C, V-D: PG_mte_lock, tags, smp_wmb, PG_mte_tagged; the loser waits. */
  | 'lock'
  /** V-P: PG_mte_tag_clearing, tags, PG_mte_tagged; the loser spins. */
  | 'tag-clearing'
  /** V-S: a global spinlock around recheck, tags, PG_mte_tagged. */
  | 'spinlock'
  /** Tags are zeroed or restored at allocation; no flag. */
  | 'always-zero';

/** What the designs differ in. Each is a setting of a variant and may be changed by a switch. */
export interface Design extends TagProtocol, Surroundings {
  readonly protocol: Protocol;
  /** smp_wmb between tags and PTE store in mte_sync_tags (1d0cb4c8864a, v5.18). */
  readonly wmbBeforePte: boolean;
  /** PG_mte_tagged is set at the end of mte_sync_tags even if nothing was initialised (until c4c597f1b367). */
  readonly setWithoutInit: boolean;
  /** V-P: mte_sync_tags still sets PG_mte_tagged before it calls the helper. */
  readonly flagFirst: boolean;
  /**
   * Where swapped tags come back for anonymous pages: in set_pte_at, in do_swap_page (332c151c710a, v6.6), in both
   * (6dca4ac6fc91, v6.5), or in swap_readpage (an idea of 2023, rejected before merge).
   */
  readonly restoreIn: 'set-pte-at' | 'do-swap-page' | 'both' | 'swap-readpage';
  /** do_swap_page drops the swap count before set_pte_at (c145e0b47c77, v5.18) or before the restore. */
  readonly swapFreeFirst: boolean;
  /** PG_anon_exclusive (v5.19): an anonymous page of one address space stays that whoever else holds a reference. */
  readonly anonExclusive: boolean;
  /** set_pte_at looks at the swap entry only if the new PTE is tagged (before 69e3b846d8a7, v5.14). */
  readonly restoreOnlyTagged: boolean;
  /** __GFP_ZEROTAGS for anonymous pages of VM_MTE areas (v5.14). */
  readonly zeroTagsAtAllocation: boolean;
  /** KVM_CAP_ARM_MTE exists (v5.14). */
  readonly kvm: boolean;
  /** Memslots with VM_SHARED areas are allowed (v6.2, and V-P). */
  readonly kvmShared: boolean;
  /** Stage-2 faults take mmu_lock for read (v6.2). */
  readonly mmuLockRead: boolean;
  /** mmu_invalidate_seq is sampled before mmap_lock is dropped (13ec9308a857, v6.3). */
  readonly seqBeforeUnlock: boolean;
  /** VMA facts are captured under mmap_lock instead of read through the pointer later (8c2e8ac8ad4b, v6.3). */
  readonly vmaCaptured: boolean;
  /** user_mem_abort rechecks mmu_invalidate_retry under mmu_lock. */
  readonly mmuRetry: boolean;
  /** The stage-2 leaf is a store-release. */
  readonly stage2Release: boolean;
  /** Faults recheck the PTE under the page-table lock. */
  readonly pteRecheck: boolean;
  /** copy_highpage warns if the destination is tagged already (v6.2 to v6.17). */
  readonly copyWarns: boolean;
  /** Migration copies before it freezes the references and may retry into the same page (060913999d7a). */
  readonly migrateCopiesFirst: boolean;
  /** That migration reads the reference count with acquire before it copies (not in any kernel: a proposed fix). */
  readonly migrateAcquires: boolean;
  /** Tag writers dirty the page before they drop their reference. */
  readonly dirtyBeforePut: boolean;
  /** PTRACE_POKEMTETAGS dirties the page under the folio lock: set_page_dirty_lock(). */
  readonly pokeLocksFolio: boolean;
  /** PTEs are flushed from TLBs before their page is written to swap. */
  readonly flushBeforeSwap: boolean;
  /** KVM_ARM_MTE_COPY_TAGS reads a user buffer that may fault with PG_mte_lock held (hazard D1). */
  readonly bufferMayFault: boolean;
}

const protocols: readonly string[] = [
  'flag-first',
  'flag-first-if-init',
  'tags-first',
  'lock',
  'tag-clearing',
  'spinlock',
  'always-zero',
] satisfies Protocol[];

function isProtocol(value: unknown): value is Protocol {
  return typeof value === 'string' && protocols.includes(value);
}

function isRestoreSite(value: unknown): value is Design['restoreIn'] {
  return value === 'do-swap-page' || value === 'both' || value === 'swap-readpage';
}

/** Reads a design out of settings; throws if a variant leaves something out. */
export function designOf(settings: Settings): Design {
  const bool = switchesOf<keyof Design>(settings);
  const { protocol, restoreIn } = settings;
  if (!isProtocol(protocol)) throw new TypeError(`unknown protocol ${String(protocol)}`);
  return {
    protocol,
    ...surroundingsOf(settings, bool),
    restoreIn: isRestoreSite(restoreIn) ? restoreIn : 'set-pte-at',
    wmbBeforePte: bool('wmbBeforePte'),
    wmbInSetTagged: bool('wmbInSetTagged'),
    rmbInPageTagged: bool('rmbInPageTagged'),
    acquireInWaiter: bool('acquireInWaiter'),
    loserWaits: bool('loserWaits'),
    honourTry: bool('honourTry'),
    unorderedTestAndSet: bool('unorderedTestAndSet'),
    setWithoutInit: bool('setWithoutInit'),
    flagFirst: bool('flagFirst'),
    swapFreeFirst: bool('swapFreeFirst'),
    anonExclusive: bool('anonExclusive'),
    restoreOnlyTagged: bool('restoreOnlyTagged'),
    zeroTagsAtAllocation: bool('zeroTagsAtAllocation'),
    kvm: bool('kvm'),
    kvmShared: bool('kvmShared'),
    mmuLockRead: bool('mmuLockRead'),
    seqBeforeUnlock: bool('seqBeforeUnlock'),
    vmaCaptured: bool('vmaCaptured'),
    mmuRetry: bool('mmuRetry'),
    stage2Release: bool('stage2Release'),
    pteRecheck: bool('pteRecheck'),
    copyWarns: bool('copyWarns'),
    migrateCopiesFirst: bool('migrateCopiesFirst'),
    migrateAcquires: bool('migrateAcquires'),
    dirtyBeforePut: bool('dirtyBeforePut'),
    pokeLocksFolio: bool('pokeLocksFolio'),
    flushBeforeSwap: bool('flushBeforeSwap'),
    bufferMayFault: bool('bufferMayFault'),
  };
}
