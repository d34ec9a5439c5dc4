import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { allocPage, folioTrylock, folioUnlock, freePage, getPage, putPage } from '../kernel/page.ts';
import { isMigrationEntry, Pte, pteNumber, ptePage, pteWrite } from '../kernel/pte.ts';
import { copyHighpage } from './copy.ts';
import { lookupPrivate } from './private-lookup.ts';
import { unmapForMigration } from './rmap.ts';
import { shmemLookup } from './shmem-lookup.ts';
import { isShared, type Page, type State, VM } from './state.ts';
import { setPteAt } from './sync.ts';

/** Attempts of migrate_pages() into the same destination (up to 10 in the kernel). */
const ATTEMPTS = 2;

/** migrate_pages() of one page (section 3.14). */
export function* migratePage(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const src = isShared(index) ? yield* shmemLookup(cpu, s, index) : yield* lookupPrivate(cpu, s, mm, index);
  if (src === null) return;
  if ((yield folioTrylock(cpu, s, src)) === 0) return yield* putPage(cpu, s, src);
  // A page that was truncated meanwhile has no mapping any more; one in the swap cache is left alone here.
  const gone = isShared(index) && (yield cpu.readOnce(s.file.i_pages[index])) !== src.index + 1;
  const stays = gone || (yield* inSwapCache(cpu, s, src));
  const dst = stays ? null : yield* allocPage(cpu, s);
  let moved = false;
  if (dst !== null) {
    yield folioTrylock(cpu, s, dst);
    const unmapped = yield* unmapForMigration(cpu, s, src, index);
    for (let i = 0; unmapped && i < ATTEMPTS && !moved; i++)
      moved = yield* moveToNewFolio(cpu, s, dst, src, index);
    yield* removeMigrationPtes(cpu, s, src, moved ? dst : src, index);
    yield folioUnlock(cpu, dst);
    if (!moved) yield* putPage(cpu, s, dst);
  }
  yield folioUnlock(cpu, src);
  if (!moved) yield* putPage(cpu, s, src);
  else {
    // The references were frozen; the frame is ours to free.
    yield* freePage(cpu, s, src);
    yield* putPage(cpu, s, dst ?? src);
  }
}

function* inSwapCache(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  for (const slot of s.slots) if ((yield cpu.readOnce(slot.cached)) === page.index + 1) return true;
  return false;
}

/**
 * move_to_new_folio(): up to v6.10 or so the references are frozen and the mapping switched before the copy; with
 * `migrateCopiesFirst` (060913999d7a) the copy comes first and may be repeated into the same page.
 */
function* moveToNewFolio(cpu: Cpu, s: State, dst: Page, src: Page, index: number): Kernel<boolean> {
  const expected = isShared(index) ? 2 : 1;
  let references: number;
  if (s.d.migrateAcquires) references = yield cpu.smpLoadAcquire(src.refcount);
  else references = yield cpu.readOnce(src.refcount);
  if (references !== expected) {
    yield cpu.cpuRelax();
    return false;
  }
  if (s.d.migrateCopiesFirst) {
    s.shadow.moved(dst, src);
    yield* copyHighpage(cpu, s, dst, src);
    return yield* migrateMapping(cpu, s, dst, src, index, expected);
  }
  if (!(yield* migrateMapping(cpu, s, dst, src, index, expected))) return false;
  s.shadow.moved(dst, src);
  yield* copyHighpage(cpu, s, dst, src);
  return true;
}

/** __folio_migrate_mapping(): false (-EAGAIN) if somebody else holds a reference. */
function* migrateMapping(
  cpu: Cpu,
  s: State,
  dst: Page,
  src: Page,
  index: number,
  expected: number,
): Kernel<boolean> {
  if (isShared(index)) yield cpu.spinLock(s.file.xa_lock);
  const frozen = (yield cpu.cmpxchg(src.refcount, expected, 0)) === expected;
  if (frozen && isShared(index)) {
    yield getPage(cpu, dst);
    yield cpu.writeOnce(s.file.i_pages[index], dst.index + 1);
  }
  if (isShared(index)) yield cpu.spinUnlock(s.file.xa_lock);
  return frozen;
}

/** remove_migration_ptes(): set_pte_at() sees a migration entry, which is swap-like but no swap entry. */
export function* removeMigrationPtes(cpu: Cpu, s: State, src: Page, to: Page, index: number): Kernel {
  for (const mm of s.mms) {
    const seen = yield cpu.readOnce(mm.pte[index]);
    if (!isMigrationEntry(seen) || pteNumber(seen) !== src.index) continue;
    yield cpu.spinLock(mm.ptl);
    const entry = yield cpu.readOnce(mm.pte[index]);
    if (isMigrationEntry(entry) && pteNumber(entry) === src.index) {
      const vmFlags = yield cpu.dataRace(yield cpu.readOnce(mm.vma[index]));
      yield getPage(cpu, to);
      const pte = ptePage(to.index, (vmFlags & VM.mte) !== 0, pteWrite(entry)) | (entry & Pte.Exclusive);
      yield* setPteAt(cpu, s, mm.pte[index], pte);
    }
    yield cpu.spinUnlock(mm.ptl);
  }
}
