import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { mappingOf } from './migrate.ts';
import { allocPage } from './page.ts';
import type { Page, Slot, State } from './state.ts';
import {
  mteRestorePageTagsBySwpEntry,
  mteTryTransferSwapTags,
  swapcacheDrop,
  swapcachePrepare,
  swapFree,
} from './swap.ts';
import { allocZeroedPage, TRIES } from './zeroed-page.ts';

/** The page that the memfd has in memory at an index, with a reference; null if none. */
export function* filemapGetPage(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  yield cpu.spinLock(s.k.i_pages);
  const entry = yield cpu.readOnce(s.i_pages[index]);
  if (entry > 0) yield getPage(cpu, s.pages[entry - 1]);
  yield cpu.spinUnlock(s.k.i_pages);
  return entry > 0 ? s.pages[entry - 1] : null;
}

/** shmem_get_folio(): the page at an index, locked and with a reference, read from swap or made if need be. */
export function* shmemGetFolio(cpu: Cpu, s: State, index: number, tagged: boolean): Kernel<Page | null> {
  for (let i = 0; i < TRIES; i++) {
    const page = yield* filemapGetPage(cpu, s, index);
    if (page !== null) {
      yield folioLock(cpu, s, page);
      if ((yield cpu.readOnce(s.i_pages[index])) === page.index + 1) return page;
      yield folioUnlock(cpu, page);
      yield* putPage(cpu, s, page);
      continue;
    }
    const entry = yield cpu.readOnce(s.i_pages[index]);
    if (entry > 0) continue;
    const made =
      entry === 0
        ? yield* shmemAllocAndAdd(cpu, s, index, tagged)
        : yield* shmemSwapinFolio(cpu, s, index, s.slots[-entry - 1], tagged);
    if (made !== null) return made;
    yield cpu.condResched();
  }
  return null;
}

function* shmemAllocAndAdd(cpu: Cpu, s: State, index: number, tagged: boolean): Kernel<Page | null> {
  const page = yield* allocZeroedPage(cpu, s, tagged);
  if (page === null) return null;
  yield folioTrylock(cpu, s, page);
  if (yield* addToPageCache(cpu, s, page, index, 0)) return page;
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}

/** shmem_add_to_page_cache(): false (-EEXIST) if the slot no longer holds what was expected. */
function* addToPageCache(cpu: Cpu, s: State, page: Page, index: number, expected: number): Kernel<boolean> {
  yield cpu.spinLock(s.k.i_pages);
  const fits = (yield cpu.readOnce(s.i_pages[index])) === expected;
  if (fits) {
    yield getPage(cpu, page);
    yield cpu.writeOnce(page.mapping, mappingOf(0, index));
    yield cpu.writeOnce(s.i_pages[index], page.index + 1);
  }
  yield cpu.spinUnlock(s.k.i_pages);
  return fits;
}

/** shmem_swapin_folio(): prepares and restores with the folio locked, before anybody can find the page. */
function* shmemSwapinFolio(
  cpu: Cpu,
  s: State,
  index: number,
  slot: Slot,
  tagged: boolean,
): Kernel<Page | null> {
  let page = yield* allocPage(cpu, s, tagged && !s.d.lockThenAllocate);
  if (page === null) return null;
  if (!(yield* swapcachePrepare(cpu, s, slot, page))) {
    yield* putPage(cpu, s, page);
    return null;
  }
  yield folioTrylock(cpu, s, page);
  if (tagged && s.d.lockThenAllocate) {
    // shmem_replace_folio(): a page that suits, allocated with the swap-cache folio locked.
    const better = yield* allocPage(cpu, s, true);
    if (better !== null) {
      yield folioTrylock(cpu, s, better);
      yield folioUnlock(cpu, page);
      yield* putPage(cpu, s, page);
      page = better;
    }
  }
  s.shadow.swappedIn(page, s.slotShadows[slot.index]);
  if ((yield cpu.readOnce(s.i_pages[index])) === -(slot.index + 1)) {
    if (yield* mteTryTransferSwapTags(cpu, s, slot, page)) {
      yield* mteRestorePageTagsBySwpEntry(cpu, s, slot, page);
      if (yield* addToPageCache(cpu, s, page, index, -(slot.index + 1))) {
        yield* swapFree(cpu, s, slot);
        return page;
      }
    }
  }
  yield* swapcacheDrop(cpu, s, slot);
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}
