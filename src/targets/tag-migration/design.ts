import { switchesOf } from '../kernel/settings.ts';
import type { Settings } from '../target.ts';

/** How the VMM gets at the guest's tags: the alternatives of the tag-migration thread. */
export type TagAccess =
  /** An ioctl for each page, KVM_ARM_MTE_COPY_TAGS (A). */
  | 'ioctl'
  /** KVM saves the tags of a page when it is flagged clean in the dirty log; they are dropped when it is dirtied (B). */
  | 'dump'
  /** LDG and STG through a second mapping of the memfd, with PROT_MTE (C). */
  | 'second-mapping'
  /** LDG and STG through the VMM's only mapping, which has PROT_MTE (D). */
  | 'only-mapping';

/** How pages come to a destination that runs already. */
export type PostCopy =
  /** No post-copy: the destination starts when it has everything. */
  | 'none'
  /** UFFDIO_COPY, then KVM_ARM_MTE_COPY_TAGS. */
  | 'copy-then-tags'
  /** KVM_ARM_MTE_COPY_TAGS, then UFFDIO_COPY. */
  | 'tags-then-copy'
  /** Tags through a second mapping of the memfd, then UFFDIO_COPY. */
  | 'alias-then-copy'
  /** UFFDIO_COPY that takes a buffer of tags too (proposed in 2022, not merged). */
  | 'copy-with-tags'
  /** Data and tags through a second mapping of the memfd, then UFFDIO_CONTINUE. */
  | 'continue';

/** When the source reads the tags that post-copy places. */
export type TagsFetched = 'with-page' | 'at-switch-over' | 'before-pause';

/** When user_mem_abort() sets the dirty bit. */
export type MarkDirty =
  /** Before mmu_lock is taken. */
  | 'before-map'
  /** With mmu_lock held (up to v6.8). */
  | 'under-lock'
  /** After it was dropped (v6.12). */
  | 'after-unlock';

/** Where B's buffers come from. */
export type DumpBuffers =
  /** Allocated when dirty logging is switched on, and kept. */
  | 'kept'
  /** GFP_KERNEL where a page is flagged clean, freed when it is dirtied. */
  | 'gfp-kernel'
  /** The same with GFP_ATOMIC. */
  | 'gfp-atomic';

/** What the designs differ in. Each is a setting of a variant and may be changed by a switch. */
export interface Design {
  readonly tagAccess: TagAccess;
  readonly postCopy: PostCopy;
  readonly tagsFetched: TagsFetched;
  readonly markDirty: MarkDirty;
  readonly dumpBuffers: DumpBuffers;
  /**
   * PG_mte_lock serialises whoever initialises tags (v6.2). Before: mte_sync_tags() sets PG_mte_tagged first, KVM clears
   * the tags first, with mmu_lock held for write.
   */
  readonly tagLock: boolean;
  /** KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: getting the log does not clear it, KVM_CLEAR_DIRTY_LOG does. */
  readonly manualProtect: boolean;
  /** Switching on dirty logging waits for faults that saw the old memslot before it write-protects. */
  readonly srcuBeforeProtect: boolean;
  /** Clearing the dirty log flushes the TLBs before it returns. */
  readonly flushOnClear: boolean;
  /** With manualProtect: the VMM copies data after it cleared the dirty bit, not before. */
  readonly dataAfterClear: boolean;
  /** The same for tags. */
  readonly tagsAfterClear: boolean;
  /** Pages whose data are zero are sent as a zero page, without tags. */
  readonly zeroPageByData: boolean;
  /** A page is not sent again if its data equal what was sent last (XBZRLE). */
  readonly skipUnchangedPage: boolean;
  /** Tags are not read again if the data equal what was sent last. */
  readonly skipUnchangedTags: boolean;
  /** KVM_ARM_MTE_COPY_TAGS to the guest is refused while dirty logging is on (e0b7de4fd18c, v6.12). */
  readonly refuseWhileLogging: boolean;
  /** Data are sent straight from guest memory, some time after the tags were captured (MSG_ZEROCOPY). */
  readonly zeroCopy: boolean;
  /** A round waits for what it has sent. */
  readonly roundSync: boolean;
  /** The VMM kicks the vCPUs and waits for them to leave the guest. */
  readonly pausesVcpus: boolean;
  /** The VMM waits for its device threads (DMA) to finish. */
  readonly drainsDevices: boolean;
  /** A thread that leaves the guest or finishes its DMA says so by a release store. */
  readonly exitReleases: boolean;
  /** Device emulation sets the VMM's dirty bit after its store, not before. */
  readonly dirtyAfterStore: boolean;
  /** The VMM's dirty bit is set by a fully ordered atomic. */
  readonly dirtyOrdered: boolean;
  /** The VMM's own tag stores set its dirty bit too. */
  readonly vmmTagsDirty: boolean;
  /** The VMM sets PSTATE.TCO around accesses to guest memory (D). */
  readonly tagChecksOff: boolean;
  /** System calls of the VMM copy to guest memory with tag checks on (D). */
  readonly uaccessChecks: boolean;
  /** B saves the tags after the TLB flush, not under mmu_lock before it. */
  readonly dumpAfterFlush: boolean;
  /** B discards the saved tags before the dirty bit is set, not after it. */
  readonly discardsFirst: boolean;
  /** A write barrier keeps the two in that order. */
  readonly discardOrders: boolean;
  /** UFFDIO_COPY wakes who waits for the page; else the VMM does so when the tags are there too. */
  readonly copyWakes: boolean;
  /** The mapping is registered for minor faults too (UFFDIO_REGISTER_MODE_MINOR). */
  readonly minorFaults: boolean;
  /** Something in UFFDIO_CONTINUE orders the caller's stores before the PTE. */
  readonly continueOrders: boolean;
  /** UFFDIO_COPY has a write barrier between what it copied and the PTE (__folio_mark_uptodate). */
  readonly uptodateOrders: boolean;
  /** At switch-over the destination drops the pages that were dirtied since they were sent. */
  readonly discardsStale: boolean;
}

