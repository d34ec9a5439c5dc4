import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage } from '../kernel/page.ts';
import type { Page, State } from './state.ts';

/** The page that the page cache has at an index, with a reference; null if none or swapped out. */
export function* shmemLookup(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  yield cpu.spinLock(s.file.xa_lock);
  const entry = yield cpu.readOnce(s.file.i_pages[index]);
  if (entry > 0) yield getPage(cpu, s.pages[entry - 1]);
  yield cpu.spinUnlock(s.file.xa_lock);
  return entry > 0 ? s.pages[entry - 1] : null;
}
