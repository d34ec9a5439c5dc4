import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { folioLock, folioTrylock, folioUnlock, putPage } from '../kernel/page.ts';
import {
  mteRestorePageTags,
  mteSavePageTags,
  pageMteTagged,
  tryPageMteTagging,
} from '../kernel/page-tags.ts';
import { swapCacheGet, swapcachePrepare } from '../kernel/swap-map.ts';
import { storeSavedTags } from '../kernel/swap-tags.ts';
import { hasKeptTags, mteSaveTagsForPfn, tagsByPfnLock, tagsByPfnUnlock } from './kept-tags.ts';
import { allocPage } from './page.ts';
import { type Page, type State, XA_ZERO_ENTRY } from './state.ts';
import { copyBuffer, pageTagStorageReserved, setPageMteTagged } from './tags.ts';

// The first half of arch/arm64/mm/mteswap.c: tags saved by swap entry.

/** The page of a slot, from the swap cache or read into a new one; locked and with a reference. */
export function* swapinFolio(cpu: Cpu, s: State, slot: number, tagged: boolean): Kernel<Page | null> {
  const cached = yield* swapCacheGet(cpu, s, slot);
  if (cached !== null) {
    yield folioLock(cpu, s, cached);
    return cached;
  }
  const page = yield* allocPage(cpu, s, tagged);
  if (page === null) return null;
  yield folioTrylock(cpu, s, page);
  if (yield* swapcachePrepare(cpu, s, slot, page)) {
    yield cpu.smpWmb();
    return page;
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
  return null;
}

/**
 * mte_save_page_tags_by_swp_entry(): false if there is no memory. The series leaves it alone, so it saves nothing for
 * a page that is not tagged, not even what tags_by_pfn keeps for it (`saveKept`).
 */
export function* mteSavePageTagsBySwpEntry(cpu: Cpu, s: State, page: Page, slot: number): Kernel<boolean> {
  if (!(yield* pageMteTagged(cpu, s, page))) {
    if (!s.d.saveKept) return true;
    // A reserver that took what was kept has tagged the page before it let go of the lock.
    if (!(yield* hasKeptTags(cpu, s, page.index)) && !(yield* pageMteTagged(cpu, s, page))) return true;
  }
  const buffer = yield cpu.kmalloc(s.buffers, Gfp.Kernel);
  if (buffer === 0) return false;
  if (!(yield* gatherTags(cpu, s, page, buffer))) {
    yield cpu.kfree(buffer);
    return true;
  }
  yield* storeSavedTags(cpu, s, slot, buffer);
  return true;
}

/** The tags of a page, wherever they are: kept by pfn, or in the page, to which a reserver may just have moved them. */
function* gatherTags(cpu: Cpu, s: State, page: Page, buffer: number): Kernel<boolean> {
  if (s.d.saveKept) {
    const irq = yield* tagsByPfnLock(cpu, s);
    const entry = yield cpu.readOnce(s.kept[page.index].entry);
    const kept = entry !== 0 && entry !== XA_ZERO_ENTRY;
    if (kept) yield* copyBuffer(cpu, s, buffer, entry);
    yield* tagsByPfnUnlock(cpu, s, irq);
    if (kept) return true;
  }
  if (!(yield* pageMteTagged(cpu, s, page))) return false;
  yield* mteSavePageTags(cpu, s, page, buffer);
  return true;
}

/** mte_restore_page_tags_by_swp_entry(): the caller holds the folio lock; never allocates. */
export function* mteRestorePageTagsBySwpEntry(cpu: Cpu, s: State, slot: number, page: Page): Kernel {
  const buffer = yield cpu.rcuDereference(s.slots[slot].tags);
  if (buffer === 0) return;
  // Tags are restored when storage is reserved: the patch of the mail.
  if (s.d.deferRestore && !(yield* pageTagStorageReserved(cpu, page))) return;
  const won = yield* tryPageMteTagging(cpu, s, page);
  if (!won && !s.d.swapRestoreAnyway) return;
  yield* mteRestorePageTags(cpu, s, page, buffer);
  yield* setPageMteTagged(cpu, s, page);
}

/**
 * mte_try_transfer_swap_tags(): keeps the tags by pfn if the page that is swapped in has no storage. False is
 * VM_FAULT_OOM. The folio is locked.
 */
export function* mteTryTransferSwapTags(cpu: Cpu, s: State, slot: number, page: Page): Kernel<boolean> {
  if (!s.d.deferRestore) return true;
  if ((yield* pageMteTagged(cpu, s, page)) || (yield* pageTagStorageReserved(cpu, page))) return true;
  const swapTags = yield cpu.rcuDereference(s.slots[slot].tags);
  if (swapTags === 0) return true;
  const buffer = yield cpu.kmalloc(s.buffers, Gfp.Kernel);
  if (buffer === 0) return false;
  yield* copyBuffer(cpu, s, buffer, swapTags);
  const saved = yield* mteSaveTagsForPfn(cpu, s, buffer, page, Gfp.Kernel);
  if (saved !== 'kept') yield cpu.kfree(buffer);
  return saved !== 'failed';
}
