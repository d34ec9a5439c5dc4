import type { Variant } from '../target.ts';
import type { Design } from './design.ts';

/** KVM_ARM_MTE_COPY_TAGS of v6.12, pre-copy, everything in the right order: what the other designs are described against. */
const fixed: Design = {
  tagAccess: 'ioctl',
  postCopy: 'none',
  tagsFetched: 'with-page',
  markDirty: 'after-unlock',
  dumpBuffers: 'kept',
  tagLock: true,
  manualProtect: false,
  srcuBeforeProtect: true,
  flushOnClear: true,
  dataAfterClear: true,
  tagsAfterClear: true,
  zeroPageByData: false,
  skipUnchangedPage: false,
  skipUnchangedTags: false,
  refuseWhileLogging: true,
  zeroCopy: false,
  roundSync: true,
  pausesVcpus: true,
  drainsDevices: true,
  exitReleases: true,
  dirtyAfterStore: true,
  dirtyOrdered: true,
  vmmTagsDirty: true,
  tagChecksOff: false,
  uaccessChecks: false,
  dumpAfterFlush: true,
  discardsFirst: true,
  discardOrders: true,
  copyWakes: true,
  minorFaults: true,
  continueOrders: true,
  uptodateOrders: true,
  discardsStale: true,
};
const manual: Design = { ...fixed, manualProtect: true };

type Named = Variant & { readonly settings: Readonly<Record<keyof Design, boolean | string>> };

