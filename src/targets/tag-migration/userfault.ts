import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { ptePresent } from '../kernel/pte.ts';
import { isMemfd } from './design.ts';
import { addToPageCache, mainIsTagged, setPteAt } from './mapping.ts';
import { allocPage } from './page.ts';
import type { Host, State } from './state.ts';

/** Whether a fault in the VMM's mapping goes to its userfaultfd: a missing page, or one that is not mapped yet. */
export function* wouldUserfault(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<boolean> {
  if ((yield cpu.readOnce(h.mm.uffd)) === 0) return false;
  if (!isMemfd(s.d)) return true;
  return s.d.minorFaults || (yield cpu.readOnce(h.mm.i_pages[gfn])) === 0;
}

/** handle_userfault(): sleeps until somebody has placed the page and woken those who wait for it. */
export function* handleUserfault(cpu: Cpu, h: Host, gfn: number): Kernel {
  const { pte, woken } = h.mm;
  // userfaultfd_must_wait()
  if (ptePresent(yield cpu.readOnce(pte[gfn]))) return;
  yield cpu.waitEvent(woken[gfn], 1, 1);
}

/** UFFDIO_WAKE, and what UFFDIO_COPY and UFFDIO_CONTINUE do without MODE_DONTWAKE. */
export function* uffdWake(cpu: Cpu, h: Host, gfn: number): Kernel {
  yield cpu.smpStoreRelease(h.mm.woken[gfn], 1);
}

/**
 * UFFDIO_COPY: mfill_atomic_pte_copy() (mm/userfaultfd.c); with `tags` as the proposals of 2022 would have it. Wakes
 * nobody. False if there is a page already (-EEXIST).
 */
export function* uffdCopy(
  cpu: Cpu,
  s: State,
  h: Host,
  gfn: number,
  data: readonly number[],
  tags: readonly number[] | null,
): Kernel<boolean> {
  const { ptl, pte } = h.mm;
  const page = yield* allocPage(cpu, s, h, gfn);
  for (let i = 0; i < data.length; i++) yield cpu.writeOnce(page.data[i], data[i]);
  if (tags !== null) {
    yield* tryPageMteTagging(cpu, s.mte, page);
    for (let g = 0; g < tags.length; g++) yield cpu.writeOnce(page.tags[g], tags[g]);
    yield* setPageMteTagged(cpu, s.mte, page);
  }
  // __folio_mark_uptodate()
  if (s.d.uptodateOrders) yield cpu.smpWmb();
  let placed = !isMemfd(s.d) || (yield* addToPageCache(cpu, h, gfn, page));
  if (placed) {
    yield cpu.spinLock(ptl);
    placed = (yield cpu.readOnce(pte[gfn])) === 0;
    if (placed) yield* setPteAt(cpu, s, pte[gfn], page, mainIsTagged(s));
    yield cpu.spinUnlock(ptl);
  }
  if (!placed) yield* putPage(cpu, h, page);
  return placed;
}

/** UFFDIO_CONTINUE: mfill_atomic_pte_continue() maps what is in the page cache, and wakes. */
export function* uffdContinue(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  const { ptl, pte, i_pages } = h.mm;
  // mmget_not_zero() orders by accident, the explicit smp_wmb() (v6.10) by intent.
  if (s.d.continueOrders) yield cpu.smpWmb();
  const entry = yield cpu.readOnce(i_pages[gfn]);
  cpu.warnOn(entry === 0, 'UFFDIO_CONTINUE of a page that is not in the page cache', i_pages[gfn]);
  const page = h.pages[entry - 1];
  yield getPage(cpu, page);
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[gfn])) === 0;
  if (none) yield* setPteAt(cpu, s, pte[gfn], page, mainIsTagged(s));
  yield cpu.spinUnlock(ptl);
  if (!none) yield* putPage(cpu, h, page);
  yield* uffdWake(cpu, h, gfn);
}
