import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { mteClearPageTags, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { Pte, pteNumber, ptePage, ptePresent } from '../kernel/pte.ts';
import { folioPages, SUBPAGES } from './areas.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { type Page, type State, VM } from './state.ts';
import { mteSyncTags } from './sync.ts';

// hugetlb memory (mm/hugetlb.c): a shared mapping of one folio. Its huge entry is in the entries of both pages.

/** hugetlb_fault() and hugetlb_no_page(): no __GFP_ZEROTAGS; set_huge_pte_at() initialises the tags. */
export function* hugetlbFault(cpu: Cpu, s: State, mm: number, tagged: boolean): Kernel {
  const { hugetlb, of } = s.areas;
  const { ptl, pte } = s.mms[mm];
  yield cpu.mutexLock(hugetlb.fault_mutex);
  const head = yield* hugetlbFolio(cpu, s);
  if (head !== null) {
    yield getPage(cpu, head);
    yield cpu.spinLock(ptl);
    const none = (yield cpu.readOnce(pte[of.hugetlb[0]])) === 0;
    if (none) yield* setHugePteAt(cpu, s, mm, head, tagged);
    yield cpu.spinUnlock(ptl);
    if (!none) yield* putPage(cpu, s, head);
  }
  yield cpu.mutexUnlock(hugetlb.fault_mutex);
}

/** The folio of the file, from the pool if it has none yet; null if the pool is empty. */
function* hugetlbFolio(cpu: Cpu, s: State): Kernel<Page | null> {
  const { hugetlb, hugetlbPages, hugetlbCache } = s.areas;
  const number = yield cpu.readOnce(hugetlb.folio);
  if (number !== 0) return s.pages[number - 1];
  const base = yield cpu.kmalloc(hugetlbCache, Gfp.Kernel);
  const head = hugetlbPages.find(page => page.base === base);
  if (head === undefined) return null;
  yield cpu.writeOnce(head.refcount, 1);
  for (const page of folioPages(s.areas, head)) {
    s.shadow.fresh(page);
    if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  }
  // __folio_mark_uptodate()
  yield cpu.smpWmb();
  yield cpu.writeOnce(hugetlb.folio, head.index + 1);
  return head;
}

/** set_huge_pte_at() of both pages' entries, the tags first. */
function* setHugePteAt(cpu: Cpu, s: State, mm: number, head: Page, tagged: boolean): Kernel {
  const pages = folioPages(s.areas, head);
  if (tagged) yield* syncHugeTags(cpu, s, pages);
  for (let i = 0; i < SUBPAGES; i++) {
    yield cpu.writeOnce(s.mms[mm].pte[s.areas.of.hugetlb[i]], ptePage(pages[i].index, tagged, true));
  }
}

/** mte_sync_tags() of a huge entry: by the folio's flag from v6.13 on. */
function* syncHugeTags(cpu: Cpu, s: State, pages: readonly Page[]): Kernel {
  if (s.d.hugetlb === 'folio-flags') {
    if (yield* tryPageMteTagging(cpu, s, pages[0])) {
      for (const page of pages) yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, pages[0]);
    }
    yield cpu.smpWmb();
    return;
  }
  // v6.6 to v6.12: of one huge entry, set_ptes() sees one page.
  const covered = s.d.protocol === 'lock' && s.d.restoreIn === 'do-swap-page' ? pages.slice(0, 1) : pages;
  for (const page of covered) yield* mteSyncTags(cpu, s, page, 0, true);
}

/** mprotect(PROT_MTE): hugetlb_change_protection(). */
export function* hugetlbMprotectMte(cpu: Cpu, s: State, mm: number): Kernel {
  const { mmap_lock, ptl, pte, vma } = s.mms[mm];
  const indices = s.areas.of.hugetlb;
  yield cpu.downWrite(mmap_lock);
  let allowed = false;
  for (const index of indices) {
    const area = yield cpu.readOnce(vma[index]);
    const flags = yield cpu.loadPlain(area);
    allowed = (flags & VM.mte_allowed) !== 0;
    if (allowed) yield cpu.storePlain(area, flags | VM.mte);
  }
  if (allowed) {
    yield* invalidateRangeStart(cpu, s, mm, indices[0]);
    yield cpu.spinLock(ptl);
    const old = yield cpu.readOnce(pte[indices[0]]);
    if (ptePresent(old)) {
      // huge_ptep_modify_prot_start() and _commit()
      for (const index of indices) yield cpu.xchg(pte[index], 0);
      yield* setHugePteAt(cpu, s, mm, s.pages[pteNumber(old)], true);
    }
    yield cpu.spinUnlock(ptl);
    for (const index of indices) yield cpu.flushTlb(s.stage1[mm][index]);
    yield* invalidateRangeEnd(cpu, s, mm);
  }
  yield cpu.upWrite(mmap_lock);
}

/** fallocate(PUNCH_HOLE) of the file: remove_inode_hugepages(); the folio goes back to the pool and is used again. */
export function* hugetlbPunchHole(cpu: Cpu, s: State): Kernel {
  const { hugetlb, of } = s.areas;
  yield cpu.mutexLock(hugetlb.fault_mutex);
  const number = yield cpu.readOnce(hugetlb.folio);
  if (number !== 0) {
    const head = s.pages[number - 1];
    for (const mm of s.mms) {
      yield* invalidateRangeStart(cpu, s, mm.index, of.hugetlb[0]);
      yield cpu.spinLock(mm.ptl);
      const mapped = ((yield cpu.readOnce(mm.pte[of.hugetlb[0]])) & Pte.Present) !== 0;
      if (mapped) {
        for (const index of of.hugetlb) {
          yield cpu.xchg(mm.pte[index], 0);
          yield cpu.flushTlb(s.stage1[mm.index][index]);
        }
      }
      yield cpu.spinUnlock(mm.ptl);
      yield* invalidateRangeEnd(cpu, s, mm.index);
      if (mapped) yield* putPage(cpu, s, head);
    }
    yield cpu.writeOnce(hugetlb.folio, 0);
    yield* putPage(cpu, s, head);
  }
  yield cpu.mutexUnlock(hugetlb.fault_mutex);
}
