import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { mteClearPageTags, tryPageMteTagging } from '../kernel/page-tags.ts';
import { pteNumber } from '../kernel/pte.ts';
import { pteValid } from './pte.ts';
import { reserveTagStorage } from './reserve.ts';
import { isTagStorage, type State } from './state.ts';
import { pageTagStorageReserved, setPageMteTagged } from './tags.ts';

/**
 * user_mem_abort() of RFC v3 (patch 32): storage is reserved before mmu_lock is taken, tags are initialised under it
 * (sanitise_mte_tags()). What the host does to the page in between is seen by the recheck, and the page may then be
 * freed with storage but without PG_mte_tagged. The stage-2 mapping itself is not modelled.
 */
export function* userMemAbort(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { ptl, pte } = s.mms[mm];
  // gfn_to_pfn()
  yield cpu.spinLock(ptl);
  const entry = yield cpu.readOnce(pte[index]);
  const page = pteValid(entry) ? s.pages[pteNumber(entry)] : null;
  if (page !== null) yield getPage(cpu, page);
  yield cpu.spinUnlock(ptl);
  if (page === null) return;
  // -EAGAIN without storage: the guest's access is replayed.
  if (!isTagStorage(s, page) && (yield* reserveTagStorage(cpu, s, page, 0))) {
    yield cpu.readLock(s.k.mmu_lock);
    // mmu_invalidate_retry()
    if ((yield cpu.readOnce(pte[index])) === entry && (yield* tryPageMteTagging(cpu, s, page))) {
      yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, page);
    }
    yield cpu.readUnlock(s.k.mmu_lock);
  }
  yield* putPage(cpu, s, page);
}

/** How often the hypothetical reserver looks for a page that is in use. */
const LOOKS = 6;

/**
 * Hypothetical: storage is reserved for a page that somebody else is about to save tags for. Takes the last page in use
 * that has none, as soon as there is one: a page that is being read from swap, or copied to.
 */
export function* anyReserve(cpu: Cpu, s: State): Kernel {
  for (let i = 0; i < LOOKS; i++) {
    for (let frame = s.ordinary - 1; frame >= 0; frame--) {
      const page = s.pages[frame];
      if ((yield cpu.atomicFetchAddUnless(page.refcount, 1, 0)) === 0) continue;
      const found = !(yield* pageTagStorageReserved(cpu, page));
      if (found) yield* reserveTagStorage(cpu, s, page, 0);
      yield* putPage(cpu, s, page);
      if (found) return;
    }
    yield cpu.cpuRelax();
  }
}
