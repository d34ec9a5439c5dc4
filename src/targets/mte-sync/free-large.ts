import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { type Areas, folioPages, isThp, thpFolio } from './areas.ts';
import type { Design } from './design.ts';
import type { Page } from './page-spec.ts';

/** What freeing needs of the state. */
interface Owner {
  readonly d: Design;
  readonly areas: Areas;
  readonly shadow: { freed(page: Page): void };
}

/** Frees a page of a large folio, or the hugetlb folio, with its last reference. */
export function freeLargePage(cpu: Cpu, s: Owner, page: Page): Kernel {
  return isThp(s.areas, page.index) ? freeThpPage(cpu, s, page) : freeHugeFolio(cpu, s, page);
}

/**
 * The last mapping of a THP's page is gone. Until the folio is split its frame and its flags stay (deferred split);
 * references are counted per page here, where the kernel counts those of an unsplit folio together.
 */
export function* freeThpPage(cpu: Cpu, s: Owner, page: Page): Kernel {
  const folio = thpFolio(s.areas, page);
  s.shadow.freed(page);
  if ((yield cpu.readOnce(folio.split)) === 1) yield cpu.writeOnce(page.flags, 0);
  yield* putThpFolio(cpu, s, page);
}

/** Gives up what keeps the frames of a large folio: with the last of it both are freed. */
export function* putThpFolio(cpu: Cpu, s: Owner, page: Page): Kernel {
  if ((yield cpu.atomicFetchAdd(thpFolio(s.areas, page).live, -1)) !== 1) return;
  const pages = folioPages(s.areas, page);
  for (const { flags } of pages) yield cpu.writeOnce(flags, 0);
  yield cpu.smpMb();
  yield cpu.kfree(pages[0].base);
}

/** free_huge_folio(): the folio goes back to the pool; from v6.13 on arch_clear_hugetlb_flags() clears its tag flags. */
function* freeHugeFolio(cpu: Cpu, s: Owner, page: Page): Kernel {
  const pages = folioPages(s.areas, page);
  const [head] = pages;
  if (s.d.hugetlb === 'folio-flags') {
    yield cpu.clearBit(PG.mte_tagged, head.flags);
    yield cpu.clearBit(PG.mte_lock, head.flags);
  }
  yield cpu.smpMb();
  for (const each of pages) s.shadow.freed(each);
  yield cpu.kfree(head.base);
}
