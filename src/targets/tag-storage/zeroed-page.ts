import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mteClearPageTags, tryPageMteTagging } from '../kernel/page-tags.ts';
import { allocPage } from './page.ts';
import type { Page, State } from './state.ts';
import { pageTagStorageReserved, setPageMteTagged } from './tags.ts';

/** How often an access faults before the thread gives up (memory ran out, say). */
export const TRIES = 4;

/** vma_alloc_zeroed_movable_folio(), with tag_clear_highpage(), which leaves pages without storage alone. */
export function* allocZeroedPage(cpu: Cpu, s: State, tagged: boolean): Kernel<Page | null> {
  const page = yield* allocPage(cpu, s, tagged);
  if (page === null) return null;
  s.shadow.fresh(page);
  if (tagged && (yield* pageTagStorageReserved(cpu, page))) {
    const won = yield* tryPageMteTagging(cpu, s, page);
    if (won) {
      yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, page);
    }
  }
  // __folio_mark_uptodate()
  yield cpu.smpWmb();
  return page;
}
