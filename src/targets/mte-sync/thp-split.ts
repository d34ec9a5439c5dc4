import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { folioPages, isThp, SUBPAGES, thpFolio } from './areas.ts';
import { putThpFolio } from './free-large.ts';
import { removeMigrationPtes } from './migrate.ts';
import { swapOut } from './reclaim.ts';
import { unmapForMigration } from './rmap.ts';
import type { Page, State } from './state.ts';
import { splitHugePmd } from './thp.ts';

const TAG_FLAGS = (1 << PG.mte_tagged) | (1 << PG.mte_lock);

/** A page of the THP that each entry of the area maps, with a reference; null where there is none. */
type Mapped = readonly (Page | null)[];

/** split_folio() of the THP that an address space maps: deferred split, or before it is swapped or migrated. */
export function* splitFolio(cpu: Cpu, s: State, mm: number): Kernel {
  const mapped = yield* getThp(cpu, s, mm);
  const page = mapped.find(each => each !== null);
  if (page === undefined || page === null) return;
  const [head] = folioPages(s.areas, page);
  if ((yield folioTrylock(cpu, s, head)) === 1) {
    yield* splitHugePmd(cpu, s, mm);
    for (let i = 0; i < SUBPAGES; i++) {
      const each = mapped[i];
      if (each !== null) yield* unmapForMigration(cpu, s, each, s.areas.of.thp[i]);
    }
    if (yield* freeze(cpu, s, head, mapped)) {
      yield* splitFolioToOrder(cpu, s, head);
      for (const each of mapped) if (each !== null) yield cpu.smpStoreRelease(each.refcount, 1);
    }
    // remap_page(): set_pte_at() initialises tags that the flags do not vouch for.
    for (let i = 0; i < SUBPAGES; i++) {
      const each = mapped[i];
      if (each !== null) yield* removeMigrationPtes(cpu, s, each, each, s.areas.of.thp[i]);
    }
    yield folioUnlock(cpu, head);
  }
  for (const each of mapped) if (each !== null) yield* putPage(cpu, s, each);
  yield* putThpFolio(cpu, s, head);
}

function* getThp(cpu: Cpu, s: State, mm: number): Kernel<Mapped> {
  const { ptl, pte } = s.mms[mm];
  yield cpu.spinLock(ptl);
  const mapped: (Page | null)[] = [];
  for (const index of s.areas.of.thp) {
    const entry = yield cpu.readOnce(pte[index]);
    const large = ptePresent(entry) && isThp(s.areas, pteNumber(entry));
    mapped.push(large ? s.pages[pteNumber(entry)] : null);
  }
  let held: Mapped = mapped.map(() => null);
  const page = mapped.find(each => each !== null);
  if (page !== undefined && page !== null) {
    const folio = thpFolio(s.areas, page);
    if ((yield cpu.readOnce(folio.split)) === 0) {
      held = mapped;
      yield cpu.atomicInc(folio.live);
      for (const each of held) if (each !== null) yield getPage(cpu, each);
    }
  }
  yield cpu.spinUnlock(ptl);
  return held;
}

/** folio_ref_freeze(): nobody but the splitter may hold a reference, not even to a page that is mapped no more. */
function* freeze(cpu: Cpu, s: State, head: Page, mapped: Mapped): Kernel<boolean> {
  const frozen: Page[] = [];
  const pages = folioPages(s.areas, head);
  for (let i = 0; i < SUBPAGES; i++) {
    if (mapped[i] === null) {
      if ((yield cpu.readOnce(pages[i].refcount)) === 0) continue;
    } else if ((yield cpu.cmpxchg(pages[i].refcount, 1, 0)) === 1) {
      frozen.push(pages[i]);
      continue;
    }
    for (const each of frozen) yield cpu.smpStoreRelease(each.refcount, 1);
    return false;
  }
  return true;
}

/** __split_folio_to_order(), before that __split_huge_page_tail(): the flags of the new pages (section 3.15). */
function* splitFolioToOrder(cpu: Cpu, s: State, head: Page): Kernel {
  yield cpu.writeOnce(thpFolio(s.areas, head).split, 1);
  for (const tail of folioPages(s.areas, head).slice(1)) {
    const own = (yield cpu.readOnce(tail.flags)) & TAG_FLAGS;
    const heads = yield cpu.readOnce(head.flags);
    const dirty = heads & (1 << PG.dirty);
    if (s.d.splitFlags === 'own') yield cpu.writeOnce(tail.flags, dirty | own);
    else if (s.d.splitFlags === 'head') yield cpu.writeOnce(tail.flags, dirty | (heads & TAG_FLAGS));
    else yield cpu.writeOnce(tail.flags, dirty);
  }
}

/** Reclaim of a page of the area; a large folio is split first (before v6.10 always, where there is MTE). */
export function* thpSwapOut(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  yield* splitFolio(cpu, s, mm);
  yield* swapOut(cpu, s, mm, index);
}