const choices = {
  tagAccess: ['ioctl', 'dump', 'second-mapping', 'only-mapping'],
  postCopy: ['none', 'copy-then-tags', 'tags-then-copy', 'alias-then-copy', 'copy-with-tags', 'continue'],
  tagsFetched: ['with-page', 'at-switch-over', 'before-pause'],
  markDirty: ['before-map', 'under-lock', 'after-unlock'],
  dumpBuffers: ['kept', 'gfp-kernel', 'gfp-atomic'],
} as const;
type Choices = typeof choices;

/** Reads a design out of settings; throws if a variant leaves something out. */
export function designOf(settings: Settings): Design {
  const bool = switchesOf<keyof Design>(settings);
  const one = <K extends keyof Choices>(key: K): Choices[K][number] => {
    const known: readonly Choices[K][number][] = choices[key];
    const found = known.find(choice => choice === settings[key]);
    if (found === undefined) throw new TypeError(`unknown ${key} ${String(settings[key])}`);
    return found;
  };
  return {
    tagAccess: one('tagAccess'),
    postCopy: one('postCopy'),
    tagsFetched: one('tagsFetched'),
    markDirty: one('markDirty'),
    dumpBuffers: one('dumpBuffers'),
    tagLock: bool('tagLock'),
    manualProtect: bool('manualProtect'),
    srcuBeforeProtect: bool('srcuBeforeProtect'),
    flushOnClear: bool('flushOnClear'),
    dataAfterClear: bool('dataAfterClear'),
    tagsAfterClear: bool('tagsAfterClear'),
    zeroPageByData: bool('zeroPageByData'),
    skipUnchangedPage: bool('skipUnchangedPage'),
    skipUnchangedTags: bool('skipUnchangedTags'),
    refuseWhileLogging: bool('refuseWhileLogging'),
    zeroCopy: bool('zeroCopy'),
    roundSync: bool('roundSync'),
    pausesVcpus: bool('pausesVcpus'),
    drainsDevices: bool('drainsDevices'),
    exitReleases: bool('exitReleases'),
    dirtyAfterStore: bool('dirtyAfterStore'),
    dirtyOrdered: bool('dirtyOrdered'),
    vmmTagsDirty: bool('vmmTagsDirty'),
    tagChecksOff: bool('tagChecksOff'),
    uaccessChecks: bool('uaccessChecks'),
    dumpAfterFlush: bool('dumpAfterFlush'),
    discardsFirst: bool('discardsFirst'),
    discardOrders: bool('discardOrders'),
    copyWakes: bool('copyWakes'),
    minorFaults: bool('minorFaults'),
    continueOrders: bool('continueOrders'),
    uptodateOrders: bool('uptodateOrders'),
    discardsStale: bool('discardsStale'),
  };
}

/** Guest memory is a memfd that the VMM can map twice; else anonymous memory. */
export function isMemfd(d: Design): boolean {
  return d.tagAccess === 'second-mapping' || d.postCopy === 'continue' || d.postCopy === 'alias-then-copy';
}
