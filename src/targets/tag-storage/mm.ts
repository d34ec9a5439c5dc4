import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioUnlock, putPage } from '../kernel/page.ts';
import { isSwapEntry, pteNumber, pteWrite } from '../kernel/pte.ts';
import { freeSwapAndCache } from '../kernel/swap-map.ts';
import { doSwapPage } from './fault.ts';
import { mappingOf, migrateHeld } from './migrate.ts';
import { maps, ptePresent } from './pte.ts';
import { lookupPrivate } from './reclaim.ts';
import { mappedPage, setPteAt } from './set-pte.ts';
import { filemapGetPage } from './shmem.ts';
import { dmaBit, isShared, type State } from './state.ts';

/** mprotect(PROT_MTE) of one page: mmap_lock for write, the entry is taken out and put back tagged. */
export function* mprotectMte(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { mmap_lock, ptl, pte, vm_mte } = s.mms[mm];
  yield cpu.downWrite(mmap_lock);
  if ((yield cpu.readOnce(vm_mte[index])) === 0) {
    yield cpu.writeOnce(vm_mte[index], 1);
    yield cpu.spinLock(ptl);
    const page = yield* mappedPage(cpu, s, mm, index);
    if (page !== null) {
      // ptep_modify_prot_start() and _commit()
      const old = yield cpu.xchg(pte[index], 0);
      yield* setPteAt(cpu, s, pte[index], page, true, pteWrite(old));
    }
    yield cpu.spinUnlock(ptl);
    yield cpu.flushTlb(s.tlb[mm][index]);
  }
  yield cpu.upWrite(mmap_lock);
}

/**
 * madvise(MADV_DONTNEED): zap_pte_range(). With `io` a device still holds the last reference to the page, which its
 * completion interrupt drops.
 */
export function* madviseDontneed(cpu: Cpu, s: State, mm: number, index: number, io: boolean): Kernel {
  const { mmap_lock, ptl, pte } = s.mms[mm];
  yield cpu.downRead(mmap_lock);
  yield cpu.spinLock(ptl);
  const old = yield cpu.readOnce(pte[index]);
  const zapped = ptePresent(old) || isSwapEntry(old);
  if (zapped) {
    yield cpu.writeOnce(pte[index], 0);
    yield cpu.flushTlb(s.tlb[mm][index]);
  }
  yield cpu.spinUnlock(ptl);
  yield cpu.upRead(mmap_lock);
  if (ptePresent(old)) {
    const page = s.pages[pteNumber(old)];
    const { word, bit } = dmaBit(s, page);
    const held = io && !isShared(index) && (yield cpu.testAndSetBit(bit, word)) === 0;
    if (!held) yield* putPage(cpu, s, page);
  } else if (isSwapEntry(old)) yield* freeSwapAndCache(cpu, s, pteNumber(old));
}

/** Interrupt: a device is done with the pages it read or wrote, bio_release_pages(). */
export function* dmaComplete(cpu: Cpu, s: State): Kernel {
  for (const set of s.k.dma) {
    const done = yield cpu.xchg(set, 0);
    for (const page of s.pages) {
      const { word, bit } = dmaBit(s, page);
      if (word === set && (done & (1 << bit)) !== 0) yield* putPage(cpu, s, page);
    }
  }
}

/** fallocate(PUNCH_HOLE) on the memfd: the page is unmapped everywhere and freed, or its swap entry is. */
export function* punchHole(cpu: Cpu, s: State, index: number): Kernel {
  const page = yield* filemapGetPage(cpu, s, index);
  if (page === null) {
    const entry = yield cpu.readOnce(s.i_pages[index]);
    if (entry < 0 && (yield* removeEntry(cpu, s, index, entry))) yield* freeSwapAndCache(cpu, s, -entry - 1);
    return;
  }
  yield folioLock(cpu, s, page);
  for (const mm of s.mms) {
    yield cpu.spinLock(mm.ptl);
    const mapped = maps(yield cpu.readOnce(mm.pte[index]), page.index);
    if (mapped) {
      yield cpu.writeOnce(mm.pte[index], 0);
      yield cpu.flushTlb(s.tlb[mm.index][index]);
    }
    yield cpu.spinUnlock(mm.ptl);
    if (mapped) yield* putPage(cpu, s, page);
  }
  if (yield* removeEntry(cpu, s, index, page.index + 1)) {
    yield cpu.writeOnce(page.mapping, 0);
    yield* putPage(cpu, s, page);
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

function* removeEntry(cpu: Cpu, s: State, index: number, expected: number): Kernel<boolean> {
  yield cpu.spinLock(s.k.i_pages);
  const fits = (yield cpu.readOnce(s.i_pages[index])) === expected;
  if (fits) yield cpu.writeOnce(s.i_pages[index], 0);
  yield cpu.spinUnlock(s.k.i_pages);
  return fits;
}

/** try_to_unuse() of swapoff(), for one private page: unuse_pte(). */
export function* swapoff(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { mmap_lock, pte, vm_mte } = s.mms[mm];
  yield cpu.downRead(mmap_lock);
  const entry = yield cpu.readOnce(pte[index]);
  const tagged = (yield cpu.readOnce(vm_mte[index])) === 1;
  if (isSwapEntry(entry)) yield* doSwapPage(cpu, s, mm, index, entry, tagged, s.d.unusePrepareAtomic);
  yield cpu.upRead(mmap_lock);
}

/** migrate_pages() of the page at an index, for compaction or NUMA balancing: to a page without storage. */
export function* migratePage(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const page = isShared(index)
    ? yield* filemapGetPage(cpu, s, index)
    : yield* lookupPrivate(cpu, s, mm, index);
  if (page === null) return;
  // The reference is that of the isolation.
  const ours = (yield cpu.readOnce(page.mapping)) === mappingOf(mm, index);
  if (!ours || !(yield* migrateHeld(cpu, s, page, false, false))) yield* putPage(cpu, s, page);
}
