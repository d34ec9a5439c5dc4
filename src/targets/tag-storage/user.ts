import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DATA } from '../../oracles/storage-shadow.ts';
import { pteNumber, pteTagged, pteWrite } from '../kernel/pte.ts';
import { handleMmFault } from './fault.ts';
import { pteValid } from './pte.ts';
import { isTagStorage, type Page, type State } from './state.ts';
import { TRIES } from './zeroed-page.ts';

/** A user thread whose process was killed does nothing any more. */
function* killed(cpu: Cpu, s: State, mm: number): Kernel<boolean> {
  return s.d.copyMemory === 'atomic-cache' && (yield cpu.readOnce(s.mms[mm].killed)) === 1;
}

/** Tags are outside the slab (see state.ts): whether their page is free is looked at here. */
function checkInUse(cpu: Cpu, page: Page): void {
  if (cpu.machine.peek(page.refcount) > 0) return;
  const message = `a user accesses ${cpu.machine.layout.objectName(page.base)}, which is free`;
  cpu.machine.violateNow('use-after-free', message, cpu, page.flags, []);
}

/** A store of data. Where the page is tag storage that is used as memory, its bytes are the tags of other pages. */
export function* userStoreData(cpu: Cpu, s: State, mm: number, index: number, at: number): Kernel {
  if (yield* killed(cpu, s, mm)) return;
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.tlb[mm][index], s.mms[mm].pte[index]);
    if (pteValid(pte) && pteWrite(pte)) {
      const page = s.pages[pteNumber(pte)];
      checkInUse(cpu, page);
      const bytes = isTagStorage(s, page) ? s.tagPageWords[page.index - s.firstTagPage] : [];
      yield cpu.writeOnce(bytes.length > 0 ? bytes[at % bytes.length] : page.data, DATA | (at + 1));
      return;
    }
    yield* handleMmFault(cpu, s, mm, index, i, true);
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
  if (yield* killed(cpu, s, mm)) return;
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.tlb[mm][index], s.mms[mm].pte[index]);
    if (pteValid(pte) && !pteTagged(pte)) return;
    if (pteValid(pte) && pteWrite(pte)) {
      const page = s.pages[pteNumber(pte)];
      checkInUse(cpu, page);
      yield cpu.writeOnce(page.tags[granule], s.shadow.tagFor(page, tag));
      return;
    }
    yield* handleMmFault(cpu, s, mm, index, i, true);
    yield cpu.cpuRelax();
  }
}

/** LDG (or a checked access) through a tagged mapping: what it finds is judged. */
export function* userLoadTag(cpu: Cpu, s: State, mm: number, index: number, granule: number): Kernel {
  if (yield* killed(cpu, s, mm)) return;
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.tlb[mm][index], s.mms[mm].pte[index]);
    if (pteValid(pte) && !pteTagged(pte)) return;
    if (pteValid(pte)) {
      const page = s.pages[pteNumber(pte)];
      checkInUse(cpu, page);
      s.shadow.loaded(cpu, page, granule, yield cpu.readDependent(page.tags[granule]));
      return;
    }
    yield* handleMmFault(cpu, s, mm, index, i);
    yield cpu.cpuRelax();
  }
}
