import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mmuInvalidateRetry } from '../kernel/mmu-notifier.ts';
import { putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { Pte, pteNumber, ptePage, ptePresent, pteWrite } from '../kernel/pte.ts';
import { areaOf, folioPages, isHugetlb, isZeroPage } from './areas.ts';
import { gup, sanitiseMteTags } from './kvm.ts';
import { unmapStage2, VMM } from './kvm-notifier.ts';
import { type Page, type State, VM } from './state.ts';

// Stage-2 faults where the mapping size matters: a block of two pages, or one page.

/** Attribute of a stage-2 leaf: it is part of a block. */
export const BLOCK = 32;
const TRIES = 4;

/**
 * user_mem_abort() in the areas. `leaf` is what the vCPU found: if it is present this is a permission fault, whose
 * granule is that leaf's size. True if the guest should try its access again.
 */
function* userMemAbortArea(cpu: Cpu, s: State, index: number, write: boolean, leaf: number): Kernel<boolean> {
  const { kvm, d } = s;
  const isPerm = ptePresent(leaf);
  // memslot_is_logging(), under kvm->srcu
  const logging = (yield cpu.readOnce(kvm.dirty_logging)) === 1;
  const { mmap_lock, vma } = s.mms[VMM];
  yield cpu.downRead(mmap_lock);
  const vmFlags = yield cpu.loadPlain(yield cpu.rcuDereference(vma[index]));
  let seq = 0;
  if (d.seqBeforeUnlock) seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
  yield cpu.upRead(mmap_lock);
  if (!d.seqBeforeUnlock) {
    seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
    yield cpu.smpRmb();
  }
  const got = yield* gup(cpu, s, index, write);
  if (got === null) return false;
  const { page } = got;
  const writable = got.writable && (!logging || write);
  if (d.mmuLockRead) yield cpu.readLock(kvm.mmu_lock);
  else yield cpu.writeLock(kvm.mmu_lock);
  let again = d.mmuRetry && (yield* mmuInvalidateRetry(cpu, kvm, seq));
  if (!again) {
    const block = yield* mapsBlock(cpu, s, index, page, logging, isPerm && (leaf & BLOCK) !== 0);
    const relaxes = isPerm && block === ((leaf & BLOCK) !== 0);
    const allowed = (vmFlags & VM.mte_allowed) !== 0 && (d.kvmShared || (vmFlags & VM.shared) === 0);
    const pages = block ? folioPages(s.areas, page) : [page];
    // A permission fault is taken for one on a page that was sanitised when it was mapped.
    const sanitises = !isPerm || (d.sanitiseOnMap && !relaxes);
    if (allowed && sanitises) yield* sanitiseArea(cpu, s, pages);
    if (relaxes) yield* relaxPerms(cpu, s, index, block, writable);
    else if (allowed || isPerm) yield* stage2Map(cpu, s, index, pages, writable);
    again = allowed || isPerm;
  }
  if (d.mmuLockRead) yield cpu.readUnlock(kvm.mmu_lock);
  else yield cpu.writeUnlock(kvm.mmu_lock);
  if (writable && !isZeroPage(s.areas, page.index)) yield cpu.setBit(PG.dirty, page.flags);
  yield* putPage(cpu, s, page);
  return again;
}

/** The mapping size: transparent_hugepage_adjust(), the size of hugetlb pages, or that of a block that faulted. */
function* mapsBlock(
  cpu: Cpu,
  s: State,
  index: number,
  page: Page,
  logging: boolean,
  wasBlock: boolean,
): Kernel<boolean> {
  if (logging) return false;
  if (wasBlock) return true;
  const area = areaOf(s.areas, index);
  if (area === 'hole' || folioPages(s.areas, page).length === 1) return false;
  if (area === 'hugetlb') return true;
  // get_user_mapping_size(): a PMD of the VMM cannot change now, as its notifiers need mmu_lock.
  return (yield cpu.readOnce(s.areas.pmd[VMM])) === 1;
}

/** sanitise_mte_tags() of the pages about to be mapped; the flag of a hugetlb folio says more than that (hazard D3). */
function* sanitiseArea(cpu: Cpu, s: State, pages: readonly Page[]): Kernel {
  const [page] = pages;
  if (isHugetlb(s.areas, page.index) && s.d.hugetlb === 'folio-flags') {
    if (yield* tryPageMteTagging(cpu, s, page)) {
      const cleared = s.d.hugetlbInitialisesAll ? folioPages(s.areas, page) : pages;
      for (const each of cleared) yield* mteClearPageTags(cpu, s, each);
      yield* setPageMteTagged(cpu, s, page);
    }
    return;
  }
  if (page === s.areas.zeroPage && s.d.kvmSkipsZeroPage) return;
  for (const each of pages) yield* sanitiseMteTags(cpu, s, each);
}

/** kvm_pgtable_stage2_relax_perms(): changes the leaf that is there; if there is none the guest faults again. */
function* relaxPerms(cpu: Cpu, s: State, index: number, block: boolean, writable: boolean): Kernel {
  for (const each of block ? s.areas.of[areaOf(s.areas, index)] : [index]) {
    const leaf = yield cpu.readOnce(s.kvm.stage2[each]);
    if (!ptePresent(leaf) || !writable) continue;
    yield cpu.cmpxchg(s.kvm.stage2[each], leaf, leaf | Pte.Write);
  }
}

/** kvm_pgtable_stage2_map(): leaves of another size or page are broken before they are made. */
function* stage2Map(cpu: Cpu, s: State, index: number, pages: readonly Page[], writable: boolean): Kernel {
  const { stage2 } = s.kvm;
  const indices = s.areas.of[areaOf(s.areas, index)];
  const block = pages.length > 1;
  if (!block) {
    for (const other of indices) {
      if (other !== index && ((yield cpu.readOnce(stage2[other])) & BLOCK) !== 0) {
        yield* unmapStage2(cpu, s, other);
      }
    }
  }
  const mapped = block ? indices : [index];
  for (let i = 0; i < mapped.length; i++) {
    const leaf = ptePage(pages[i].index, true, writable) | (block ? BLOCK : 0);
    const old = yield cpu.readOnce(stage2[mapped[i]]);
    if (old === leaf) continue;
    if (ptePresent(old) && (old | Pte.Write) !== (leaf | Pte.Write)) yield* unmapStage2(cpu, s, mapped[i]);
    // stage2_make_pte()
    if (s.d.stage2Release) yield cpu.smpStoreRelease(stage2[mapped[i]], leaf);
    else yield cpu.writeOnce(stage2[mapped[i]], leaf);
  }
}

/** STG in the guest. */
export function* guestStoreTagArea(cpu: Cpu, s: State, index: number, granule: number, tag: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[index], s.kvm.stage2[index]);
    if (ptePresent(leaf) && pteWrite(leaf)) {
      const page = s.pages[pteNumber(leaf)];
      yield cpu.writeOnce(page.tags[granule], s.shadow.tagFor(page, tag));
      return;
    }
    if (!(yield* exitToHost(cpu, s, index, true, leaf))) return;
  }
}