export const variants: readonly Named[] = [
  {
    name: 'copy-before-clear',
    summary:
      'the race the mail speaks of, in the wrong order: a page is copied by per-page ioctl and then flagged clean, so what the guest stores in between is never sent (M1)',
    origin: 'the tag-migration thread: "It can race with the VM dirtying the page"; mutation M1',
    settings: { ...manual, dataAfterClear: false, tagsAfterClear: false },
  },
  {
    name: 'per-page-ioctl',
    summary:
      'the mail: tags are one more part of the page, read by an ioctl after it was flagged clean; "if dirtied, it copies it again" (A)',
    origin: 'Catalin Marinas, 9 December 2020; as v6.2 to v6.8 do it, with e0b7de4fd18c',
    fixed: true,
    settings: { ...fixed, markDirty: 'under-lock' },
  },
  {
    name: 'v6.11',
    summary:
      'A as merged: KVM_ARM_MTE_COPY_TAGS also writes tags while dirty logging is on, and says so to nobody',
    origin: 'f0376edb1ddc (v5.14); here with the tag protocol of v6.2, so v6.2 to v6.11',
    settings: { ...fixed, markDirty: 'under-lock', refuseWhileLogging: false },
  },
  {
    name: 'v6.12',
    summary: 'that write is refused with -EBUSY; the dirty bit is set after mmu_lock was dropped',
    origin: 'e0b7de4fd18c, v6.12 to v7.3',
    fixed: true,
    settings: { ...fixed },
  },
  {
    name: 'v6.12-manual-protect',
    summary:
      'the same with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: a page is flagged clean just before it is read',
    origin: 'KVM_CLEAR_DIRTY_LOG, v5.5; QEMU since 5.0',
    fixed: true,
    settings: { ...manual },
  },
  {
    name: 'zero-copy',
    summary: 'v6.12 with a VMM whose network card reads data from guest memory some time after it was sent',
    origin: 'MSG_ZEROCOPY in QEMU 7.1, which waits at the end of each round',
    fixed: true,
    settings: { ...manual, zeroCopy: true },
  },
  {
    name: 'qemu-rfc-v2',
    summary:
      'v6.12 with a VMM that finds zero pages and unchanged pages by their data alone, as it did before there were tags (M4)',
    origin: 'Haibo Xu, RFC v2, March 2021: tags after the data of each normal page',
    settings: { ...manual, zeroPageByData: true, skipUnchangedPage: true },
  },
  {
    name: 'dump-when-clean',
    summary:
      'KVM saves the tags "at the point where the page is flagged as clean", in the write-protection path, and discards them when it is dirtied (B)',
    origin: 'Marc Zyngier, 8 December 2020, the tag-migration thread; no code was posted',
    settings: {
      ...fixed,
      tagAccess: 'dump',
      dumpBuffers: 'gfp-kernel',
      dumpAfterFlush: false,
      discardsFirst: false,
    },
  },
  {
    name: 'dump-when-clean-fixed',
    summary:
      'B with buffers that are allocated when dirty logging goes on and kept, tags read after the TLB flush, and discarded before the dirty bit is set',
    origin: 'proposed here; see docs/tag-migration.md',
    fixed: true,
    settings: { ...fixed, tagAccess: 'dump' },
  },
  {
    name: 'second-mapping',
    summary:
      'the mail: two mappings of a memfd, "one with PROT_MTE for migration and the other without for normal DMA"; in 2020 nothing serialised the two initialisers of tags (C)',
    origin: 'Catalin Marinas, 9 December 2020, on a v5.14 whose KVM would allow MAP_SHARED',
    settings: { ...fixed, tagAccess: 'second-mapping', tagLock: false, refuseWhileLogging: false },
  },
  {
    name: 'second-mapping-v6.2',
    summary: 'C on a kernel with PG_mte_lock; the VMM notes its own tag stores as dirty',
    origin: 'c911f0d46879 (v6.2) allows MAP_SHARED',
    fixed: true,
    settings: { ...fixed, tagAccess: 'second-mapping' },
  },
  {
    name: 'one-mapping',
    summary:
      'one mapping with PROT_MTE and tag checks switched off (PSTATE.TCO) around the accesses of the VMM; system calls that copy to guest memory still check (D)',
    origin: 'Richard Henderson, December 2020 (fact sheet 8.3)',
    settings: { ...fixed, tagAccess: 'only-mapping', tagChecksOff: true, uaccessChecks: true },
  },
  {
    name: 'one-mapping-bounced',
    summary: 'D where system calls copy to a bounce buffer first',
    origin: 'proposed here; see docs/tag-migration.md',
    fixed: true,
    settings: { ...fixed, tagAccess: 'only-mapping', tagChecksOff: true },
  },
  {
    name: 'postcopy-copy-then-tags',
    summary: 'post-copy: UFFDIO_COPY wakes the guest, then its tags are written (P1)',
    origin: 'fact sheet 8.2; why QEMU forbids post-copy with MTE',
    settings: { ...fixed, postCopy: 'copy-then-tags' },
  },
  {
    name: 'postcopy-tags-then-copy',
    summary: 'post-copy the other way round: the ioctl faults on the missing page and waits for itself (P2)',
    origin: 'fact sheet 8.2',
    settings: { ...fixed, postCopy: 'tags-then-copy' },
  },
  {
    name: 'postcopy-alias-then-copy',
    summary:
      'post-copy of a memfd, tags through a second mapping first: that fills the page cache, and UFFDIO_COPY refuses (P2)',
    origin: 'fact sheet 8.2',
    settings: { ...fixed, postCopy: 'alias-then-copy', minorFaults: false },
  },
  {
    name: 'postcopy-bulk-tags',
    summary: 'post-copy: all tags are sent at switch-over, and still written page by page after UFFDIO_COPY',
    origin: 'fact sheet 8.2, derived',
    settings: { ...fixed, postCopy: 'copy-then-tags', tagsFetched: 'at-switch-over' },
  },
  {
    name: 'postcopy-copy-with-tags',
    summary: 'UFFDIO_COPY takes a buffer of tags and places page and tags at once',
    origin: 'Catalin Marinas, Peter Xu and others, 2022; not merged',
    fixed: true,
    settings: { ...fixed, postCopy: 'copy-with-tags' },
  },
  {
    name: 'postcopy-continue',
    summary:
      'data and tags through a second mapping of the memfd with PROT_MTE, then UFFDIO_CONTINUE maps the page: works with kernels from v6.2 on',
    origin: 'fact sheet 8.2, derived; UFFD_FEATURE_MINOR_SHMEM (v5.14)',
    fixed: true,
    settings: { ...fixed, postCopy: 'continue' },
  },
];
