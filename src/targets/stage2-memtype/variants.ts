import type { Variant } from '../target.ts';
import type { Design } from './design.ts';

/** v6.17 with every catalogued fix: what the other designs are described against. */
const fixed: Design = {
  deviceBy: 'pfnmap',
  uncached: 'any-uncached',
  cacheablePfnmap: 'if-fwb-dic',
  mteGate: 'refuse',
  devicePfnChecks: false,
  slotMteCheck: true,
  fwb: true,
  dic: true,
  exclusives: true,
  tagLock: true,
  seqBeforeUnlock: true,
  vmaCaptured: true,
  mteCheckLocked: true,
  releaseOnExit: true,
  injectExclusive: false,
  releaseOnInject: true,
  snapshotFirst: true,
  mmuRetry: true,
  countInBegin: true,
  seqBump: true,
  seqBeforeCount: true,
  flushTlb: true,
  lockedMarker: true,
  breakBeforeMake: true,
  mmuLockRead: true,
  stage2Release: true,
  unmapAfterSrcu: true,
  swapWaits: true,
  mteBeforeVcpus: true,
  mteUnderLock: true,
};
/** V0: whatever is not boot RAM is a device. */
const v68: Design = { ...fixed, deviceBy: 'map-memory', uncached: 'device', releaseOnExit: false };
const v62: Design = { ...v68, seqBeforeUnlock: false, vmaCaptured: false };
const v61: Design = { ...v62, slotMteCheck: false, tagLock: false, mmuLockRead: false };
/** V1 on a kernel without other bugs. */
const fromVma: Design = {
  ...fixed,
  deviceBy: 'pgprot',
  uncached: 'device',
  cacheablePfnmap: 'if-fwb',
  devicePfnChecks: true,
};
/** V1-c: what Catalin's mails ask of V1. */
const fromVmaSafely: Design = {
  ...fromVma,
  uncached: 'nc',
  cacheablePfnmap: 'if-fwb-dic',
  devicePfnChecks: false,
  slotMteCheck: false,
};
const v617: Design = { ...fixed, releaseOnExit: false };
const v70: Design = { ...fixed, injectExclusive: true };

type Named = Variant & { readonly settings: Readonly<Record<keyof Design, boolean | string>> };

export const variants: readonly Named[] = [
  {
    name: 'memtype-from-vma',
    summary:
      'the patch of the mail: a cacheable pgprot gives Normal-WB, any other Device; the fault asks for VM_MTE_ALLOWED only where the pfn is boot RAM (V1)',
    origin:
      'Ankit Agrawal, 7 September 2023, 20230907181459.18145-2-ankita@nvidia.com; the stage2-memtype thread',
    settings: { ...fromVma },
  },
  {
    name: 'nc-fallback',
    summary:
      'the mail\'s "fall back to non-cacheable": without VM_MTE_ALLOWED, Normal-NC below the VMM\'s cacheable mapping (V1-c)',
    origin: 'Catalin Marinas, 10 October 2023, the stage2-memtype thread',
    settings: { ...fromVmaSafely, mteGate: 'nc' },
  },
  {
    name: 'mte-off-only',
    summary:
      'the mail\'s "only allowing cacheable Stage 2 if MTE is disabled for the guest", else the fault is refused (V1-c)',
    origin: 'Catalin Marinas, 10 October 2023, the stage2-memtype thread',
    fixed: true,
    settings: { ...fromVmaSafely, mteGate: 'refuse' },
  },
  {
    name: 'no-tag-access',
    summary:
      'the mail\'s "or FEAT_MTE_PERM": Normal-WB with NoTagAccess, a tag access of the guest is an exit to the VMM (V5)',
    origin: 'Aneesh Kumar K.V, October 2024 and January 2025; not merged in the trees read',
    fixed: true,
    settings: { ...fixed, mteGate: 'no-tag-access', slotMteCheck: false },
  },
  {
    name: 'v6.1',
    summary:
      'not boot RAM: Device-nGnRE (V0); the sequence is sampled late, the VMA used after unlock, tags have no lock',
    origin: 'v6.1, before d77e59a8fccd, 13ec9308a857 and 8c2e8ac8ad4b',
    settings: { ...v61 },
  },
  {
    name: 'v6.2',
    summary: 'V0; memslots of a VM with MTE need VM_MTE_ALLOWED; the sequence is sampled late',
    origin: 'd89585fbb308 and d77e59a8fccd, v6.2',
    settings: { ...v62 },
  },
  {
    name: 'v6.8',
    summary: 'V0 with the sequence and the VMA sampled under mmap_lock: the baseline of the mail',
    origin: '13ec9308a857 and 8c2e8ac8ad4b, v6.3 to v6.8',
    settings: { ...v68 },
  },
  {
    name: 'v6.9',
    summary: 'not boot RAM: Normal-NC if the driver set VM_ALLOW_ANY_UNCACHED, else Device-nGnRE (V2)',
    origin: 'c034ec84e879, 5c656fcdd6c6, 8c47ce3e1d2c, a39d3a966a09, v6.9',
    settings: { ...v68, uncached: 'any-uncached' },
  },
  {
    name: 'pfnmap-only',
    summary: 'only VM_PFNMAP and VM_MIXEDMAP areas are looked at; cacheable ones are still Device (V3a)',
    origin: '216887f79d98 alone, within the series of v6.17',
    settings: { ...fixed, cacheablePfnmap: 'uncached' },
  },
  {
    name: 'refuse-mismatch',
    summary: 'a cacheable area that stage 2 would not map cacheable is refused (V3b)',
    origin: '2a8dfab26677, within the series of v6.17',
    fixed: true,
    settings: { ...fixed, cacheablePfnmap: 'refuse' },
  },
  {
    name: 'v6.17',
    summary:
      'cacheable VM_PFNMAP areas are Normal-WB if the machine has FEAT_S2FWB and CTR_EL0.DIC, else refused (V3c)',
    origin: '0c67288e0c8b, v6.17',
    settings: { ...v617 },
  },
  {
    name: 'v7.0-rc',
    summary:
      'v6.17 with an abort for exclusives and atomics that the memory refuses; that exit keeps the page',
    origin: 'v7.0-rc, before e07fc9e2da91',
    settings: { ...v70, releaseOnInject: false },
  },
  {
    name: 'v7.3',
    summary: 'VM_MTE_ALLOWED is judged before mmu_lock and the retry check, with facts that may be stale',
    origin:
      '"Hoist MTE validation check out of MMU lock path", 20260306140232.2193802-13-tabba@google.com; v7.3-rc',
    settings: { ...v70, mteCheckLocked: false },
  },
  {
    name: 'v6.17-fixed',
    summary: 'v6.17 with every catalogued fix',
    origin: 'v6.17 with 5f9466b50c1b',
    fixed: true,
    settings: { ...fixed },
  },
  {
    name: 'v7.0-fixed',
    summary: 'v7.0 with every catalogued fix',
    origin: 'v7.0 with e07fc9e2da91 and 244acf1976b8',
    fixed: true,
    settings: { ...v70 },
  },
];
