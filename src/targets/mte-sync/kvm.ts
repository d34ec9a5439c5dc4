import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mmuInvalidateRetry } from '../kernel/mmu-notifier.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { pteNumber, ptePage, ptePresent, pteWrite } from '../kernel/pte.ts';
import { handleMmFault } from './fault.ts';
import { VMM } from './kvm-notifier.ts';
import { filePage, type Page, type State, VM } from './state.ts';
import { syncUnderSpinlock } from './sync.ts';
import { mteEnsurePageTagsCleared } from './tag-clearing.ts';

const TRIES = 4;

/**
 * get_user_pages() in the VMM: the page at an index with a reference (FOLL_PIN: and a pin), and whether it is writable;
 * null on failure.
 */
export function* gup(
  cpu: Cpu,
  s: State,
  index: number,
  write: boolean,
  pin = false,
): Kernel<{ page: Page; writable: boolean } | null> {
  const { ptl, pte } = s.mms[VMM];
  for (let i = 0; i < TRIES; i++) {
    yield cpu.spinLock(ptl);
    const entry = yield cpu.readOnce(pte[index]);
    if (ptePresent(entry) && (!write || pteWrite(entry))) {
      const page = s.pages[pteNumber(entry)];
      yield getPage(cpu, page);
      if (pin) yield cpu.atomicInc(page.pins);
      yield cpu.spinUnlock(ptl);
      return { page, writable: pteWrite(entry) };
    }
    yield cpu.spinUnlock(ptl);
    yield* handleMmFault(cpu, s, VMM, index, write);
    yield cpu.cpuRelax();
  }
  return null;
}

/** sanitise_mte_tags() (arch/arm64/kvm/mmu.c), under mmu_lock; by design. */
export function* sanitiseMteTags(cpu: Cpu, s: State, page: Page): Kernel {
  switch (s.d.protocol) {
    case 'lock':
      if (yield* tryPageMteTagging(cpu, s, page)) {
        yield* mteClearPageTags(cpu, s, page);
        yield* setPageMteTagged(cpu, s, page);
      }
      return;
    case 'tag-clearing':
      if (!(yield* pageMteTagged(cpu, s, page))) yield* mteEnsurePageTagsCleared(cpu, s, page);
      return;
    case 'spinlock':
      if (!(yield* pageMteTagged(cpu, s, page))) yield* syncUnderSpinlock(cpu, s, page, 0, true);
      return;
    case 'always-zero':
      return;
    default:
      // v5.14 to v6.1: no barrier, no atomic test-and-set, tags first.
      if (!(yield* pageMteTagged(cpu, s, page))) {
        yield* mteClearPageTags(cpu, s, page);
        yield* setPageMteTagged(cpu, s, page);
      }
  }
}

/** user_mem_abort(): maps a guest page in stage 2. True if the guest should try its access again. */
export function* userMemAbort(cpu: Cpu, s: State, index: number, write: boolean): Kernel<boolean> {
  const { kvm, d } = s;
  const { mmap_lock, vma } = s.mms[VMM];
  yield cpu.downRead(mmap_lock);
  const area = yield cpu.rcuDereference(vma[index]);
  let vmFlags = yield cpu.loadPlain(area);
  let seq = 0;
  if (d.seqBeforeUnlock) seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
  yield cpu.upRead(mmap_lock);
  if (!d.seqBeforeUnlock) {
    seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
    yield cpu.smpRmb();
  }
  const got = yield* gup(cpu, s, index, write);
  if (got === null) return false;
  const { page, writable } = got;
  if (d.mmuLockRead) yield cpu.readLock(kvm.mmu_lock);
  else yield cpu.writeLock(kvm.mmu_lock);
  const retry = d.mmuRetry && (yield* mmuInvalidateRetry(cpu, kvm, seq));
  let mapped = retry;
  if (!retry) {
    if (!d.vmaCaptured) vmFlags = yield cpu.loadPlain(area);
    const allowed = (vmFlags & VM.mte_allowed) !== 0 && (d.kvmShared || (vmFlags & VM.shared) === 0);
    if (allowed) {
      yield* sanitiseMteTags(cpu, s, page);
      const leaf = ptePage(page.index, true, writable);
      if ((yield cpu.readOnce(kvm.stage2[index])) !== leaf) {
        // stage2_make_pte()
        if (d.stage2Release) yield cpu.smpStoreRelease(kvm.stage2[index], leaf);
        else yield cpu.writeOnce(kvm.stage2[index], leaf);
      }
      mapped = true;
    }
  }
  if (d.mmuLockRead) yield cpu.readUnlock(kvm.mmu_lock);
  else yield cpu.writeUnlock(kvm.mmu_lock);
  if (mapped && writable && page !== filePage(s)) yield cpu.setBit(PG.dirty, page.flags);
  yield* putPage(cpu, s, page);
  return mapped;
}

/** STG in the guest: stage 2 of an MTE guest always allows tag access. */
export function* guestStoreTag(cpu: Cpu, s: State, index: number, granule: number, tag: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[index], s.kvm.stage2[index]);
    if (ptePresent(leaf) && pteWrite(leaf)) {
      const page = s.pages[pteNumber(leaf)];
      yield cpu.writeOnce(page.tags[granule], s.shadow.tagFor(page, tag));
      return;
    }
    if (!(yield* userMemAbort(cpu, s, index, true))) return;
    yield cpu.cpuRelax();
  }
}

/** LDG in the guest. */
export function* guestLoadTag(cpu: Cpu, s: State, index: number, granule: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[index], s.kvm.stage2[index]);
    if (ptePresent(leaf)) {
      const page = s.pages[pteNumber(leaf)];
      s.shadow.loaded(cpu, page, granule, yield cpu.readDependent(page.tags[granule]));
      return;
    }
    if (!(yield* userMemAbort(cpu, s, index, false))) return;
    yield cpu.cpuRelax();
  }
}
