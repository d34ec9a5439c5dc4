import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { pteNumber, ptePresent, pteTagged, pteWrite } from '../kernel/pte.ts';
import { handleMmFault } from './fault.ts';
import type { State } from './state.ts';

/** How often an access faults before the thread gives up (memory ran out, say). */
const TRIES = 4;

/** A user thread touches a page: faults until it is mapped. */
export function* userFault(cpu: Cpu, s: State, mm: number, index: number, write: boolean): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1[mm][index], s.mms[mm].pte[index]);
    if (ptePresent(pte) && (!write || pteWrite(pte))) return;
    yield* handleMmFault(cpu, s, mm, index, write);
    yield cpu.cpuRelax();
  }
}

/** STG through a tagged mapping; on an untagged one it is ignored. */
export function* userStoreTag(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  granule: number,
  tag: number,
): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1[mm][index], s.mms[mm].pte[index]);
    if (ptePresent(pte) && !pteTagged(pte)) return;
    if (ptePresent(pte) && pteWrite(pte)) {
      const page = s.pages[pteNumber(pte)];
      yield cpu.writeOnce(page.tags[granule], s.shadow.tagFor(page, tag));
      return;
    }
    yield* handleMmFault(cpu, s, mm, index, true);
    yield cpu.cpuRelax();
  }
}

/** LDG (or a checked access) through a tagged mapping: what it finds is judged. */
export function* userLoadTag(cpu: Cpu, s: State, mm: number, index: number, granule: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1[mm][index], s.mms[mm].pte[index]);
    if (ptePresent(pte) && !pteTagged(pte)) return;
    if (ptePresent(pte)) {
      const page = s.pages[pteNumber(pte)];
      s.shadow.loaded(cpu, page, granule, yield cpu.readDependent(page.tags[granule]));
      return;
    }
    yield* handleMmFault(cpu, s, mm, index, false);
    yield cpu.cpuRelax();
  }
}
