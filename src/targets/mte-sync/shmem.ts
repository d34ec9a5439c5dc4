import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { allocPage, folioLock, folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags } from '../kernel/page-tags.ts';
import { folioFreeSwap, swapCacheGet, swapcachePrepare, swapFree } from '../kernel/swap-map.ts';
import { kasanUnpoisonPage } from './kasan.ts';
import { shmemLookup } from './shmem-lookup.ts';
import type { Page, State } from './state.ts';
import { mteRestoreTags } from './swap-tags.ts';

/** shmem_get_folio(): the page at an index, locked and with a reference; null if memory ran out or it must retry. */
export function* shmemGetFolio(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  const entry = yield cpu.readOnce(s.file.i_pages[index]);
  if (entry < 0) return yield* shmemSwapin(cpu, s, index, entry);
  const found = yield* shmemLookup(cpu, s, index);
  if (found !== null) {
    yield folioLock(cpu, s, found);
    if ((yield cpu.readOnce(s.file.i_pages[index])) === found.index + 1) return found;
    yield folioUnlock(cpu, found);
    yield* putPage(cpu, s, found);
    return null;
  }
  const page = yield* allocPage(cpu, s);
  if (page === null) return null;
  s.shadow.fresh(page);
  if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  else if (s.d.kasanTags) yield* kasanUnpoisonPage(cpu, page);
  yield folioTrylock(cpu, s, page);
  // __folio_mark_uptodate()
  yield cpu.smpWmb();
  if (yield* addToPageCache(cpu, s, index, 0, page)) return page;
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}

/** shmem_add_to_page_cache(): succeeds if the entry is still the expected one. */
function* addToPageCache(cpu: Cpu, s: State, index: number, expected: number, page: Page): Kernel<boolean> {
  yield cpu.spinLock(s.file.xa_lock);
  const fits = (yield cpu.readOnce(s.file.i_pages[index])) === expected;
  if (fits) {
    yield getPage(cpu, page);
    yield cpu.writeOnce(s.file.i_pages[index], page.index + 1);
  }
  yield cpu.spinUnlock(s.file.xa_lock);
  return fits;
}

/** shmem_swapin_folio() (appendix A.5): the tags come back with only the folio lock held, whatever the area. */
function* shmemSwapin(cpu: Cpu, s: State, index: number, entry: number): Kernel<Page | null> {
  const slot = -entry - 1;
  const page = yield* swapinFolio(cpu, s, slot);
  if (page === null) return null;
  if (
    (yield cpu.readOnce(s.slots[slot].cached)) === page.index + 1 &&
    (yield cpu.readOnce(s.file.i_pages[index])) === entry
  ) {
    yield* mteRestoreTags(cpu, s, slot, page, false);
    if (yield* addToPageCache(cpu, s, index, entry, page)) {
      yield* swapFree(cpu, s, slot);
      yield* folioFreeSwap(cpu, s, slot, page);
      yield cpu.setBit(PG.dirty, page.flags);
      return page;
    }
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}

/** The page of a slot, from the swap cache or read into a new one; locked and with a reference. */
export function* swapinFolio(cpu: Cpu, s: State, slot: number): Kernel<Page | null> {
  const cached = yield* swapCacheGet(cpu, s, slot);
  if (cached !== null) {
    yield folioLock(cpu, s, cached);
    return cached;
  }
  const page = yield* allocPage(cpu, s);
  if (page === null) return null;
  if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  yield folioTrylock(cpu, s, page);
  if (yield* swapcachePrepare(cpu, s, slot, page)) {
    yield cpu.smpWmb();
    return page;
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}
