import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { allocPage, putPage } from '../kernel/page.ts';
import { clearPage } from './cache.ts';
import { type Frame, memoryOf, type Page, type State } from './state.ts';

/** A zeroed page of RAM with one reference: alloc_zeroed_user_highpage_movable(); null if the allocation failed. */
export function* allocZeroedPage(cpu: Cpu, s: State): Kernel<Page | null> {
  const page: Page | null = yield* allocPage(cpu, s);
  if (page === null) return null;
  s.shadow.fresh(page);
  cpu.machine.ghostStore(page.owner, cpu.machine.peek(page.owner) + 1);
  cpu.machine.ghostStore(page.cleared, 1);
  yield* clearPage(cpu, page);
  // __folio_mark_uptodate()
  yield cpu.smpWmb();
  return page;
}

/** put_page(), where there is a struct page: frees RAM with the last reference; the driver keeps one to pmem. */
export function* putFrame(cpu: Cpu, s: State, frame: Frame): Kernel {
  if (memoryOf(s, frame).structPage) yield* putPage(cpu, s, frame);
}
