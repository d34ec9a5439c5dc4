import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { pteSwap } from '../kernel/pte.ts';
import { addToSwap, COUNT, slotOf, swapDuplicate } from '../kernel/swap-map.ts';
import { mteInvalidateTags } from '../kernel/swap-tags.ts';
import { freePage } from './page.ts';
import { maps } from './pte.ts';
import { mappedPage } from './set-pte.ts';
import { filemapGetPage } from './shmem.ts';
import { isShared, type Page, type State } from './state.ts';
import { mteSavePageTagsBySwpEntry } from './swap.ts';

/** The private page that an address space maps, with a reference; null if none. */
export function* lookupPrivate(cpu: Cpu, s: State, mm: number, index: number): Kernel<Page | null> {
  yield cpu.spinLock(s.mms[mm].ptl);
  const page = yield* mappedPage(cpu, s, mm, index);
  if (page !== null) yield getPage(cpu, page);
  yield cpu.spinUnlock(s.mms[mm].ptl);
  return page;
}

/** Reclaim of one page: shrink_folio_list() with unmapping, arch_prepare_to_swap() and __remove_mapping(). */
export function* swapOut(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const page = isShared(index)
    ? yield* filemapGetPage(cpu, s, index)
    : yield* lookupPrivate(cpu, s, mm, index);
  if (page === null) return;
  if ((yield folioTrylock(cpu, s, page)) === 0) return yield* putPage(cpu, s, page);
  const slot = (yield cpu.readOnce(page.mapping)) === 0 ? -1 : yield* pageout(cpu, s, page, index);
  const frozen = slot >= 0 && (yield* removeMapping(cpu, s, page, slot));
  yield folioUnlock(cpu, page);
  if (frozen) yield* freePage(cpu, s, page);
  else yield* putPage(cpu, s, page);
}

/** Unmaps a locked page and writes it to swap; returns its slot, or -1 if it must stay. */
function* pageout(cpu: Cpu, s: State, page: Page, index: number): Kernel<number> {
  let slot = yield* slotOf(cpu, s, page);
  if (slot < 0) slot = yield* addToSwap(cpu, s, page);
  if (slot < 0) return -1;
  yield* tryToUnmap(cpu, s, page, index, slot);
  if (isShared(index)) {
    // shmem_writepage(): the page cache now refers to the slot.
    yield* swapDuplicate(cpu, s, slot);
    yield cpu.spinLock(s.k.i_pages);
    yield cpu.writeOnce(s.i_pages[index], -(slot + 1));
    yield cpu.writeOnce(page.mapping, 0);
    yield cpu.spinUnlock(s.k.i_pages);
    yield* putPage(cpu, s, page);
  }
  return (yield* mteSavePageTagsBySwpEntry(cpu, s, page, slot)) ? slot : -1;
}

/** try_to_unmap(): entries become swap entries, or nothing where the page cache has the swap entry. */
function* tryToUnmap(cpu: Cpu, s: State, page: Page, index: number, slot: number): Kernel {
  for (const mm of s.mms) {
    yield cpu.spinLock(mm.ptl);
    const mapped = maps(yield cpu.readOnce(mm.pte[index]), page.index);
    if (mapped) {
      if (!isShared(index)) yield* swapDuplicate(cpu, s, slot);
      yield cpu.writeOnce(mm.pte[index], isShared(index) ? 0 : pteSwap(slot));
      yield cpu.flushTlb(s.tlb[mm.index][index]);
    }
    yield cpu.spinUnlock(mm.ptl);
    if (mapped) yield* putPage(cpu, s, page);
  }
}

/** __remove_mapping(): false if somebody else holds a reference; the page then stays in the swap cache. */
function* removeMapping(cpu: Cpu, s: State, page: Page, slot: number): Kernel<boolean> {
  yield cpu.spinLock(s.swap.lock);
  const frozen = (yield cpu.cmpxchg(page.refcount, 2, 0)) === 2;
  if (frozen) {
    s.shadow.swappedOut(s.slotShadows[slot], page);
    const map = yield cpu.readOnce(s.slots[slot].map);
    yield cpu.writeOnce(s.slots[slot].cached, 0);
    yield cpu.writeOnce(s.slots[slot].map, map & COUNT);
    if ((map & COUNT) === 0) yield* mteInvalidateTags(cpu, s, slot);
  }
  yield cpu.spinUnlock(s.swap.lock);
  return frozen;
}
