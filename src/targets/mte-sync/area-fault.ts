import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { isMigrationEntry, isSwapEntry, pteNumber, ptePage, ptePresent, pteWrite } from '../kernel/pte.ts';
import { doAnonymousPage, doSwapPage, wpPageCopy, zeroedPage } from './anonymous.ts';
import { areaOf, isZeroPage } from './areas.ts';
import { hugetlbFault } from './hugetlb.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import type { State } from './state.ts';
import { setPteAt } from './sync.ts';
import { mapHugeZeroFolio, mapThp } from './thp.ts';

/** handle_mm_fault() in the areas beyond the small pages, mmap_lock held for read. */
export function* areaFault(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
  write: boolean,
): Kernel {
  const area = areaOf(s.areas, index);
  if (area === 'hugetlb') yield* hugetlbFault(cpu, s, mm, tagged);
  else if (ptePresent(entry)) {
    if (!write || pteWrite(entry)) return;
    if (isZeroPage(s.areas, pteNumber(entry))) yield* replaceZeroPage(cpu, s, mm, index, entry, tagged);
    else yield* wpPageCopy(cpu, s, mm, index, tagged);
  } else if (isMigrationEntry(entry)) yield cpu.condResched();
  else if (isSwapEntry(entry)) yield* doSwapPage(cpu, s, mm, index, entry, tagged, write);
  else if (area === 'thp') yield* thpFault(cpu, s, mm, index, tagged, write);
  else if (write) yield* doAnonymousPage(cpu, s, mm, index, tagged);
  else yield* mapZeroPage(cpu, s, mm, index, tagged);
}

/** create_huge_pmd() if nothing of the area is mapped and it is one VMA, else a small page. */
function* thpFault(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean, write: boolean): Kernel {
  const { pte } = s.mms[mm];
  let mapped = 0;
  for (const each of s.areas.of.thp) mapped |= yield cpu.readOnce(pte[each]);
  if (mapped !== 0 || !inOneVma(cpu, s, mm)) yield* doAnonymousPage(cpu, s, mm, index, tagged);
  else if (!write) yield* mapHugeZeroFolio(cpu, s, mm, tagged);
  else if (!(yield* mapThp(cpu, s, mm, tagged))) yield* doAnonymousPage(cpu, s, mm, index, tagged);
}

/**
 * transhuge_vma_suitable(): a PMD does not reach beyond its VMA, which mprotect() of a part has split, and mprotect() of
 * the rest has merged again. The bounds do not change while mmap_lock is held; looking at them costs no step.
 */
function inOneVma({ machine }: Cpu, s: State, mm: number): boolean {
  const flags = s.areas.of.thp.map(index => machine.peek(machine.peek(s.mms[mm].vma[index])));
  return flags.every(each => each === flags[0]);
}

/**
 * do_anonymous_page() for a read: the zero page, by a special entry that set_pte_at() does not look at. The model
 * counts references of zero pages, the kernel does not.
 */
function* mapZeroPage(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const { zeroPage } = s.areas;
  yield cpu.spinLock(ptl);
  if ((yield cpu.readOnce(pte[index])) === 0) {
    yield getPage(cpu, zeroPage);
    yield cpu.writeOnce(pte[index], ptePage(zeroPage.index, tagged, false));
  }
  yield cpu.spinUnlock(ptl);
}

/**
 * wp_page_copy() of the zero page: no copy, but a new zeroed page. A huge zero folio is split first into entries of
 * the zero page (__split_huge_zero_page_pmd()).
 */
function* replaceZeroPage(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  entry: number,
  tagged: boolean,
): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = yield* zeroedPage(cpu, s, tagged);
  if (page === null) return;
  yield* invalidateRangeStart(cpu, s, mm, index);
  yield cpu.spinLock(ptl);
  const same = (yield cpu.readOnce(pte[index])) === entry;
  if (same) {
    yield* splitHugeZeroPmd(cpu, s, mm, index);
    yield cpu.xchg(pte[index], 0);
    yield cpu.flushTlb(s.stage1[mm][index]);
    yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, true));
  }
  yield cpu.spinUnlock(ptl);
  yield* invalidateRangeEnd(cpu, s, mm);
  yield* putPage(cpu, s, same ? s.pages[pteNumber(entry)] : page);
}

function* splitHugeZeroPmd(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (areaOf(s.areas, index) !== 'thp' || (yield cpu.readOnce(s.areas.pmd[mm])) === 0) return;
  const { pte } = s.mms[mm];
  const { zeroPage } = s.areas;
  yield cpu.writeOnce(s.areas.pmd[mm], 0);
  for (const other of s.areas.of.thp) {
    if (other === index) continue;
    const entry = yield cpu.readOnce(pte[other]);
    if (!ptePresent(entry)) continue;
    yield cpu.xchg(pte[other], 0);
    yield cpu.flushTlb(s.stage1[mm][other]);
    yield getPage(cpu, zeroPage);
    yield cpu.writeOnce(pte[other], (entry & 0xff) | (zeroPage.index << 8));
    yield* putPage(cpu, s, s.pages[pteNumber(entry)]);
  }
}
