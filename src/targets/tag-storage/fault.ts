import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { isMigrationEntry, isSwapEntry, Pte, pteNumber, pteWrite } from '../kernel/pte.ts';
import { folioFreeSwap, swapFree } from '../kernel/swap-map.ts';
import { copyHighpage, copyHighpageEnd, copyHighpagePrepare, ENOMEM } from './copy.ts';
import { mappingOf, migrateHeld } from './migrate.ts';
import { allocPage } from './page.ts';
import { maps, pteNoStorage } from './pte.ts';
import { reserveTagStorage } from './reserve.ts';
import { setPteAt } from './set-pte.ts';
import { shmemGetFolio } from './shmem.ts';
import { FORKED, isShared, isTagStorage, type Page, type State } from './state.ts';
import { mteRestorePageTagsBySwpEntry, mteTryTransferSwapTags, swapinFolio } from './swap.ts';
import { allocZeroedPage } from './zeroed-page.ts';

/** handle_mm_fault() for one access, which looks again afterwards; `attempt` counts FAULT_FLAG_TRIED. */
export function* handleMmFault(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  attempt: number,
  write = false,
): Kernel {
  const { mmap_lock, vm_mte, pte } = s.mms[mm];
  yield cpu.downRead(mmap_lock);
  const tagged = (yield cpu.readOnce(vm_mte[index])) === 1;
  const entry = yield cpu.readOnce(pte[index]);
  if (pteNoStorage(entry)) yield* handlePteProtnone(cpu, s, mm, index, entry, tagged, attempt > 0);
  else if (isMigrationEntry(entry)) yield cpu.condResched();
  else if (isSwapEntry(entry)) yield* doSwapPage(cpu, s, mm, index, entry, tagged, false);
  else if (entry === 0 && isShared(index)) yield* doSharedFault(cpu, s, mm, index, tagged);
  else if (entry === 0) yield* doAnonymousPage(cpu, s, mm, index, tagged);
  else if (write && !pteWrite(entry)) yield* wpPageCopy(cpu, s, mm, index, entry, tagged);
  yield cpu.upRead(mmap_lock);
}

/** do_anonymous_page() */
function* doAnonymousPage(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = yield* allocZeroedPage(cpu, s, tagged);
  if (page === null) return;
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[index])) === 0;
  if (none) {
    yield cpu.writeOnce(page.mapping, mappingOf(mm, index));
    yield* setPteAt(cpu, s, pte[index], page, tagged);
  }
  yield cpu.spinUnlock(ptl);
  if (!none) yield* putPage(cpu, s, page);
}

/** do_shared_fault() and finish_fault() */
function* doSharedFault(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = yield* shmemGetFolio(cpu, s, index, tagged);
  if (page === null) return;
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[index])) === 0;
  if (none) yield* setPteAt(cpu, s, pte[index], page, tagged);
  yield cpu.spinUnlock(ptl);
  yield folioUnlock(cpu, page);
  if (!none) yield* putPage(cpu, s, page);
}

/**
 * do_swap_page(), and unuse_pte() of swapoff, which in RFC v3 prepares the restore with the page-table lock held
 * (`prepareAtomic`).
 */
