import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { folioFreeSwap, swapFree } from '../kernel/swap-map.ts';
import { copyHighpage, copyHighpageEnd, copyHighpagePrepare, ENOMEM } from './copy.ts';
import { mappingOf } from './migrate.ts';
import { allocPage } from './page.ts';
import type { Page, State } from './state.ts';
import { mteRestorePageTagsBySwpEntry, mteTryTransferSwapTags, swapinFolio } from './swap.ts';
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
        : yield* shmemSwapinFolio(cpu, s, index, -entry - 1, tagged);
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

/** shmem_swapin_folio(): prepares and restores with the folio locked, before anybody can map the page. */
function* shmemSwapinFolio(
  cpu: Cpu,
  s: State,
  index: number,
  slot: number,
  tagged: boolean,
): Kernel<Page | null> {
  let page = yield* swapinFolio(cpu, s, slot, tagged && !s.d.lockThenAllocate);
  if (page === null) return null;
  if (tagged && s.d.lockThenAllocate) page = yield* shmemReplaceFolio(cpu, s, slot, page);
  if (
    (yield cpu.readOnce(s.slots[slot].cached)) === page.index + 1 &&
    (yield cpu.readOnce(s.i_pages[index])) === -(slot + 1) &&
    (yield* mteTryTransferSwapTags(cpu, s, slot, page))
  ) {
    yield* mteRestorePageTagsBySwpEntry(cpu, s, slot, page);
    if (yield* addToPageCache(cpu, s, page, index, -(slot + 1))) {
      yield* swapFree(cpu, s, slot);
      yield* folioFreeSwap(cpu, s, slot, page);
      return page;
    }
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}

/**
 * shmem_replace_folio(): a page that suits takes the place of a locked one in the swap cache; it is allocated with that
 * lock held. Returns the page that is there now, locked and with a reference.
 */
function* shmemReplaceFolio(cpu: Cpu, s: State, slot: number, old: Page): Kernel<Page> {
  const page = yield* allocPage(cpu, s, true);
  if (page === null) return old;
  const prepared = yield* copyHighpagePrepare(cpu, s, page);
  let left = prepared;
  const replaces = prepared !== ENOMEM && (yield cpu.readOnce(s.slots[slot].cached)) === old.index + 1;
  if (replaces) {
    yield folioTrylock(cpu, s, page);
    s.shadow.moved(page, old);
    left = yield* copyHighpage(cpu, s, page, old, prepared);
    yield cpu.spinLock(s.swap.lock);
    yield getPage(cpu, page);
    yield cpu.writeOnce(s.slots[slot].cached, page.index + 1);
    yield cpu.spinUnlock(s.swap.lock);
    yield folioUnlock(cpu, old);
    // The swap cache's reference, and ours.
    yield* putPage(cpu, s, old);
    yield* putPage(cpu, s, old);
  }
  yield* copyHighpageEnd(cpu, s, page, left);
  if (!replaces) yield* putPage(cpu, s, page);
  return replaces ? page : old;
}
