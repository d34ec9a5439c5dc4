import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { mteClearPageTags } from '../kernel/page-tags.ts';
import { Pte, pteNumber, ptePage, ptePresent } from '../kernel/pte.ts';
import { tagClearHighpage } from './anonymous.ts';
import { isZeroPage, SUBPAGES, thpFolio } from './areas.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { type Page, type State, VM } from './state.ts';
import { mteSyncTags } from './sync.ts';

// Transparent huge pages (mm/huge_memory.c). The PMD that maps one is `areas.pmd` of the address space; its content is
// in the two page-table entries, written one after the other under the page-table lock.

/**
 * do_huge_pmd_anonymous_page(): the data is zeroed, the tags are not (no __GFP_ZEROTAGS); set_pmd_at() initialises them
 * if the area is tagged. False if no large folio could be had.
 */
export function* mapThp(cpu: Cpu, s: State, mm: number, tagged: boolean): Kernel<boolean> {
  const { ptl } = s.mms[mm];
  const base = yield cpu.kmalloc(s.areas.thpCache, Gfp.Kernel);
  const at = s.areas.thpPages.findIndex(page => page.base === base);
  if (at < 0) return false;
  const pages = s.areas.thpPages.slice(at, at + SUBPAGES);
  const folio = thpFolio(s.areas, pages[0]);
  yield cpu.writeOnce(folio.split, 0);
  yield cpu.writeOnce(folio.live, SUBPAGES);
  for (const page of pages) {
    yield cpu.writeOnce(page.refcount, 1);
    s.shadow.fresh(page);
    if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  }
  // __folio_mark_uptodate()
  yield cpu.smpWmb();
  yield cpu.spinLock(ptl);
  const none = yield* nothingMapped(cpu, s, mm);
  if (none) {
    yield* setPmdAt(cpu, s, mm, pages, tagged);
    yield cpu.writeOnce(s.areas.pmd[mm], 1);
  }
  yield cpu.spinUnlock(ptl);
  if (!none) for (const page of pages) yield* putPage(cpu, s, page);
  return true;
}

function* nothingMapped(cpu: Cpu, s: State, mm: number): Kernel<boolean> {
  let mapped = 0;
  for (const index of s.areas.of.thp) mapped |= yield cpu.readOnce(s.mms[mm].pte[index]);
  return mapped === 0;
}

/** set_pmd_at(): the tags of all pages first, then the entries. */
function* setPmdAt(cpu: Cpu, s: State, mm: number, pages: readonly Page[], tagged: boolean): Kernel {
  const { pte } = s.mms[mm];
  if (tagged) for (const page of pages) yield* mteSyncTags(cpu, s, page, 0, true);
  for (let i = 0; i < SUBPAGES; i++) {
    yield cpu.writeOnce(pte[s.areas.of.thp[i]], ptePage(pages[i].index, tagged, true));
  }
}

/** do_huge_pmd_anonymous_page() for a read: the huge zero folio by a special entry, whose tags set_pmd_at() leaves. */
export function* mapHugeZeroFolio(cpu: Cpu, s: State, mm: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  if (!(yield* getHugeZeroFolio(cpu, s))) return;
  yield cpu.spinLock(ptl);
  if (yield* nothingMapped(cpu, s, mm)) {
    for (let i = 0; i < SUBPAGES; i++) {
      const page = s.areas.hugeZeroPages[i];
      yield getPage(cpu, page);
      yield cpu.writeOnce(pte[s.areas.of.thp[i]], ptePage(page.index, tagged, false));
    }
    yield cpu.writeOnce(s.areas.pmd[mm], 1);
  }
  yield cpu.spinUnlock(ptl);
}

/**
 * get_huge_zero_folio(): allocated with the first fault, with __GFP_ZEROTAGS from v6.18 on. There is one frame for it, so
 * the loser of two allocations comes back. False if it is not there yet.
 */
function* getHugeZeroFolio(cpu: Cpu, s: State): Kernel<boolean> {
  const { hugeZeroState, hugeZeroPages } = s.areas;
  const state = yield cpu.smpLoadAcquire(hugeZeroState);
  if (state === 2) return true;
  if (state === 1 || (yield cpu.cmpxchg(hugeZeroState, 0, 1)) !== 0) return false;
  for (const page of hugeZeroPages) {
    yield cpu.writeOnce(page.refcount, 1);
    if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
    else if (s.d.hugeZeroTags) yield* tagClearHighpage(cpu, s, page);
  }
  yield cpu.smpStoreRelease(hugeZeroState, 2);
  return true;
}

/** __split_huge_pmd(): the area is mapped by page-table entries from now on. */
export function* splitHugePmd(cpu: Cpu, s: State, mm: number): Kernel {
  if ((yield cpu.readOnce(s.areas.pmd[mm])) === 0) return;
  yield* invalidateRangeStart(cpu, s, mm, s.areas.of.thp[0]);
  yield cpu.spinLock(s.mms[mm].ptl);
  yield cpu.writeOnce(s.areas.pmd[mm], 0);
  yield cpu.spinUnlock(s.mms[mm].ptl);
  yield* invalidateRangeEnd(cpu, s, mm);
}

/** mprotect(PROT_MTE) of the whole area, or of one page of it: then the PMD is split first. */
export function* thpMprotectMte(cpu: Cpu, s: State, mm: number, only: number | null): Kernel {
  const { mmap_lock, ptl, pte, vma } = s.mms[mm];
  const indices = only === null ? s.areas.of.thp : [only];
  yield cpu.downWrite(mmap_lock);
  for (const index of indices) {
    const area = yield cpu.readOnce(vma[index]);
    yield cpu.storePlain(area, (yield cpu.loadPlain(area)) | VM.mte);
  }
  if (only !== null) yield* splitHugePmd(cpu, s, mm);
  yield* invalidateRangeStart(cpu, s, mm, indices[0]);
  yield cpu.spinLock(ptl);
  const old: number[] = [];
  for (const index of indices) {
    // ptep_modify_prot_start()
    old.push(yield cpu.readOnce(pte[index]));
    if (ptePresent(old[old.length - 1])) yield cpu.xchg(pte[index], 0);
  }
  for (const entry of old) {
    if (!ptePresent(entry) || isZeroPage(s.areas, pteNumber(entry))) continue;
    yield* mteSyncTags(cpu, s, s.pages[pteNumber(entry)], 0, true);
  }
  for (let i = 0; i < indices.length; i++) {
    if (ptePresent(old[i])) yield cpu.writeOnce(pte[indices[i]], old[i] | Pte.Tagged);
  }
  yield cpu.spinUnlock(ptl);
  for (const index of indices) yield cpu.flushTlb(s.stage1[mm][index]);
  yield* invalidateRangeEnd(cpu, s, mm);
  yield cpu.upWrite(mmap_lock);
}
