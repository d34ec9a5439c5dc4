import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { ShadowSlot, TagShadow } from '../../oracles/tag-shadow.ts';
import { folioLock, folioUnlock, getPage, type PageOwner, putPage } from './page.ts';
import type { MtePage } from './page-tags.ts';
import { mteInvalidateTags, type SwapTags } from './swap-tags.ts';

// swap_map[] and the swap cache (mm/swapfile.c, mm/swap_state.c), with one lock for both.

/** Bits of swap_map[]: the count in the low bits, SWAP_HAS_CACHE above. */
export const HAS_CACHE = 64;
export const COUNT = HAS_CACHE - 1;

/** What these functions need of a target's state. */
export interface SwapState<P extends MtePage> extends SwapTags, PageOwner<P> {
  readonly pages: readonly P[];
  readonly folioLockClass: number;
  readonly shadow: TagShadow;
  readonly slotShadows: readonly ShadowSlot[];
}

/** Takes a free slot for a page and puts the page into the swap cache; -1 if swap is full. */
export function* addToSwap(cpu: Cpu, s: SwapTags, page: MtePage): Kernel<number> {
  yield cpu.spinLock(s.swap.lock);
  for (const slot of s.slots) {
    if ((yield cpu.readOnce(slot.map)) !== 0) continue;
    yield cpu.writeOnce(slot.map, HAS_CACHE);
    yield cpu.writeOnce(slot.cached, page.index + 1);
    yield cpu.spinUnlock(s.swap.lock);
    yield getPage(cpu, page);
    return slot.index;
  }
  yield cpu.spinUnlock(s.swap.lock);
  return -1;
}

/** swap_duplicate(): one more page table or page cache refers to the slot. */
export function* swapDuplicate(cpu: Cpu, s: SwapTags, slot: number): Kernel {
  yield cpu.spinLock(s.swap.lock);
  yield cpu.writeOnce(s.slots[slot].map, (yield cpu.readOnce(s.slots[slot].map)) + 1);
  yield cpu.spinUnlock(s.swap.lock);
}

/** swap_free(): drops one count; the last one without a cached page frees the slot and its saved tags. */
export function* swapFree(cpu: Cpu, s: SwapTags, slot: number): Kernel {
  yield cpu.spinLock(s.swap.lock);
  const map = yield cpu.readOnce(s.slots[slot].map);
  cpu.warnOn((map & COUNT) === 0, 'swap_free(): the slot has no users', s.slots[slot].map);
  yield cpu.writeOnce(s.slots[slot].map, map - 1);
  if (map === 1) yield* mteInvalidateTags(cpu, s, slot);
  yield cpu.spinUnlock(s.swap.lock);
}

/** folio_free_swap(): takes a locked page out of the swap cache if nobody needs the slot any more. */
export function* folioFreeSwap<P extends MtePage>(
  cpu: Cpu,
  s: SwapState<P>,
  slot: number,
  page: P,
): Kernel<boolean> {
  yield cpu.spinLock(s.swap.lock);
  const map = yield cpu.readOnce(s.slots[slot].map);
  const cached = yield cpu.readOnce(s.slots[slot].cached);
  const frees = map === HAS_CACHE && cached === page.index + 1;
  if (frees) {
    yield cpu.writeOnce(s.slots[slot].cached, 0);
    yield cpu.writeOnce(s.slots[slot].map, 0);
    yield* mteInvalidateTags(cpu, s, slot);
  }
  yield cpu.spinUnlock(s.swap.lock);
  if (frees) yield* putPage(cpu, s, page);
  return frees;
}

/** The page that a slot has in the swap cache, with a reference; null if none. */
export function* swapCacheGet<P extends MtePage>(
  cpu: Cpu,
  s: SwapTags & { readonly pages: readonly P[] },
  slot: number,
): Kernel<P | null> {
  yield cpu.spinLock(s.swap.lock);
  const cached = yield cpu.readOnce(s.slots[slot].cached);
  if (cached !== 0) yield getPage(cpu, s.pages[cached - 1]);
  yield cpu.spinUnlock(s.swap.lock);
  return cached === 0 ? null : s.pages[cached - 1];
}

/**
 * swapcache_prepare() and add_to_swap_cache() of a new page that will hold what the slot has: only one CPU reads a slot
 * in. False if another does, or if the slot is free.
 */
export function* swapcachePrepare<P extends MtePage>(
  cpu: Cpu,
  s: SwapState<P>,
  slot: number,
  page: P,
): Kernel<boolean> {
  yield cpu.spinLock(s.swap.lock);
  const map = yield cpu.readOnce(s.slots[slot].map);
  const takes = map !== 0 && (map & HAS_CACHE) === 0;
  if (takes) {
    s.shadow.swappedIn(page, s.slotShadows[slot]);
    yield cpu.writeOnce(s.slots[slot].map, map | HAS_CACHE);
    yield cpu.writeOnce(s.slots[slot].cached, page.index + 1);
    yield getPage(cpu, page);
  }
  yield cpu.spinUnlock(s.swap.lock);
  return takes;
}

/** free_swap_and_cache(): drops a count, and the cached page with it if that was the last. */
export function* freeSwapAndCache<P extends MtePage>(cpu: Cpu, s: SwapState<P>, slot: number): Kernel {
  const page = yield* swapCacheGet(cpu, s, slot);
  yield* swapFree(cpu, s, slot);
  if (page === null) return;
  yield folioLock(cpu, s, page);
  yield* folioFreeSwap(cpu, s, slot, page);
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

/** Slot that a page occupies in the swap cache, or -1. The page is locked. */
export function* slotOf(cpu: Cpu, s: SwapTags, page: MtePage): Kernel<number> {
  for (const slot of s.slots) if ((yield cpu.readOnce(slot.cached)) === page.index + 1) return slot.index;
  return -1;
}
