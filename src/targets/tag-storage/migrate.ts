import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { isMigrationEntry, pteMigration, pteNumber, pteWrite } from '../kernel/pte.ts';
import { bufferMigrateFolio, STAYS } from './buffer-head.ts';
import { copyHighpage, copyHighpageEnd, copyHighpagePrepare, ENOMEM } from './copy.ts';
import { allocPage, freePage } from './page.ts';
import { maps } from './pte.ts';
import { setPteAt } from './set-pte.ts';
import { BDEV, FORKED, isShared, MEMFD, type Page, type State } from './state.ts';

/** page->mapping: who maps the page, and at which index. */
export function mappingOf(mm: number, index: number): number {
  return (isShared(index) ? MEMFD : mm + 1) | (index << 8);
}

/**
 * migrate_pages() of one frame: the destination is allocated before the source is locked (get_new_folio()), entries
 * become migration entries, references are frozen, then the copy. True if the page was moved (and freed).
 */
export function* migrateFrame(
  cpu: Cpu,
  s: State,
  src: Page,
  tagged: boolean,
  sync: boolean,
): Kernel<boolean> {
  // isolate_movable_page() or folio_isolate_lru(): get_page_unless_zero()
  if ((yield cpu.atomicFetchAddUnless(src.refcount, 1, 0)) === 0) return false;
  const moved = yield* migrateHeld(cpu, s, src, tagged, sync);
  if (!moved) yield* putPage(cpu, s, src);
  return moved;
}

/** The same with a reference that the caller holds and, if it worked, gives up. */
export function* migrateHeld(cpu: Cpu, s: State, src: Page, tagged: boolean, sync: boolean): Kernel<boolean> {
  if ((yield cpu.readOnce(src.mapping)) === 0) return false;
  const dst = yield* allocPage(cpu, s, tagged);
  if (dst === null) return false;
  const prepared = yield* copyHighpagePrepare(cpu, s, dst);
  let left = prepared;
  let moved = false;
  if (prepared !== ENOMEM && (yield* lockFolio(cpu, s, src, sync))) {
    // Locks of two folios: the destination is nobody else's, so the trylock succeeds.
    yield folioTrylock(cpu, s, dst);
    const mapping = yield cpu.readOnce(src.mapping);
    if (mapping === BDEV) {
      const outcome = yield* bufferMigrateFolio(cpu, s, dst, src, prepared);
      moved = outcome !== STAYS;
      if (moved) left = outcome;
    } else if (mapping !== 0) {
      yield* unmapForMigration(cpu, s, src, mapping);
      if (yield* freezeAndReplace(cpu, s, dst, src, mapping)) {
        s.shadow.moved(dst, src);
        left = yield* copyHighpage(cpu, s, dst, src, prepared);
        moved = true;
      }
      yield* removeMigrationPtes(cpu, s, src, moved ? dst : src, mapping);
    }
    yield folioUnlock(cpu, dst);
    yield folioUnlock(cpu, src);
  }
  yield* copyHighpageEnd(cpu, s, dst, left);
  if (moved) yield* freePage(cpu, s, src);
  yield* putPage(cpu, s, dst);
  return moved;
}

function* lockFolio(cpu: Cpu, s: State, page: Page, sync: boolean): Kernel<boolean> {
  if (!sync) return (yield folioTrylock(cpu, s, page)) === 1;
  yield folioLock(cpu, s, page);
  return true;
}

/** Whether the reverse mapping leads to an address space. */
function mayMap(mapping: number, mm: number): boolean {
  return (mapping & 255) >= FORKED || (mapping & 255) === mm + 1;
}

/** try_to_migrate() */
function* unmapForMigration(cpu: Cpu, s: State, page: Page, mapping: number): Kernel {
  const index = mapping >>> 8;
  for (const mm of s.mms) {
    if (!mayMap(mapping, mm.index)) continue;
    yield cpu.spinLock(mm.ptl);
    const old = yield cpu.readOnce(mm.pte[index]);
    const mapped = maps(old, page.index);
    if (mapped) {
      yield cpu.writeOnce(mm.pte[index], pteMigration(page.index, old));
      yield cpu.flushTlb(s.tlb[mm.index][index]);
    }
    yield cpu.spinUnlock(mm.ptl);
    if (mapped) yield* putPage(cpu, s, page);
  }
}

/** folio_migrate_mapping(): false if somebody else holds a reference. */
function* freezeAndReplace(cpu: Cpu, s: State, dst: Page, src: Page, mapping: number): Kernel<boolean> {
  const shared = (mapping & 255) === MEMFD;
  const expected = shared ? 2 : 1;
  const entry = s.i_pages[mapping >>> 8];
  yield cpu.spinLock(s.k.i_pages);
  const frozen = (yield cpu.cmpxchg(src.refcount, expected, 0)) === expected;
  if (frozen) {
    yield cpu.writeOnce(dst.mapping, mapping);
    yield cpu.writeOnce(src.mapping, 0);
    if (shared) {
      yield getPage(cpu, dst);
      yield cpu.writeOnce(entry, dst.index + 1);
    }
  }
  yield cpu.spinUnlock(s.k.i_pages);
  return frozen;
}

/** remove_migration_ptes() */
function* removeMigrationPtes(cpu: Cpu, s: State, src: Page, to: Page, mapping: number): Kernel {
  const index = mapping >>> 8;
  for (const mm of s.mms) {
    if (!mayMap(mapping, mm.index)) continue;
    yield cpu.spinLock(mm.ptl);
    const entry = yield cpu.readOnce(mm.pte[index]);
    if (isMigrationEntry(entry) && pteNumber(entry) === src.index) {
      yield getPage(cpu, to);
      const tagged = (yield cpu.readOnce(mm.vm_mte[index])) === 1;
      yield* setPteAt(cpu, s, mm.pte[index], to, tagged, pteWrite(entry));
    }
    yield cpu.spinUnlock(mm.ptl);
  }
}
