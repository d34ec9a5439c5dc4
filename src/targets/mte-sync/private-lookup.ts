import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage } from '../kernel/page.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { isHugetlb, isThp, isZeroPage, thpFolio } from './areas.ts';
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