export function* doSwapPage(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
  prepareAtomic: boolean,
): Kernel {
  const { ptl, pte } = s.mms[mm];
  const slot = pteNumber(entry);
  const page = yield* swapinFolio(cpu, s, slot, tagged);
  if (page === null) {
    yield cpu.condResched();
    return;
  }
  if ((yield cpu.readOnce(s.slots[slot].cached)) === page.index + 1) {
    const prepared = prepareAtomic || (yield* mteTryTransferSwapTags(cpu, s, slot, page));
    yield cpu.spinLock(ptl);
    if ((yield cpu.readOnce(pte[index])) === entry && prepared) {
      if (prepareAtomic) yield* mteTryTransferSwapTags(cpu, s, slot, page);
      yield* mteRestorePageTagsBySwpEntry(cpu, s, slot, page);
      yield getPage(cpu, page);
      yield* swapFree(cpu, s, slot);
      yield* folioFreeSwap(cpu, s, slot, page);
      // Two references, ours and the entry's: nobody else maps it or may find it in the swap cache.
      const exclusive = (yield cpu.readOnce(page.refcount)) === 2;
      yield cpu.writeOnce(page.mapping, exclusive ? mappingOf(mm, index) : FORKED | (index << 8));
      yield* setPteAt(cpu, s, pte[index], page, tagged, exclusive);
    }
    yield cpu.spinUnlock(ptl);
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

/** handle_pte_protnone(): the access faulted because the page's storage was not reserved when it was mapped. */
function* handlePteProtnone(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
  tried: boolean,
): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = s.pages[pteNumber(entry)];
  yield cpu.spinLock(ptl);
  const same = (yield cpu.readOnce(pte[index])) === entry;
  if (same) yield getPage(cpu, page);
  yield cpu.spinUnlock(ptl);
  if (!same || !(yield* handleFolioMissingTagStorage(cpu, s, page, tagged, tried))) return;
  yield cpu.spinLock(ptl);
  if (maps(yield cpu.readOnce(pte[index]), page.index))
    yield* setPteAt(cpu, s, pte[index], page, tagged, pteWrite(entry));
  yield cpu.spinUnlock(ptl);
}

/**
 * handle_folio_missing_tag_storage(): true if the page may be mapped now. Drops the reference. A reservation that fails
 * is tried again first (VM_FAULT_RETRY), then the page is replaced by one that has storage.
 */
function* handleFolioMissingTagStorage(
  cpu: Cpu,
  s: State,
  page: Page,
  tagged: boolean,
  tried: boolean,
): Kernel<boolean> {
  if (!tagged) {
    yield* putPage(cpu, s, page);
    return true;
  }
  if (!isTagStorage(s, page)) {
    const reserved = yield* reserveTagStorage(cpu, s, page, 0);
    if (reserved || !tried) {
      yield* putPage(cpu, s, page);
      return reserved;
    }
  }
  // replace_folio_with_tagged()
  if (!(yield* migrateHeld(cpu, s, page, true, true))) yield* putPage(cpu, s, page);
  return false;
}

/** wp_page_copy(): copies a page that fork() shares; the others may map, tag and free the old one meanwhile. */
function* wpPageCopy(cpu: Cpu, s: State, mm: number, index: number, entry: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const old = s.pages[pteNumber(entry)];
  yield cpu.spinLock(ptl);
  const same = (yield cpu.readOnce(pte[index])) === entry;
  const reuse = same && (yield cpu.readOnce(old.refcount)) === 1;
  // wp_page_reuse()
  if (reuse) yield cpu.writeOnce(pte[index], entry | Pte.Write);
  else if (same) yield getPage(cpu, old);
  yield cpu.spinUnlock(ptl);
  if (reuse || !same) return;
  const page = yield* allocPage(cpu, s, tagged);
  const prepared = page === null ? ENOMEM : yield* copyHighpagePrepare(cpu, s, page);
  let left = prepared;
  let placed = false;
  if (page !== null && prepared !== ENOMEM) {
    s.shadow.copied(cpu, page, old, old.flags);
    left = yield* copyHighpage(cpu, s, page, old, prepared);
    yield cpu.smpWmb();
    yield cpu.spinLock(ptl);
    placed = (yield cpu.readOnce(pte[index])) === entry;
    if (placed) {
      yield cpu.writeOnce(pte[index], 0);
      yield cpu.flushTlb(s.tlb[mm][index]);
      yield cpu.writeOnce(page.mapping, mappingOf(mm, index));
      yield* setPteAt(cpu, s, pte[index], page, tagged);
    }
    yield cpu.spinUnlock(ptl);
  }
  if (page !== null) {
    yield* copyHighpageEnd(cpu, s, page, left);
    if (!placed) yield* putPage(cpu, s, page);
  }
  if (placed) yield* putPage(cpu, s, old);
  yield* putPage(cpu, s, old);
}
