import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import {
  mteRestorePageTags,
  mteSavePageTags,
  pageMteTagged,
  tryPageMteTagging,
} from '../kernel/page-tags.ts';
import { hasKeptTags, mteSaveTagsForPfn, tagsByPfnLock, tagsByPfnUnlock } from './kept-tags.ts';
import { type Page, type Slot, type State, XA_ZERO_ENTRY } from './state.ts';
import { copyBuffer, pageTagStorageReserved, setPageMteTagged } from './tags.ts';

/** `used` of a slot whose last user went away while its page was in the swap cache. */
const ORPHAN = 2;

// The first half of arch/arm64/mm/mteswap.c: tags saved by swap entry.

/** Takes a free slot for a page and puts the page into the swap cache; null if swap is full. */
export function* addToSwap(cpu: Cpu, s: State, page: Page): Kernel<Slot | null> {
  yield cpu.spinLock(s.k.swap_lock);
  for (const slot of s.slots) {
    if ((yield cpu.readOnce(slot.used)) !== 0) continue;
    yield cpu.writeOnce(slot.used, 1);
    yield cpu.writeOnce(slot.cached, page.index + 1);
    yield cpu.spinUnlock(s.k.swap_lock);
    return slot;
  }
  yield cpu.spinUnlock(s.k.swap_lock);
  return null;
}

/** swapcache_prepare(): only one CPU reads a swap entry in; false if another does, or if the slot is free. */
export function* swapcachePrepare(cpu: Cpu, s: State, slot: Slot, page: Page): Kernel<boolean> {
  yield cpu.spinLock(s.k.swap_lock);
  const ours = (yield cpu.readOnce(slot.used)) === 1 && (yield cpu.readOnce(slot.cached)) === 0;
  if (ours) yield cpu.writeOnce(slot.cached, page.index + 1);
  yield cpu.spinUnlock(s.k.swap_lock);
  return ours;
}

/** The user of a swap entry is gone; the slot is freed, by who has it in the swap cache if there is such a page. */
export function* freeSwapAndCache(cpu: Cpu, s: State, slot: Slot): Kernel {
  yield cpu.spinLock(s.k.swap_lock);
  if ((yield cpu.readOnce(slot.cached)) === 0) yield* invalidate(cpu, s, slot);
  else yield cpu.writeOnce(slot.used, ORPHAN);
  yield cpu.spinUnlock(s.k.swap_lock);
}

/** A page leaves the swap cache without having been mapped. */
export function* swapcacheDrop(cpu: Cpu, s: State, slot: Slot): Kernel {
  yield cpu.spinLock(s.k.swap_lock);
  if ((yield cpu.readOnce(slot.used)) === ORPHAN) yield* invalidate(cpu, s, slot);
  else yield cpu.writeOnce(slot.cached, 0);
  yield cpu.spinUnlock(s.k.swap_lock);
}

/** swap_free() of the only user and folio_free_swap(). */
export function* swapFree(cpu: Cpu, s: State, slot: Slot): Kernel {
  yield cpu.spinLock(s.k.swap_lock);
  yield* invalidate(cpu, s, slot);
  yield cpu.spinUnlock(s.k.swap_lock);
}

/** arch_swap_invalidate_page(), and the slot is free. */
function* invalidate(cpu: Cpu, s: State, slot: Slot): Kernel {
  yield cpu.spinLock(s.k.tags_by_swp_entry);
  const buffer = yield cpu.readOnce(slot.tags);
  if (buffer !== 0) yield cpu.writeOnce(slot.tags, 0);
  yield cpu.spinUnlock(s.k.tags_by_swp_entry);
  if (buffer !== 0) yield cpu.kfree(buffer);
  yield cpu.writeOnce(slot.cached, 0);
  yield cpu.writeOnce(slot.used, 0);
}

/**
 * mte_save_page_tags_by_swp_entry(): false if there is no memory. The series leaves it alone, so it saves nothing for
 * a page that is not tagged, not even what tags_by_pfn keeps for it (`saveKept`).
 */
export function* mteSavePageTagsBySwpEntry(cpu: Cpu, s: State, page: Page, slot: Slot): Kernel<boolean> {
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
  yield cpu.spinLock(s.k.tags_by_swp_entry);
  const old = yield cpu.readOnce(slot.tags);
  yield cpu.rcuAssignPointer(slot.tags, buffer);
  yield cpu.spinUnlock(s.k.tags_by_swp_entry);
  if (old !== 0) yield cpu.kfree(old);
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
export function* mteRestorePageTagsBySwpEntry(cpu: Cpu, s: State, slot: Slot, page: Page): Kernel {
  const buffer = yield cpu.rcuDereference(slot.tags);
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
export function* mteTryTransferSwapTags(cpu: Cpu, s: State, slot: Slot, page: Page): Kernel<boolean> {
  if (!s.d.deferRestore) return true;
  if ((yield* pageMteTagged(cpu, s, page)) || (yield* pageTagStorageReserved(cpu, page))) return true;
  const swapTags = yield cpu.rcuDereference(slot.tags);
  if (swapTags === 0) return true;
  const buffer = yield cpu.kmalloc(s.buffers, Gfp.Kernel);
  if (buffer === 0) return false;
  yield* copyBuffer(cpu, s, buffer, swapTags);
  const saved = yield* mteSaveTagsForPfn(cpu, s, buffer, page, Gfp.Kernel);
  if (saved !== 'kept') yield cpu.kfree(buffer);
  return saved !== 'failed';
}
