import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { allocPage, folioLock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import {
  isMigrationEntry,
  isSwapEntry,
  Pte,
  pteNumber,
  ptePage,
  ptePresent,
  pteTagged,
} from '../kernel/pte.ts';
import { freeSwapAndCache, swapDuplicate } from '../kernel/swap-map.ts';
import { areaOf } from './areas.ts';
import { copyHighpage } from './copy.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { unmapEverywhere } from './rmap.ts';
import { shmemLookup } from './shmem-lookup.ts';
import { isShared, type State, VM } from './state.ts';
import { setPteAt } from './sync.ts';

/** mprotect(PROT_MTE) of one page: mmap_lock for write, the entry is taken out and put back tagged. */
export function* mprotectMte(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { mmap_lock, ptl, pte, vma } = s.mms[mm];
  yield cpu.downWrite(mmap_lock);
  const area = yield cpu.readOnce(vma[index]);
  const flags = yield cpu.loadPlain(area);
  if ((flags & VM.mte_allowed) !== 0) {
    yield cpu.storePlain(area, flags | VM.mte);
    yield* invalidateRangeStart(cpu, s, mm, index);
    yield cpu.spinLock(ptl);
    const old = yield cpu.readOnce(pte[index]);
    if (ptePresent(old)) {
      // ptep_modify_prot_start() and _commit()
      yield cpu.xchg(pte[index], 0);
      yield* setPteAt(cpu, s, pte[index], old | Pte.Tagged);
    }
    yield cpu.spinUnlock(ptl);
    yield cpu.flushTlb(s.stage1[mm][index]);
    yield* invalidateRangeEnd(cpu, s, mm);
  }
  yield cpu.upWrite(mmap_lock);
}

/**
 * fork() of the first address space into another: private pages are shared read-only, or copied if pinned. If the other has
 * something there, it is that of a child which exits first.
 */
export function* fork(cpu: Cpu, s: State, child: number, index: number, pinned: boolean): Kernel {
  const from = s.mms[0];
  const to = s.mms[child];
  if (child === 0) return;
  yield cpu.downWrite(from.mmap_lock);
  yield cpu.downWrite(to.mmap_lock);
  const vmFlags = yield cpu.loadPlain(yield cpu.readOnce(from.vma[index]));
  const childArea = yield cpu.readOnce(to.vma[index]);
  const childFlags = yield cpu.loadPlain(childArea);
  if ((vmFlags & childFlags & VM.mte_allowed) !== 0 && !isShared(index)) {
    // copy_present_page() needs a page before the locks are taken; the kernel drops them for it if need be.
    const spare = pinned || s.d.copyTagsPins ? yield* allocPage(cpu, s) : null;
    yield cpu.storePlain(childArea, vmFlags);
    yield* invalidateRangeStart(cpu, s, 0, index);
    let copied: Copied;
    while (true) {
      yield cpu.spinLock(to.ptl);
      yield cpu.spinLock(from.ptl);
      copied = yield* copyPteRange(cpu, s, child, index, spare?.index ?? -1, pinned);
      yield cpu.spinUnlock(from.ptl);
      yield cpu.spinUnlock(to.ptl);
      if (copied !== 'not-empty') break;
      // exit_mmap()
      yield* zap(cpu, s, child, index);
    }
    yield cpu.flushTlb(s.stage1[0][index]);
    yield* invalidateRangeEnd(cpu, s, 0);
    if (spare !== null && copied !== 'spare-used') yield* putPage(cpu, s, spare);
  }
  yield cpu.upWrite(to.mmap_lock);
  yield cpu.upWrite(from.mmap_lock);
}

/** What became of an entry; `not-empty`: the child has another one there. */
type Copied = 'spare-used' | 'done' | 'not-empty';

/** copy_present_page() (both page-table locks held, so copy_highpage() must not sleep) or copy_present_pte(). */
function* copyPteRange(
  cpu: Cpu,
  s: State,
  child: number,
  index: number,
  spare: number,
  pinned: boolean,
): Kernel<Copied> {
  const source = s.mms[0].pte[index];
  const target = s.mms[child].pte[index];
  const entry = yield cpu.readOnce(source);
  if ((yield cpu.readOnce(target)) !== 0) return 'not-empty';
  if (isSwapEntry(entry)) {
    yield* swapDuplicate(cpu, s, pteNumber(entry));
    // copy_nonpresent_pte()
    const shared = entry & ~Pte.Exclusive;
    if (shared !== entry) yield cpu.writeOnce(source, shared);
    yield cpu.writeOnce(target, shared);
  } else if (isMigrationEntry(entry)) {
    // The same; a migration entry holds no reference, and remove_migration_ptes() comes to the child after its parent.
    const shared = entry & ~(Pte.Write | Pte.Exclusive);
    if (shared !== entry) yield cpu.writeOnce(source, shared);
    yield cpu.writeOnce(target, shared);
  }
  if (!ptePresent(entry)) return 'done';
  const page = s.pages[pteNumber(entry)];
  const copies = pinned || (s.d.copyTagsPins && (yield cpu.readOnce(page.pins)) > 0);
  if (copies && spare >= 0) {
    s.shadow.copied(cpu, s.pages[spare], page, page.flags);
    yield* copyHighpage(cpu, s, s.pages[spare], page);
    yield cpu.smpWmb();
    yield* setPteAt(cpu, s, target, ptePage(spare, pteTagged(entry), true));
    return 'spare-used';
  }
  // Without memory for a copy of a pinned page fork() fails.
  if (copies) return 'done';
  const shared = entry & ~(Pte.Write | Pte.Exclusive);
  yield cpu.writeOnce(source, shared);
  yield getPage(cpu, page);
  yield* setPteAt(cpu, s, target, shared);
  return 'done';
}

/** zap_pte_range() of one page, as madvise(MADV_DONTNEED) and munmap() do it. */
function* zap(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { ptl, pte } = s.mms[mm];
  yield* invalidateRangeStart(cpu, s, mm, index);
  yield cpu.spinLock(ptl);
  const old = yield cpu.readOnce(pte[index]);
  // __split_huge_pmd(): the frame of a large folio stays with the folio.
  if (old !== 0 && index >= s.areas.first && areaOf(s.areas, index) === 'thp')
    yield cpu.writeOnce(s.areas.pmd[mm], 0);
  if (old !== 0) {
    yield cpu.xchg(pte[index], 0);
    yield cpu.flushTlb(s.stage1[mm][index]);
  }
  yield cpu.spinUnlock(ptl);
  yield* invalidateRangeEnd(cpu, s, mm);
  if (ptePresent(old)) yield* putPage(cpu, s, s.pages[pteNumber(old)]);
  else if (isSwapEntry(old)) yield* freeSwapAndCache(cpu, s, pteNumber(old));
}

/** madvise(MADV_DONTNEED) on private memory: its page and tags are dropped. */
export function* madviseDontneed(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  yield cpu.downRead(s.mms[mm].mmap_lock);
  yield* zap(cpu, s, mm, index);
  yield cpu.upRead(s.mms[mm].mmap_lock);
}

/** munmap() and mmap() at the same address: of a regular file (no user tags), or of the old kind of memory. */
export function* remap(cpu: Cpu, s: State, mm: number, index: number, toFile: boolean): Kernel {
  const { mmap_lock, vma } = s.mms[mm];
  const area = yield cpu.kmalloc(s.vmas, Gfp.Kernel);
  if (area === 0) return;
  yield cpu.storePlain(area, toFile ? 0 : VM.mte_allowed | (isShared(index) ? VM.shared : 0));
  yield cpu.downWrite(mmap_lock);
  yield* zap(cpu, s, mm, index);
  const old = yield cpu.readOnce(vma[index]);
  yield cpu.rcuAssignPointer(vma[index], area);
  yield cpu.kfree(old);
  yield cpu.upWrite(mmap_lock);
}

/** fallocate(PUNCH_HOLE) on the memfd: the page is unmapped everywhere and freed; it will be reused. */
export function* punchHole(cpu: Cpu, s: State, index: number): Kernel {
  const entry = yield cpu.readOnce(s.file.i_pages[index]);
  if (entry === 0) return;
  if (entry < 0) {
    if (yield* replaceEntry(cpu, s, index, entry)) yield* freeSwapAndCache(cpu, s, -entry - 1);
    return;
  }
  const page = yield* shmemLookup(cpu, s, index);
  if (page === null) return;
  yield folioLock(cpu, s, page);
  yield* unmapEverywhere(cpu, s, page, index, -1);
  if (yield* replaceEntry(cpu, s, index, page.index + 1)) yield* putPage(cpu, s, page);
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

function* replaceEntry(cpu: Cpu, s: State, index: number, expected: number): Kernel<boolean> {
  yield cpu.spinLock(s.file.xa_lock);
  const fits = (yield cpu.readOnce(s.file.i_pages[index])) === expected;
  if (fits) yield cpu.writeOnce(s.file.i_pages[index], 0);
  yield cpu.spinUnlock(s.file.xa_lock);
  return fits;
}
