import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { isMigrationEntry, isSwapEntry, ptePage, ptePresent, pteWrite } from '../kernel/pte.ts';
import { doAnonymousPage, doSwapPage, wpPageCopy } from './anonymous.ts';
import { areaFault } from './area-fault.ts';
import { shmemGetFolio } from './shmem.ts';
import { filePage, isShared, type State, VM } from './state.ts';
import { setPteAt } from './sync.ts';

/** handle_mm_fault() for one access; the caller looks again afterwards. Takes mmap_lock for read. */
export function* handleMmFault(cpu: Cpu, s: State, mm: number, index: number, write: boolean): Kernel {
  const { mmap_lock } = s.mms[mm];
  yield cpu.downRead(mmap_lock);
  yield* faultLocked(cpu, s, mm, index, write);
  yield cpu.upRead(mmap_lock);
}

/** The same with mmap_lock already held for read. */
export function* faultLocked(cpu: Cpu, s: State, mm: number, index: number, write: boolean): Kernel {
  const vma = yield cpu.rcuDereference(s.mms[mm].vma[index]);
  const vmFlags = yield cpu.loadPlain(vma);
  const tagged = (vmFlags & VM.mte) !== 0;
  const entry = yield cpu.readOnce(s.mms[mm].pte[index]);
  if (index >= s.areas.first) yield* areaFault(cpu, s, mm, index, entry, tagged, write);
  else if (ptePresent(entry)) {
    if (write && !pteWrite(entry)) yield* wpPageCopy(cpu, s, mm, index, tagged);
  } else if (isMigrationEntry(entry)) {
    // migration_entry_wait(): sleeps until the page is unlocked; the access is then tried again.
    yield cpu.condResched();
  } else if ((vmFlags & VM.mte_allowed) === 0) yield* fileFault(cpu, s, mm, index);
  else if (isShared(index)) yield* sharedFault(cpu, s, mm, index, tagged);
  else if (isSwapEntry(entry)) yield* doSwapPage(cpu, s, mm, index, entry, tagged, write);
  else yield* doAnonymousPage(cpu, s, mm, index, tagged);
}

/** A private mapping of a regular file, which may not hold user tags. */
function* fileFault(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const { ptl, pte } = s.mms[mm];
  yield getPage(cpu, filePage(s));
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[index])) === 0;
  if (none) yield* setPteAt(cpu, s, pte[index], ptePage(filePage(s).index, false, true));
  yield cpu.spinUnlock(ptl);
  if (!none) yield* putPage(cpu, s, filePage(s));
}

/** do_shared_fault() and finish_fault(): the folio stays locked until the entry is set. */
function* sharedFault(cpu: Cpu, s: State, mm: number, index: number, tagged: boolean): Kernel {
  const { ptl, pte } = s.mms[mm];
  const page = yield* shmemGetFolio(cpu, s, index);
  if (page === null) return;
  yield cpu.spinLock(ptl);
  const none = (yield cpu.readOnce(pte[index])) === 0;
  if (none || !s.d.pteRecheck) yield* setPteAt(cpu, s, pte[index], ptePage(page.index, tagged, true));
  yield cpu.spinUnlock(ptl);
  yield folioUnlock(cpu, page);
  if (!none) yield* putPage(cpu, s, page);
}
