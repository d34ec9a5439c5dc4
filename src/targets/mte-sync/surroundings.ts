import type { Settings } from '../target.ts';

/** What surrounds the protocol: large folios, zero pages, and what looks at tags from outside the owner's threads. */
export interface Surroundings {
  /**
   * PROT_MTE on hugetlb memory: allowed, but flags are kept per page and survive the folio's release (vanilla before
   * v6.13); refused (stable fix of February 2025); or flags of the head count for the folio (25c17c4b55de, v6.13).
   */
  readonly hugetlb: 'unhandled' | 'refused' | 'folio-flags';
  /** KVM initialises all pages of a hugetlb folio before it flags it (in no kernel: a proposed fix of hazard D3). */
  readonly hugetlbInitialisesAll: boolean;
  /** Coredump and hibernation ask the folio of a hugetlb page for its flag (in no kernel: a proposed fix of D4). */
  readonly hugetlbTailsSeen: boolean;
  /**
   * Tag flags of the new pages when a large folio is split: dropped (before v5.10), those of the head, or each page's
   * own (in no kernel: a proposed fix of D2).
   */
  readonly splitFlags: 'dropped' | 'head' | 'own';
  /** user_mem_abort() sanitises whatever it maps, for permission faults too (in no kernel: a proposed fix of D5). */
  readonly sanitiseOnMap: boolean;
  /** KVM_ARM_MTE_COPY_TAGS takes its page with FOLL_PIN, which fork() respects (in no kernel: a proposed fix of D6). */
  readonly copyTagsPins: boolean;
  /** KVM_ARM_MTE_COPY_TAGS refuses areas without VM_MTE_ALLOWED (in no kernel: a proposed fix of N3). */
  readonly copyTagsChecksVma: boolean;
  /** PG_mte_tagged of the zero page is set at boot, or never (f620d66af316, v6.18). */
  readonly zeroPage: 'flagged' | 'unflagged';
  /** sanitise_mte_tags() leaves the zero page alone (2986a6257405, v7.2). */
  readonly kvmSkipsZeroPage: boolean;
  /** The huge zero folio is allocated with __GFP_ZEROTAGS (adfb6609c680, v6.18). */
  readonly hugeZeroTags: boolean;
  /** unuse_pte() restores the tags itself (b53e24c4f6bc, v6.6). */
  readonly unuseRestores: boolean;
  /** mte_restore_tags() warns if the page is tagged already (v3 of the series that became v6.6). */
  readonly restoreWarns: boolean;
  /** Tag dumps: none before v5.18; the VMA list is walked without a lock, or a snapshot of it (4f4c549feb4e, v6.2). */
  readonly coredump: 'none' | 'racy' | 'snapshot';
  /** A failing dump frees its tag buffer twice (until 736eedc974ea, v6.2). */
  readonly coredumpFreesTwice: boolean;
  /** After a short COPY_TAGS the page's tags are cleared, not those at its struct page (c3b37c2d77a2, v6.2). */
  readonly copyFailureClears: boolean;
  /** KSM's memcmp_pages() calls tagged pages different. */
  readonly ksmChecksTags: boolean;
  /** Pages carry KASAN tags, and mte_sync_tags() resets that in the page flags (e5b8d9218951, v5.11 to v5.19). */
  readonly kasanTags: boolean;
}

/** Before anything of it was mended. */
export const firstSurroundings: Surroundings = {
  hugetlb: 'unhandled',
  hugetlbInitialisesAll: false,
  hugetlbTailsSeen: false,
  splitFlags: 'head',
  sanitiseOnMap: false,
  copyTagsPins: false,
  copyTagsChecksVma: false,
  zeroPage: 'flagged',
  kvmSkipsZeroPage: false,
  hugeZeroTags: false,
  unuseRestores: false,
  restoreWarns: false,
  coredump: 'none',
  coredumpFreesTwice: false,
  copyFailureClears: true,
  ksmChecksTags: true,
  kasanTags: false,
};

/** With every fix, upstream or proposed, but without PROT_MTE on hugetlb memory. */
export const mendedSurroundings: Surroundings = {
  ...firstSurroundings,
  hugetlb: 'refused',
  hugetlbInitialisesAll: true,
  hugetlbTailsSeen: true,
  splitFlags: 'own',
  sanitiseOnMap: true,
  copyTagsPins: true,
  copyTagsChecksVma: true,
  zeroPage: 'unflagged',
  kvmSkipsZeroPage: true,
  hugeZeroTags: true,
  unuseRestores: true,
  coredump: 'snapshot',
};

/** Reads the surroundings out of settings; throws if a variant leaves something out. */
export function surroundingsOf(settings: Settings, bool: (key: keyof Surroundings) => boolean): Surroundings {
  const { hugetlb, splitFlags, zeroPage, coredump } = settings;
  return {
    hugetlb: hugetlb === 'refused' || hugetlb === 'folio-flags' ? hugetlb : 'unhandled',
    splitFlags: splitFlags === 'dropped' || splitFlags === 'own' ? splitFlags : 'head',
    zeroPage: zeroPage === 'unflagged' ? zeroPage : 'flagged',
    coredump: coredump === 'racy' || coredump === 'snapshot' ? coredump : 'none',
    hugetlbInitialisesAll: bool('hugetlbInitialisesAll'),
    hugetlbTailsSeen: bool('hugetlbTailsSeen'),
    sanitiseOnMap: bool('sanitiseOnMap'),
    copyTagsPins: bool('copyTagsPins'),
    copyTagsChecksVma: bool('copyTagsChecksVma'),
    kvmSkipsZeroPage: bool('kvmSkipsZeroPage'),
    hugeZeroTags: bool('hugeZeroTags'),
    unuseRestores: bool('unuseRestores'),
    restoreWarns: bool('restoreWarns'),
    coredumpFreesTwice: bool('coredumpFreesTwice'),
    copyFailureClears: bool('copyFailureClears'),
    ksmChecksTags: bool('ksmChecksTags'),
    kasanTags: bool('kasanTags'),
  };
}
