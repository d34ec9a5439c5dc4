import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { addToSwap, COUNT, slotOf, swapDuplicate } from '../kernel/swap-map.ts';
import { mteInvalidateTags } from '../kernel/swap-tags.ts';
import { lookupPrivate } from './private-lookup.ts';
import { unmapEverywhere } from './rmap.ts';
import { shmemLookup } from './shmem-lookup.ts';
import { isShared, type Page, type State } from './state.ts';
import { mteSaveTags } from './swap-tags.ts';

/** Reclaim of one page: shrink_folio_list(), try_to_unmap(), pageout(), __remove_mapping() (appendix A.1). */
export function* swapOut(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const page = isShared(index) ? yield* shmemLookup(cpu, s, index) : yield* lookupPrivate(cpu, s, mm, index);
  if (page === null) return;
  if ((yield folioTrylock(cpu, s, page)) === 0) return yield* putPage(cpu, s, page);
  const slot = yield* pageout(cpu, s, page, index);
  if (slot >= 0 && (yield* removeMapping(cpu, s, slot, page))) return;
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

/** Unmaps a locked page and writes it to swap; returns its slot, or -1 if it must stay. */
function* pageout(cpu: Cpu, s: State, page: Page, index: number): Kernel<number> {
  if (isShared(index) && (yield cpu.readOnce(s.file.i_pages[index])) !== page.index + 1) return -1;
  let slot = yield* slotOf(cpu, s, page);
  const again = slot >= 0;
  if (!again) {
    slot = yield* addToSwap(cpu, s, page);
    if (slot < 0) return -1;
    yield cpu.setBit(PG.dirty, page.flags);
  }
  const unmapped = yield* unmapEverywhere(cpu, s, page, index, isShared(index) ? -1 : slot);
  if (unmapped === 'pinned') return -1;
  if (again && unmapped === 'dirty') yield cpu.setBit(PG.dirty, page.flags);
  if (isShared(index)) {
    // shmem_writepage(): the page cache now refers to the slot.
    yield* swapDuplicate(cpu, s, slot);
    yield cpu.spinLock(s.file.xa_lock);
    yield cpu.writeOnce(s.file.i_pages[index], -(slot + 1));
    yield cpu.spinUnlock(s.file.xa_lock);
    yield* putPage(cpu, s, page);
  }
  // A page that is clean in the swap cache is not written again, and its tags are not saved again.
  if ((yield cpu.testAndClearBit(PG.dirty, page.flags)) === 0) return slot;
  // swap_writepage(): arch_prepare_to_swap() saves the tags before any data is written.
  if (!(yield* mteSaveTags(cpu, s, page, slot))) {
    yield cpu.setBit(PG.dirty, page.flags);
    return -1;
  }
  return slot;
}

/** __remove_mapping(): frees the page unless somebody else holds a reference or dirtied it meanwhile. */
function* removeMapping(cpu: Cpu, s: State, slot: number, page: Page): Kernel<boolean> {
  yield cpu.spinLock(s.swap.lock);
  if ((yield cpu.cmpxchg(page.refcount, 2, 0)) !== 2) {
    yield cpu.spinUnlock(s.swap.lock);
    return false;
  }
  if ((yield cpu.testBit(PG.dirty, page.flags)) === 1) {
    yield cpu.writeOnce(page.refcount, 2);
    yield cpu.spinUnlock(s.swap.lock);
    return false;
  }
  s.shadow.swappedOut(s.slotShadows[slot], page);
  const map = yield cpu.readOnce(s.slots[slot].map);
  yield cpu.writeOnce(s.slots[slot].cached, 0);
  yield cpu.writeOnce(s.slots[slot].map, map & COUNT);
  if ((map & COUNT) === 0) yield* mteInvalidateTags(cpu, s, slot);
  yield cpu.spinUnlock(s.swap.lock);
  yield folioUnlock(cpu, page);
  yield* s.freePage(cpu, page);
  return true;
}
