import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage } from '../kernel/page.ts';
import { ptePage } from '../kernel/pte.ts';
import type { Host, Page, State } from './state.ts';
import { mteSyncTags } from './tags.ts';

/** set_pte_at() of a page that was not mapped there; mte_sync_tags() if the mapping has PROT_MTE. */
export function* setPteAt(cpu: Cpu, s: State, pte: number, page: Page, tagged: boolean): Kernel {
  if (tagged) {
    yield* mteSyncTags(cpu, s, page);
    yield cpu.smpWmb();
  }
  yield cpu.writeOnce(pte, ptePage(page.index, tagged, true));
}

/** Whether the VMM's mapping of guest memory has PROT_MTE. */
export function mainIsTagged(s: State): boolean {
  return s.d.tagAccess === 'only-mapping';
}

/** shmem_add_to_page_cache(): takes a reference of its own; false if there is a folio already (-EEXIST). */
export function* addToPageCache(cpu: Cpu, h: Host, gfn: number, page: Page): Kernel<boolean> {
  const { xa_lock, i_pages } = h.mm;
  yield cpu.spinLock(xa_lock);
  const added = (yield cpu.readOnce(i_pages[gfn])) === 0;
  if (added) {
    yield getPage(cpu, page);
    yield cpu.rcuAssignPointer(i_pages[gfn], page.index + 1);
  }
  yield cpu.spinUnlock(xa_lock);
  return added;
}
