import type { Variant } from '../target.ts';
import type { Design } from './design.ts';

/** v6.11 with every catalogued fix: what the other designs are described against. */
const fixed: Design = {
  privateAt: 'get-pfn',
  sharedAt: 'free-folio',
  exclusion: 'none',
  slotsLockInside: false,
  slotsLockInFault: false,
  inPlace: false,
  attributesUnderLock: false,
  lockInGetPfn: false,
  unmapDirect: false,
  splitFirst: true,
  splitFlush: true,
  splitMayFail: true,
  zeroFirst: true,
  uptodateFirst: false,
  levelLookupFails: false,
  wrongRange: false,
  beginUnconditional: false,
  truncateNextPage: false,
  inaccessible: true,
  preFaultGate: true,
  unbindDying: true,
  kvmRef: true,
  teardownInvalidates: false,
  bindChecks: true,
  warnOnBinding: false,
  gupFirst: true,
  mmap: false,
  initShared: false,
  mmapNeedsShared: true,
  privateFilterOnly: false,
  refcountCheck: true,
  hostUnmap: true,
  prepareRechecks: true,
  hugeFolios: false,
  partialHoles: false,
  widenForHuge: true,
  seqBump: true,
  seqBeforeCount: true,
  countInBegin: true,
  snapshotFirst: true,
  staleCheckLocked: true,
  endAfterTruncate: true,
  beginBeforeZap: true,
  flushTlb: true,
  unmapAfterSrcu: true,
  unbindAfterSrcu: true,
};
/** The two hooks of the mail, on a kernel without other bugs. */
const attrHook: Design = {
  ...fixed,
  privateAt: 'ioctl',
  sharedAt: 'punch-hole',
  unmapDirect: true,
  inaccessible: false,
};
/** Bugs that mainline had from v6.8 on, whatever the version. */
const v68: Design = {
  ...fixed,
  privateAt: 'never',
  sharedAt: 'never',
  inaccessible: true,
  unbindDying: false,
  bindChecks: false,
  gupFirst: false,
  widenForHuge: false,
};
const v611: Design = { ...v68, privateAt: 'get-pfn', sharedAt: 'free-folio' };
const v618: Design = { ...v611, mmap: true, unbindDying: true, widenForHuge: true };
const v70: Design = { ...v618, privateAt: 'get-pfn-always', gupFirst: true };
const inPlace: Design = {
  ...fixed,
  privateAt: 'get-pfn-always',
  mmap: true,
  inPlace: true,
  lockInGetPfn: true,
};

type Named = Variant & { readonly settings: Readonly<Record<keyof Design, boolean | string>> };

