import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { isMemfd } from './design.ts';
import { addToPageCache, mainIsTagged, setPteAt } from './mapping.ts';
import { allocPage, clearPage } from './page.ts';
import type { Host, Page, State } from './state.ts';
import { handleUserfault, wouldUserfault } from './userfault.ts';

/**
 * handle_mm_fault() in the VMM's mapping of guest memory, which may be registered with userfaultfd; the caller looks
 * again afterwards. mmap_lock is left out: nobody changes areas here.
 */
export function* handleMmFault(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  if (yield* wouldUserfault(cpu, s, h, gfn)) return yield* handleUserfault(cpu, h, gfn);
  const { ptl, pte } = h.mm;
  yield* mapPage(cpu, s, h, gfn, ptl, pte[gfn], mainIsTagged(s));
}

/** The same in the second mapping, which is never registered. */
export function* handleAliasFault(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  const { alias_ptl, alias } = h.mm;
  yield* mapPage(cpu, s, h, gfn, alias_ptl, alias[gfn], true);
}

/** shmem_fault() or do_anonymous_page(), and the entry. */
function* mapPage(
  cpu: Cpu,
  s: State,
  h: Host,
  gfn: number,
  ptl: number,
  pte: number,
  tagged: boolean,
): Kernel {
  const page = isMemfd(s.d) ? yield* shmemGetFolio(cpu, s, h, gfn) : yield* newPage(cpu, s, h, gfn);
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte)) === 0;
  if (none) yield* setPteAt(cpu, s, pte, page, tagged);
  yield cpu.spinUnlock(ptl);
  if (!none) yield* putPage(cpu, h, page);
}

function* newPage(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<Page> {
  const page = yield* allocPage(cpu, s, h, gfn);
  yield* clearPage(cpu, page);
  return page;
}

/** shmem_get_folio(): the folio in the page cache, with a reference for the caller. */
function* shmemGetFolio(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<Page> {
  for (;;) {
    const entry = yield cpu.smpLoadAcquire(h.mm.i_pages[gfn]);
    if (entry !== 0) {
      const page = h.pages[entry - 1];
      yield getPage(cpu, page);
      return page;
    }
    const page = yield* newPage(cpu, s, h, gfn);
    if (yield* addToPageCache(cpu, h, gfn, page)) return page;
    yield* putPage(cpu, h, page);
  }
}

/** hva_to_pfn(): the page behind a gfn with a reference; faults until there is one. */
export function* gup(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<Page> {
  for (;;) {
    const page = yield* gupFast(cpu, h, gfn);
    if (page !== null) return page;
    yield* handleMmFault(cpu, s, h, gfn);
    yield cpu.cpuRelax();
  }
}

/** gup_fast(): walks without the page-table lock, takes a reference and looks whether the entry is still the same. */
function* gupFast(cpu: Cpu, h: Host, gfn: number): Kernel<Page | null> {
  const pte = h.mm.pte[gfn];
  const entry = yield cpu.rcuDereference(pte);
  if (!ptePresent(entry)) return null;
  const page = h.pages[pteNumber(entry)];
  if ((yield cpu.atomicFetchAddUnless(page.refcount, 1, 0)) === 0) return null;
  if ((yield cpu.readOnce(pte)) === entry) return page;
  yield* putPage(cpu, h, page);
  return null;
}
