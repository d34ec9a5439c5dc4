import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import type { Page, State } from './state.ts';
import { mteInvalidateTags } from './swap-tags.ts';

/** Bits of swap_map[]: the count in the low bits, SWAP_HAS_CACHE above. */
export const HAS_CACHE = 64;
export const COUNT = HAS_CACHE - 1;

/** Takes a free slot for a page and puts the page into the swap cache; -1 if swap is full. */
export function* addToSwap(cpu: Cpu, s: State, page: Page): Kernel<number> {
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

export function* swapDuplicate(cpu: Cpu, s: State, slot: number): Kernel {
  yield cpu.spinLock(s.swap.lock);
  yield cpu.writeOnce(s.slots[slot].map, (yield cpu.readOnce(s.slots[slot].map)) + 1);
  yield cpu.spinUnlock(s.swap.lock);
}

/** swap_free(): drops one count; the last one without a cached page frees the slot and its saved tags. */
export function* swapFree(cpu: Cpu, s: State, slot: number): Kernel {
  yield cpu.spinLock(s.swap.lock);
  const map = yield cpu.readOnce(s.slots[slot].map);
  cpu.warnOn((map & COUNT) === 0, 'swap_free(): the slot has no users', s.slots[slot].map);
  yield cpu.writeOnce(s.slots[slot].map, map - 1);
  if (map === 1) yield* mteInvalidateTags(cpu, s, slot);
  yield cpu.spinUnlock(s.swap.lock);
}

/** folio_free_swap(): takes a locked page out of the swap cache if nobody needs the slot any more. */
export function* folioFreeSwap(cpu: Cpu, s: State, slot: number, page: Page): Kernel<boolean> {
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
export function* swapCacheGet(cpu: Cpu, s: State, slot: number): Kernel<Page | null> {
  yield cpu.spinLock(s.swap.lock);
  const cached = yield cpu.readOnce(s.slots[slot].cached);
  if (cached !== 0) yield getPage(cpu, s.pages[cached - 1]);
  yield cpu.spinUnlock(s.swap.lock);
  return cached === 0 ? null : s.pages[cached - 1];
}

/** Slot that a page occupies in the swap cache, or -1. The page is locked. */
export function* slotOf(cpu: Cpu, s: State, page: Page): Kernel<number> {
  for (const slot of s.slots) if ((yield cpu.readOnce(slot.cached)) === page.index + 1) return slot.index;
  return -1;
}
