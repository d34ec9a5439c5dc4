import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { pteExclusive, pteMigration, pteNumber, ptePresent, pteSwap, pteWrite } from '../kernel/pte.ts';
import { swapDuplicate } from '../kernel/swap-map.ts';
import { isHugetlb, isThp, isZeroPage, thpFolio } from './areas.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { filePage, type Page, type State } from './state.ts';

/** The anonymous page that an address space maps at an index, with a reference; null if none. */
export function* lookupPrivate(cpu: Cpu, s: State, mm: number, index: number): Kernel<Page | null> {
  const { ptl, pte } = s.mms[mm];
  yield cpu.spinLock(ptl);
  const entry = yield cpu.readOnce(pte[index]);
  const page = ptePresent(entry) ? s.pages[pteNumber(entry)] : null;
  let usable = page !== null && page !== filePage(s);
  if (usable && index >= s.areas.first) usable = yield* isSmall(cpu, s, pteNumber(entry));
  if (usable && page !== null) yield getPage(cpu, page);
  yield cpu.spinUnlock(ptl);
  return usable ? page : null;
}

/** Neither a zero page nor part of an unsplit large folio. */
function* isSmall(cpu: Cpu, s: State, page: number): Kernel<boolean> {
  if (isThp(s.areas, page)) return (yield cpu.readOnce(thpFolio(s.areas, s.pages[page]).split)) === 1;
  return !isHugetlb(s.areas, page) && !isZeroPage(s.areas, page);
}

/**
 * try_to_unmap() of a locked page in every address space: the entry becomes a swap entry of `slot`, or nothing if
 * `slot` is -1 (page cache). MMU notifiers run around each entry of the address space that KVM uses. True if an entry
 * was writable and thus may be dirty: hardware marks it with the store, of data or tags.
 */
export function* unmapEverywhere(
  cpu: Cpu,
  s: State,
  page: Page,
  index: number,
  slot: number,
): Kernel<boolean> {
  let dirty = false;
  for (const mm of s.mms) {
    yield* invalidateRangeStart(cpu, s, mm.index, index);
    yield cpu.spinLock(mm.ptl);
    const old = yield cpu.readOnce(mm.pte[index]);
    const mapped = ptePresent(old) && pteNumber(old) === page.index;
    if (mapped) {
      dirty ||= pteWrite(old);
      yield cpu.xchg(mm.pte[index], 0);
      if (s.d.flushBeforeSwap) yield cpu.flushTlb(s.stage1[mm.index][index]);
      if (slot >= 0) {
        yield* swapDuplicate(cpu, s, slot);
        yield cpu.writeOnce(mm.pte[index], pteSwap(slot, pteExclusive(old)));
      }
    }
    yield cpu.spinUnlock(mm.ptl);
    yield* invalidateRangeEnd(cpu, s, mm.index);
    if (mapped) yield* putPage(cpu, s, page);
  }
  return dirty;
}

/** try_to_migrate(): entries become migration entries, which hold no reference. */
export function* unmapForMigration(cpu: Cpu, s: State, page: Page, index: number): Kernel {
  for (const mm of s.mms) {
    yield* invalidateRangeStart(cpu, s, mm.index, index);
    yield cpu.spinLock(mm.ptl);
    const old = yield cpu.readOnce(mm.pte[index]);
    const mapped = ptePresent(old) && pteNumber(old) === page.index;
    if (mapped) {
      yield cpu.xchg(mm.pte[index], 0);
      yield cpu.flushTlb(s.stage1[mm.index][index]);
      yield cpu.writeOnce(mm.pte[index], pteMigration(page.index, old));
    }
    yield cpu.spinUnlock(mm.ptl);
    yield* invalidateRangeEnd(cpu, s, mm.index);
    if (mapped) yield* putPage(cpu, s, page);
  }
}
