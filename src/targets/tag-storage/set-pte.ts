import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mteClearPageTags, tryPageMteTagging } from '../kernel/page-tags.ts';
import { pteNumber, ptePage } from '../kernel/pte.ts';
import { dropReserve } from './kept-tags.ts';
import { pteNoStoragePage, ptePresent } from './pte.ts';
import { isTagStorage, type Page, type State } from './state.ts';
import { pageTagStorageReserved, setPageMteTagged } from './tags.ts';

/** set_pte_at() of arm64 for an entry that maps a page; `tagged` if the area has VM_MTE. Page-table lock held. */
export function* setPteAt(
  cpu: Cpu,
  s: State,
  ptep: number,
  page: Page,
  tagged: boolean,
  write = true,
): Kernel {
  let pte = ptePage(page.index, tagged, write);
  if (tagged) {
    const reserved = yield* pageTagStorageReserved(cpu, page);
    if (!reserved && !(s.d.tagTagStorage && isTagStorage(s, page))) {
      // mte_sync_tags() of the series: PAGE_FAULT_ON_ACCESS.
      pte = pteNoStoragePage(page.index, write);
    } else if (yield* tryPageMteTagging(cpu, s, page)) {
      yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, page);
    }
    yield cpu.smpWmb();
  }
  yield cpu.writeOnce(ptep, pte);
  yield* dropReserve(cpu, s, page, true);
}

/** The page that an address space maps at an index, with its page-table lock held; null if none. */
export function* mappedPage(cpu: Cpu, s: State, mm: number, index: number): Kernel<Page | null> {
  const pte = yield cpu.readOnce(s.mms[mm].pte[index]);
  return ptePresent(pte) ? s.pages[pteNumber(pte)] : null;
}
