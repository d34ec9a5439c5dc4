import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { pageMteTagged } from '../kernel/page-tags.ts';
import { pteNumber, ptePresent, pteWrite } from '../kernel/pte.ts';
import { isZeroPage } from './areas.ts';
import { faultLocked } from './fault.ts';
import { filePage, type Page, type State, VM } from './state.ts';

// PTRACE_PEEKMTETAGS and PTRACE_POKEMTETAGS: __access_remote_tags() (arch/arm64/kernel/mte.c, section 3.10).

const TRIES = 4;

/** PTRACE_PEEKMTETAGS: reads the live page; the tracer's buffer is resident here. */
export function* peekMteTags(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  yield cpu.downRead(s.mms[mm].mmap_lock);
  const page = yield* remotePage(cpu, s, mm, index, false);
  if (page !== null) {
    for (let g = 0; g < page.tags.length; g++) {
      s.shadow.loaded(cpu, page, g, yield cpu.readOnce(page.tags[g]));
    }
    yield* putPage(cpu, s, page);
  }
  yield cpu.upRead(s.mms[mm].mmap_lock);
}

/** PTRACE_POKEMTETAGS: overwrites the live page tag by tag, with no lock that the target's threads would respect. */
export function* pokeMteTags(cpu: Cpu, s: State, mm: number, index: number, tag: number): Kernel {
  yield cpu.downRead(s.mms[mm].mmap_lock);
  const page = yield* remotePage(cpu, s, mm, index, true);
  if (page !== null) {
    for (const word of page.tags) yield cpu.writeOnce(word, s.shadow.tagFor(page, tag));
    if (s.d.dirtyBeforePut) yield* setPageDirtyLock(cpu, s, page);
    yield* putPage(cpu, s, page);
  }
  yield cpu.upRead(s.mms[mm].mmap_lock);
}

/**
 * set_page_dirty_lock(): the unlock puts the tags before the dirty bit for whoever locks the folio next. Without the lock
 * reclaim may see the bit, clear it and save the tags before the new ones are visible.
 */
function* setPageDirtyLock(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.pokeLocksFolio) yield folioLock(cpu, s, page);
  yield cpu.setBit(PG.dirty, page.flags);
  if (s.d.pokeLocksFolio) yield folioUnlock(cpu, page);
}

/** get_user_page_vma_remote() and the checks of area and flag; null if the request fails. mmap_lock is held for read. */
function* remotePage(cpu: Cpu, s: State, mm: number, index: number, write: boolean): Kernel<Page | null> {
  const { ptl, pte, vma } = s.mms[mm];
  for (let i = 0; i < TRIES; i++) {
    yield cpu.spinLock(ptl);
    const entry = yield cpu.readOnce(pte[index]);
    const page = ptePresent(entry) && (!write || pteWrite(entry)) ? s.pages[pteNumber(entry)] : null;
    if (page !== null) yield getPage(cpu, page);
    yield cpu.spinUnlock(ptl);
    if (page === null) {
      yield* faultLocked(cpu, s, mm, index, write);
      yield cpu.cpuRelax();
      continue;
    }
    const allowed = ((yield cpu.loadPlain(yield cpu.readOnce(vma[index]))) & VM.mte) !== 0;
    if (allowed && page !== filePage(s)) {
      const flagged = s.d.protocol === 'always-zero' || (yield* pageMteTagged(cpu, s, page));
      const expected = !isZeroPage(s.areas, page.index);
      cpu.warnOn(expected && !flagged, '__access_remote_tags(): the page is not tagged', page.flags);
      return page;
    }
    yield* putPage(cpu, s, page);
    return null;
  }
  return null;
}
