import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { pageAt } from '../kernel/page.ts';
import type { Host, Page, State } from './state.ts';

/** Allocates a frame for a gfn with one reference; memory never runs out here. Data and tags are the last owner's. */
export function* allocPage(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<Page> {
  const page = pageAt(h, yield cpu.kmalloc(h.pageCache, Gfp.Kernel | Gfp.Nofail)) ?? h.pages[0];
  s.content.allocated(page, gfn);
  if (h === s.source) s.mte.shadow.fresh(page);
  yield cpu.writeOnce(page.refcount, 1);
  return page;
}

/** clear_page() and __folio_mark_uptodate() */
export function* clearPage(cpu: Cpu, page: Page): Kernel {
  for (const word of page.data) yield cpu.writeOnce(word, 0);
  yield cpu.smpWmb();
}