/** LDG in the guest. */
export function* guestLoadTagArea(cpu: Cpu, s: State, index: number, granule: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[index], s.kvm.stage2[index]);
    if (ptePresent(leaf)) {
      const page = s.pages[pteNumber(leaf)];
      s.shadow.loaded(cpu, page, granule, yield cpu.readDependent(page.tags[granule]));
      return;
    }
    if (!(yield* exitToHost(cpu, s, index, false, leaf))) return;
  }
}

/** kvm_handle_guest_abort(), inside an SRCU section for the memslots. */
function* exitToHost(cpu: Cpu, s: State, index: number, write: boolean, leaf: number): Kernel<boolean> {
  yield cpu.srcuReadLock(s.kvmSrcu);
  const again = yield* userMemAbortArea(cpu, s, index, write, leaf);
  yield cpu.srcuReadUnlock(s.kvmSrcu);
  yield cpu.cpuRelax();
  return again;
}

/** Dirty logging of the areas goes off (0), on (1), or on and off again (2), as for a migration that is cancelled. */
export function* setDirtyLogging(cpu: Cpu, s: State, to: number): Kernel {
  if (to > 0) yield* setMemslotFlags(cpu, s, true);
  if (to === 2) yield cpu.cpuRelax();
  if (to !== 1) yield* setMemslotFlags(cpu, s, false);
}

/**
 * KVM_SET_USER_MEMORY_REGION with or without KVM_MEM_LOG_DIRTY_PAGES. With logging all leaves are write-protected, blocks
 * as they are; when it stops nothing changes until the next fault.
 */
function* setMemslotFlags(cpu: Cpu, s: State, logging: boolean): Kernel {
  const { kvm } = s;
  yield cpu.mutexLock(kvm.slots_lock);
  // kvm_swap_active_memslots()
  yield cpu.smpStoreRelease(kvm.dirty_logging, logging ? 1 : 0);
  yield* cpu.synchronizeSrcu(s.kvmSrcu);
  if (logging) {
    // kvm_mmu_wp_memory_region()
    const indices = Object.values(s.areas.of).flat();
    yield cpu.writeLock(kvm.mmu_lock);
    for (const index of indices) {
      const leaf = yield cpu.readOnce(kvm.stage2[index]);
      if (pteWrite(leaf)) yield cpu.writeOnce(kvm.stage2[index], leaf & ~Pte.Write);
    }
    yield cpu.writeUnlock(kvm.mmu_lock);
    for (const index of indices) yield cpu.flushTlb(s.stage2Tlb[index]);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}
