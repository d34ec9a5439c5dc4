import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { isSwapEntry, Pte, pteNumber, ptePage } from '../kernel/pte.ts';
import { folioFreeSwap, swapFree } from '../kernel/swap-map.ts';
import { shmemGetFolio, swapinFolio } from './shmem.ts';
import { isShared, type State, VM } from './state.ts';
import { mteRestoreTags } from './swap-tags.ts';
import { setPteAt } from './sync.ts';

/** try_to_unuse() of one index (mm/swapfile.c): swapoff() brings back what is swapped out there. */
export function* swapoff(cpu: Cpu, s: State, index: number): Kernel {
  if (isShared(index)) return yield* shmemUnuse(cpu, s, index);
  for (const mm of s.mms) {
    yield cpu.downRead(mm.mmap_lock);
    const entry = yield cpu.readOnce(mm.pte[index]);
    if (isSwapEntry(entry)) yield* unusePte(cpu, s, mm.index, index, entry);
    yield cpu.upRead(mm.mmap_lock);
  }
}

/** shmem_unuse() */
function* shmemUnuse(cpu: Cpu, s: State, index: number): Kernel {
  if ((yield cpu.readOnce(s.file.i_pages[index])) >= 0) return;
  const page = yield* shmemGetFolio(cpu, s, index);
  if (page === null) return;
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}

/** unuse_pte(): up to v6.5 it left the tags to set_pte_at(), from v6.6 on it restores them itself. */
function* unusePte(cpu: Cpu, s: State, mm: number, index: number, entry: number): Kernel {
  const { ptl, pte, vma } = s.mms[mm];
  const slot = pteNumber(entry);
  const tagged = ((yield cpu.loadPlain(yield cpu.readOnce(vma[index]))) & VM.mte) !== 0;
  const page = yield* swapinFolio(cpu, s, slot);
  if (page === null) return;
  if ((yield cpu.readOnce(s.slots[slot].cached)) === page.index + 1) {
    yield cpu.spinLock(ptl);
    if ((yield cpu.readOnce(pte[index])) === entry) {
      yield getPage(cpu, page);
      if (s.d.unuseRestores || s.d.protocol === 'always-zero')
        yield* mteRestoreTags(cpu, s, slot, page, false);
      const exclusive = s.d.anonExclusive ? entry & Pte.Exclusive : 0;
      yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, false) | exclusive);
      yield* swapFree(cpu, s, slot);
    }
    yield cpu.spinUnlock(ptl);
    yield* folioFreeSwap(cpu, s, slot, page);
  }
  yield folioUnlock(cpu, page);
  yield* putPage(cpu, s, page);
}
