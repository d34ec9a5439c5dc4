import { switchOf } from '../kernel/settings.ts';
import type { Switch } from '../target.ts';
import type { Design } from './design.ts';

const sw = switchOf<Design>();

/** Switches of what surrounds the protocol, each the reverse of one fix. */
export const surroundingSwitches: readonly Switch[] = [
  sw('hugetlb-unhandled', 'PROT_MTE on hugetlb memory with flags per page that survive its release', 'H21', {
    hugetlb: 'unhandled',
  }),
  sw(
    'hugetlb-partial',
    'the flag of a hugetlb folio is set when one page was initialised',
    '25c17c4b55de (D3)',
    {
      hugetlbInitialisesAll: false,
    },
  ),
  sw('hugetlb-tails-unseen', 'coredump and hibernation ask tails for their own flag', '25c17c4b55de (D4)', {
    hugetlbTailsSeen: false,
  }),
  sw('split-drops-flags', 'a split drops the tag flags of tails', 'before v5.10 (H25)', {
    splitFlags: 'dropped',
  }),
  sw('split-copies-head', "a split gives tails the head's tag flags", '72e6afa08e98 (D2)', {
    splitFlags: 'head',
  }),
  sw('perm-fault-maps', 'permission faults map without sanitise_mte_tags()', 'ea7fc1bb1cd1 (D5)', {
    sanitiseOnMap: false,
  }),
  sw('no-pin', 'COPY_TAGS takes its page without FOLL_PIN', 'd77e59a8fccd (D6)', { copyTagsPins: false }),
  sw('copy-tags-anywhere', 'COPY_TAGS does not ask for VM_MTE_ALLOWED', 'f0376edb1ddc (N3)', {
    copyTagsChecksVma: false,
  }),
  sw('zero-page-flagged', 'the zero page is flagged at boot', '68d54ceeec0e (H15)', { zeroPage: 'flagged' }),
  sw('kvm-flags-zero-page', 'sanitise_mte_tags() flags the zero page', '2986a6257405 (H15)', {
    kvmSkipsZeroPage: false,
  }),
  sw('huge-zero-untagged', 'the huge zero folio is allocated without __GFP_ZEROTAGS', 'adfb6609c680 (H16)', {
    hugeZeroTags: false,
  }),
  sw('unuse-no-restore', 'unuse_pte() does not restore tags', 'b53e24c4f6bc (H9)', { unuseRestores: false }),
  sw(
    'restore-warns',
    'mte_restore_tags() warns if the page is tagged already',
    'v3 of the v6.6 series (H9)',
    {
      restoreWarns: true,
    },
  ),
  sw('restore-in-readpage', 'tags are restored in swap_readpage()', 'rejected in 2023 (H20)', {
    restoreIn: 'swap-readpage',
  }),
  sw('coredump-racy', 'coredump walks the live list of areas', '4f4c549feb4e (H17)', { coredump: 'racy' }),
  sw('coredump-frees-twice', 'a failing dump frees its tag buffer twice', '736eedc974ea (H17)', {
    coredumpFreesTwice: true,
  }),
  sw('clears-struct-page', 'a short COPY_TAGS clears tags at the struct page', 'c3b37c2d77a2 (H13)', {
    copyFailureClears: false,
  }),
  sw('ksm-ignores-tags', 'memcmp_pages() does not ask for PG_mte_tagged', 'mutation', {
    ksmChecksTags: false,
  }),
  sw('kasan-tags', 'pages carry KASAN tags, which mte_sync_tags() resets', '20794545c146 (H10)', {
    kasanTags: true,
  }),
];
