import { switchOf } from '../kernel/settings.ts';
import type { Switch } from '../target.ts';
import type { Design } from './design.ts';

const sw = switchOf<Design>();

/** Changes of single settings: the mutations of the fact sheet, fixes taken back, orderings removed. */
export const switches: readonly Switch[] = [
  sw('page-before-clear', 'data and tags are read before the page is flagged clean', 'M1', {
    manualProtect: true,
    dataAfterClear: false,
    tagsAfterClear: false,
  }),
  sw('tags-before-clear', 'the tags alone are read before the page is flagged clean', 'M1', {
    manualProtect: true,
    tagsAfterClear: false,
  }),
  sw('no-flush-on-clear', 'clearing the dirty log does not flush the TLBs', 'M2', { flushOnClear: false }),
  sw('data-before-clear', 'data are read before the page is flagged clean, tags after it', 'M3', {
    manualProtect: true,
    dataAfterClear: false,
  }),
  sw('zero-page-by-data', 'pages whose data are zero are sent without tags', 'M4', { zeroPageByData: true }),
  sw('skip-unchanged-page', 'pages whose data did not change since they were sent are not sent', 'M4', {
    skipUnchangedPage: true,
  }),
  sw('skip-unchanged-tags', 'tags are not read again if the data did not change', 'M5', {
    skipUnchangedTags: true,
  }),
  sw('tags-while-logging', 'COPY_TAGS writes tags while dirty logging is on', 'M6, before e0b7de4fd18c', {
    refuseWhileLogging: false,
  }),
  sw('no-vcpu-pause', 'the last round does not wait for vCPUs', 'M7', { pausesVcpus: false }),
  sw('no-device-drain', 'the last round does not wait for device DMA', 'M7', { drainsDevices: false }),
  sw('relaxed-exit', 'vCPUs and devices report that they have stopped by a plain store', 'mutation of M7', {
    exitReleases: false,
  }),
  sw('no-round-sync', 'zero-copy sends of one round may arrive after those of the next', 'M8', {
    zeroCopy: true,
    roundSync: false,
  }),
  sw(
    'protect-before-srcu',
    'dirty logging write-protects before faults with the old memslot have ended',
    'mutation',
    {
      srcuBeforeProtect: false,
    },
  ),
  sw('dirty-under-lock', 'the dirty bit is set with mmu_lock held', 'up to v6.8', {
    markDirty: 'under-lock',
  }),
  sw('dirty-before-map', 'the dirty bit is set before mmu_lock is taken', 'mutation', {
    markDirty: 'before-map',
  }),
  sw('device-dirty-first', 'devices set the dirty bit before they store', 'mutation', {
    dirtyAfterStore: false,
  }),
  sw('device-dirty-relaxed', 'devices set the dirty bit by an unordered atomic', 'mutation', {
    dirtyOrdered: false,
  }),
  sw('vmm-tags-not-dirty', "the VMM's own tag stores set no dirty bit", 'fact sheet 6.4', {
    vmmTagsDirty: false,
  }),
  sw('no-tag-lock', 'PG_mte_tagged is set before the tags are cleared', 'before d77e59a8fccd (v6.2)', {
    tagLock: false,
  }),
  sw('tag-checks-on', 'the VMM does not set PSTATE.TCO', 'mutation of D', { tagChecksOff: false }),
  sw('uaccess-checks', 'system calls copy to guest memory with tag checks', 'fact sheet 8.3', {
    uaccessChecks: true,
  }),
  sw('dump-before-flush', 'tags are saved with mmu_lock held, before the TLB flush', 'mutation of B', {
    dumpAfterFlush: false,
  }),
  sw('discard-after-dirty', 'saved tags are discarded after the dirty bit is set', 'mutation of B', {
    discardsFirst: false,
  }),
  sw('discard-unordered', 'nothing orders the discard before the dirty bit', 'mutation of B', {
    discardOrders: false,
  }),
  sw('dump-gfp-kernel', 'buffers come from GFP_KERNEL where pages are flagged clean', 'mutation of B', {
    dumpBuffers: 'gfp-kernel',
  }),
  sw('dump-gfp-atomic', 'buffers come from GFP_ATOMIC where pages are flagged clean', 'mutation of B', {
    dumpBuffers: 'gfp-atomic',
  }),
  sw('dontwake', 'UFFDIO_COPY_MODE_DONTWAKE, and a wake-up when the tags are there', 'attempt to mend P1', {
    copyWakes: false,
  }),
  sw(
    'tags-before-pause',
    'post-copy uses tags that were fetched before the guest was paused',
    'fact sheet 8.2',
    {
      tagsFetched: 'before-pause',
    },
  ),
  sw(
    'tags-at-switch-over',
    'post-copy uses tags that were fetched when the guest was paused',
    'fact sheet 8.2',
    {
      tagsFetched: 'at-switch-over',
    },
  ),
  sw('no-minor-faults', 'guest memory is registered for missing pages only', 'mutation', {
    minorFaults: false,
  }),
  sw(
    'unordered-continue',
    'nothing in UFFDIO_CONTINUE orders stores before the PTE',
    'b14d1671dd4b (v6.10)',
    {
      continueOrders: false,
    },
  ),
  sw('unordered-uffd-copy', 'UFFDIO_COPY has no barrier before the PTE', 'mutation', {
    uptodateOrders: false,
  }),
  sw('no-discard', 'pages that were dirtied after they were sent stay at the destination', 'mutation', {
    discardsStale: false,
  }),
];
