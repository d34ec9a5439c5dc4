import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { pteSwap } from '../kernel/pte.ts';
import { mappingOf } from './migrate.ts';
import { freePage } from './page.ts';
import { maps } from './pte.ts';
import { mappedPage, setPteAt } from './set-pte.ts';
import { filemapGetPage } from './shmem.ts';
import { isShared, type Page, type Slot, type State } from './state.ts';
import { addToSwap, mteSavePageTagsBySwpEntry, swapcacheDrop, swapFree } from './swap.ts';

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
  let freed = false;
  if ((yield folioTrylock(cpu, s, page)) === 1) {
    const mapping = mappingOf(mm, index);
    const slot = (yield cpu.readOnce(page.mapping)) === mapping ? yield* addToSwap(cpu, s, page) : null;
    if (slot !== null) freed = yield* pageout(cpu, s, page, slot, mm, index);
    yield folioUnlock(cpu, page);
  }
  if (freed) yield* freePage(cpu, s, page);
  else yield* putPage(cpu, s, page);
}

/** True if the page is now in swap alone and its references are gone. */
function* pageout(cpu: Cpu, s: State, page: Page, slot: Slot, mm: number, index: number): Kernel<boolean> {
  const shared = isShared(index);
  const unmapped: number[] = [];
  for (const one of s.mms) {
    if (!shared && one.index !== mm) continue;
    yield cpu.spinLock(one.ptl);
    const mapped = maps(yield cpu.readOnce(one.pte[index]), page.index);
    if (mapped) {
      yield cpu.writeOnce(one.pte[index], shared ? 0 : pteSwap(slot.index));
      yield cpu.flushTlb(s.tlb[one.index][index]);
      unmapped.push(one.index);
    }
    yield cpu.spinUnlock(one.ptl);
    if (mapped) yield* putPage(cpu, s, page);
  }
  const written = (shared || unmapped.length > 0) && (yield* mteSavePageTagsBySwpEntry(cpu, s, page, slot));
  if (written && (yield* removeMapping(cpu, s, page, slot, index))) return true;
  if (!shared && unmapped.length > 0) yield* mapBack(cpu, s, page, slot, mm, index);
  yield* swapFree(cpu, s, slot);
  return false;
}

/** __remove_mapping(), and for the memfd the swap entry in its page cache. */
function* removeMapping(cpu: Cpu, s: State, page: Page, slot: Slot, index: number): Kernel<boolean> {
  const expected = isShared(index) ? 2 : 1;
  yield cpu.spinLock(s.k.i_pages);
  const frozen = (yield cpu.cmpxchg(page.refcount, expected, 0)) === expected;
  if (frozen) {
    s.shadow.swappedOut(s.slotShadows[slot.index], page);
    yield cpu.writeOnce(page.mapping, 0);
    if (isShared(index)) yield cpu.writeOnce(s.i_pages[index], -(slot.index + 1));
  }
  yield cpu.spinUnlock(s.k.i_pages);
  // put_swap_folio(): faults on the entry have waited until here.
  if (frozen) yield* swapcacheDrop(cpu, s, slot);
  return frozen;
}

/** The page could not go: in the kernel the next fault finds it in the swap cache, here it is mapped back at once. */
function* mapBack(cpu: Cpu, s: State, page: Page, slot: Slot, mm: number, index: number): Kernel {
  const { ptl, pte, vm_mte } = s.mms[mm];
  yield cpu.spinLock(ptl);
  if ((yield cpu.readOnce(pte[index])) === pteSwap(slot.index)) {
    yield getPage(cpu, page);
    yield* setPteAt(cpu, s, pte[index], page, (yield cpu.readOnce(vm_mte[index])) === 1);
  }
  yield cpu.spinUnlock(ptl);
}
