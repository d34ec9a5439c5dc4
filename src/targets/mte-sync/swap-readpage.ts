import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { allocPage, putPage } from '../kernel/page.ts';
import { mteClearPageTags } from '../kernel/page-tags.ts';
import { pteNumber, ptePage } from '../kernel/pte.ts';
import { swapFree } from '../kernel/swap-map.ts';
import type { State } from './state.ts';
import { mteRestoreTags } from './swap-tags.ts';
import { setPteAt } from './sync.ts';

/**
 * do_swap_page() of a slot with one user on a synchronous device (zram), which skips the swap cache: each of two faults
 * reads into a page of its own. With the restore in swap_readpage(), as proposed in 2023, it runs with nothing that
 * keeps the slot, so the other fault may free the tags meanwhile. False if the slot does not qualify.
 */
export function* doSwapPageSynchronous(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
): Kernel<boolean> {
  const { ptl, pte } = s.mms[mm];
  const slot = pteNumber(entry);
  if ((yield cpu.readOnce(s.slots[slot].map)) !== 1) return false;
  const page = yield* allocPage(cpu, s);
  if (page === null) return true;
  s.shadow.swappedIn(page, s.slotShadows[slot]);
  if (s.d.protocol === 'always-zero') yield* mteClearPageTags(cpu, s, page);
  // swap_readpage()
  yield* mteRestoreTags(cpu, s, slot, page, false);
  yield cpu.smpWmb();
  yield cpu.spinLock(ptl);
  const same = (yield cpu.readOnce(pte[index])) === entry;
  if (same) {
    yield* swapFree(cpu, s, slot);
    yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, true));
  }
  yield cpu.spinUnlock(ptl);
  if (!same) yield* putPage(cpu, s, page);
  return true;
}