export const variants: readonly Named[] = [
  {
    name: 'gmem-solo',
    summary:
      'the code of the mail: hooks in punch hole and attribute ioctl, wrong gfn range, unbalanced begin/end, truncation of one byte too many, no reference to the VM (D0)',
    origin: 'x86/kvm_gmem_solo, 04652f072b95, with the hooks of the guest-memfd thread, May 2023',
    settings: {
      ...attrHook,
      wrongRange: true,
      beginUnconditional: true,
      truncateNextPage: true,
      kvmRef: false,
      bindChecks: false,
    },
  },
  {
    name: 'attr-hook',
    summary:
      'RMP private in the attribute ioctl, shared in punch hole, nothing between them; no other bug (D0)',
    origin: 'Michael Roth, 11 May 2023, the guest-memfd thread',
    settings: { ...attrHook },
  },
  {
    name: 'slots-lock',
    summary: 'as attr-hook, with slots_lock held over begin to end in punch hole too (D1)',
    origin: 'the "quick and lazy solution" of the guest-memfd thread',
    settings: { ...attrHook, exclusion: 'slots-lock' },
  },
  {
    name: 'rmp-mutex',
    summary: 'as attr-hook, with a new mutex around both operations (D2)',
    origin: 'the "similar mutex" that the guest-memfd thread asks about',
    settings: { ...attrHook, exclusion: 'rmp-mutex' },
  },
  {
    name: 'rmp-under-mmu-lock',
    summary:
      'pages become shared in invalidate_begin with mmu_lock held, from a notifier that dies with the VM (D3)',
    origin: 'SNP series v7, 20221214194056.161492-7, report Y80vhKwQyw8hS/22@notebook',
    settings: { ...attrHook, sharedAt: 'invalidate-begin', kvmRef: false, teardownInvalidates: true },
  },
  {
    name: 'invalidate-lock-in-ioctl',
    summary: 'as attr-hook, with invalidate_lock held for read in the attribute ioctl (D4)',
    origin: 'not proposed upstream; the rwsem that punch hole holds anyway',
    settings: { ...attrHook, exclusion: 'invalidate-lock' },
  },
  {
    name: 'prepare-in-get-folio',
    summary:
      'attributes never touch the RMP table: private when the page is allocated, shared when it is freed (D5)',
    origin: 'Sean Christopherson, 12 May 2023, ZF5+5g5hI7xyyIAS@google.com',
    settings: { ...attrHook, privateAt: 'get-folio', sharedAt: 'free-folio', inaccessible: true },
  },
  {
    name: 'prepare-in-get-pfn',
    summary:
      "as prepare-in-get-folio, but when the page is handed to the guest, whose gfn is known then (D5')",
    origin: 'Michael Roth, 22 May 2023',
    fixed: true,
    settings: { ...attrHook, privateAt: 'get-pfn-always', sharedAt: 'free-folio', inaccessible: true },
  },
  {
    name: 'v6.8',
    summary: 'guest_memfd as merged, without SNP: software-protected VMs',
    origin: 'a7800aa80ea4, v6.8',
    settings: { ...v68, warnOnBinding: true },
  },
  {
    name: 'v6.11-rc',
    summary: 'prepare in get_folio, uptodate set before it, pre-fault before LAUNCH_FINISH allowed',
    origin: '3bb2531e20bf, v6.11-rc1',
    settings: {
      ...v611,
      privateAt: 'get-folio',
      uptodateFirst: true,
      preFaultGate: false,
      inaccessible: false,
    },
  },
  {
    name: 'v6.11',
    summary: 'prepare under the folio lock in get_pfn, shared in free_folio, uptodate means prepared (D6)',
    origin: 'd04c77d23122, b85524314a3d, v6.11 to v6.17',
    settings: { ...v611 },
  },
  {
    name: 'prepared-bitmap',
    summary: 'a prepared bit for each index, get_pfn under invalidate_lock held for read (D6b)',
    origin: 'Michael Roth, RFC of 12 December 2024; not merged',
    settings: {
      ...v611,
      privateAt: 'get-pfn-bitmap',
      lockInGetPfn: true,
      unbindDying: true,
      bindChecks: true,
    },
  },
  {
    name: 'v6.18',
    summary: 'v6.11 with mmap(), which files of VMs with private memory refuse to fault in',
    origin: '0f94e51b5320, v6.18',
    settings: { ...v618 },
  },
  {
    name: 'v6.18-init-shared',
    summary: 'a file with INIT_SHARED, mapped by VMM and guest alike, for a VM without private memory',
    origin: '0f94e51b5320, v6.18',
    settings: { ...v618, privateAt: 'never', sharedAt: 'never', initShared: true },
  },
  {
    name: 'v7.0',
    summary: 'no tracking: the arch hook is called at every hand-out and asks the RMP table (D7)',
    origin: '8622ef05709f, 2a62345b3052, v7.0',
    settings: { ...v70 },
  },
  {
    name: 'in-place-conversion',
    summary: 'attributes in the inode, pages converted in place, faults under invalidate_lock (D8)',
    origin: 'series v7/v8, May and June 2026; not merged in the trees read',
    fixed: true,
    settings: { ...inPlace },
  },
  {
    name: 'v6.11-fixed',
    summary: 'v6.11 with every catalogued fix',
    origin: 'v6.11 with ae431059e75d, 9129633d568e, 2a62345b3052 and the bind fixes of May 2026',
    fixed: true,
    settings: { ...fixed },
  },
  {
    name: 'v7.0-fixed',
    summary: 'v7.0 with every catalogued fix',
    origin: 'v7.0 with the bind fixes of May 2026',
    fixed: true,
    settings: { ...v70, bindChecks: true },
  },
];
