import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { allocPage, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { mteClearPageTags, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { Pte, pteNumber, ptePage, ptePresent, pteTagged, pteWrite } from '../kernel/pte.ts';
import { COUNT, folioFreeSwap, swapFree } from '../kernel/swap-map.ts';
import { copyHighpage } from './copy.ts';
import { kasanUnpoisonPage } from './kasan.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { swapinFolio } from './shmem.ts';
import type { Page, State } from './state.ts';
import { doSwapPageSynchronous } from './swap-readpage.ts';
import { mteRestoreTags } from './swap-tags.ts';
import { setPteAt } from './sync.ts';

// Faults of private anonymous memory.

/** do_anonymous_page() */
export function* doAnonymousPage(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = yield* zeroedPage(cpu, s, tagged);
  if (page === null) return;
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[index])) === 0;
  if (none) yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, true));
  yield cpu.spinUnlock(ptl);
  if (!none) yield* putPage(cpu, s, page);
}

/** vma_alloc_zeroed_movable_folio() and __folio_mark_uptodate(); null if the allocation failed. */
export function* zeroedPage(cpu: Cpu, s: State, tagged: boolean): Kernel<Page | null> {
  const page = yield* allocPage(cpu, s);
  if (page === null) return null;
  s.shadow.fresh(page);
  if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  else if (tagged && s.d.zeroTagsAtAllocation) yield* tagClearHighpage(cpu, s, page);
  else if (s.d.kasanTags) yield* kasanUnpoisonPage(cpu, page);
  yield cpu.smpWmb();
  return page;
}

/** tag_clear_highpage() (arch/arm64/mm/fault.c): the page is not yet visible to anybody. */
export function* tagClearHighpage(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.protocol === 'lock') {
    const won = yield* tryPageMteTagging(cpu, s, page);
    cpu.warnOn(!won, 'tag_clear_highpage(): a new page is tagged already', page.flags);
  }
  yield* mteClearPageTags(cpu, s, page);
  yield* setPageMteTagged(cpu, s, page);
}

/** do_swap_page() (appendix A.2). */
export function* doSwapPage(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
  write: boolean,
): Kernel {
  const { ptl, pte } = s.mms[mm];
  const slot = pteNumber(entry);
  if (s.d.restoreIn === 'swap-readpage') {
    if (yield* doSwapPageSynchronous(cpu, s, mm, index, entry, tagged)) return;
  }
  const page = yield* swapinFolio(cpu, s, slot);
  if (page === null) return;
  if ((yield cpu.readOnce(s.slots[slot].cached)) === page.index + 1) {
    yield cpu.spinLock(ptl);
    if ((yield cpu.readOnce(pte[index])) === entry || !s.d.pteRecheck) {
      yield getPage(cpu, page);
      const early = s.d.restoreIn !== 'set-pte-at' || s.d.protocol === 'always-zero';
      if (s.d.swapFreeFirst) yield* dropSwap(cpu, s, slot, page);
      if (early) yield* mteRestoreTags(cpu, s, slot, page, false);
      if (early && !s.d.swapFreeFirst) yield* dropSwap(cpu, s, slot, page);
      const dropped = early || s.d.swapFreeFirst;
      const last = yield* hasLastReference(cpu, s, slot, page, dropped);
      const marked = (entry & Pte.Exclusive) !== 0;
      const mark = marked && !write && s.d.anonExclusive ? Pte.Exclusive : 0;
      yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, write && (marked || last)) | mark);
      if (!dropped) yield* dropSwap(cpu, s, slot, page);
    }
    yield cpu.spinUnlock(ptl);
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

/**
 * Whether a write fault may map the page writable although its swap entry is not marked exclusive: folio_ref_count() of 1
 * once the slot is dropped. Here the entry has its reference already; as long as the slot is not dropped there are its count
 * and its cached page's reference as well. The mark (pte_swp_exclusive(), v5.19) also stands for what reuse_swap_page() of
 * earlier kernels found out by counting mappings and swap entries: references of others, such as a pin of KVM, do not matter.
 */
function* hasLastReference(cpu: Cpu, s: State, slot: number, page: Page, dropped: boolean): Kernel<boolean> {
  if (dropped) return (yield cpu.readOnce(page.refcount)) === 2;
  if (((yield cpu.readOnce(s.slots[slot].map)) & COUNT) !== 1) return false;
  return (yield cpu.readOnce(page.refcount)) === 3;
}

/** swap_free() and try_to_free_swap(). */
function* dropSwap(cpu: Cpu, s: State, slot: number, page: Page): Kernel {
  yield* swapFree(cpu, s, slot);
  yield* folioFreeSwap(cpu, s, slot, page);
}

/** do_wp_page() and wp_page_copy() (appendix A.3): reads the old page with only a reference. */
export function* wpPageCopy(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  yield cpu.spinLock(ptl);
  const entry = yield cpu.readOnce(pte[index]);
  if (!ptePresent(entry) || pteWrite(entry)) {
    yield cpu.spinUnlock(ptl);
    return;
  }
  const old = s.pages[pteNumber(entry)];
  // PageAnonExclusive: without it a page that somebody else holds a reference to is copied (v5.9 to v5.18).
  if ((entry & Pte.Exclusive) !== 0 || (yield cpu.readOnce(old.refcount)) === 1) {
    // wp_page_reuse(): ptep_set_access_flags() does not sync tags.
    yield cpu.writeOnce(pte[index], ptePage(old.index, pteTagged(entry), true));
    yield cpu.spinUnlock(ptl);
    return;
  }
  yield getPage(cpu, old);
  yield cpu.spinUnlock(ptl);
  const page = yield* allocPage(cpu, s);
  if (page !== null) {
    s.shadow.copied(cpu, page, old, old.flags);
    yield* copyHighpage(cpu, s, page, old);
    yield cpu.smpWmb();
    yield* invalidateRangeStart(cpu, s, mm, index);
    yield cpu.spinLock(ptl);
    const same = (yield cpu.readOnce(pte[index])) === entry;
    if (same) {
      yield cpu.xchg(pte[index], 0);
      yield cpu.flushTlb(s.stage1[mm][index]);
      yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, true));
    }
    yield cpu.spinUnlock(ptl);
    yield* invalidateRangeEnd(cpu, s, mm);
    yield* putPage(cpu, s, same ? old : page);
  }
  yield* putPage(cpu, s, old);
}
