import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { checkHiddenStore, checkHostAlias, checkLeak, checkWriteBack } from './checks.ts';
import { cleanLine, dirtyLine, isCacheable, isDirty, lineValue } from './entries.ts';
import { type Frame, memoryOf, type State } from './state.ts';

// One line of data for each frame. An access through a cacheable mapping goes to the line, any other to DRAM. Stores and
// the VMM's loads leave a line behind; a guest's loads leave none.

/** clear_page() through a cacheable mapping: the zeros stay in the cache. */
export function* clearPage(cpu: Cpu, frame: Frame): Kernel {
  yield cpu.writeOnce(frame.line, dirtyLine(0));
}

/** The guest stores; the access before was the walk that found the type. */
export function* storeData(cpu: Cpu, frame: Frame, type: number): Kernel {
  const value = cpu.machine.peek(frame.owner);
  if (isCacheable(type)) yield cpu.writeOnce(frame.line, dirtyLine(value));
  else yield cpu.writeOnce(frame.dram, value);
}

/** The guest loads; the access before was the walk that found the type. */
export function* loadData(cpu: Cpu, frame: Frame, type: number): Kernel {
  if (isCacheable(type)) {
    const line = yield cpu.readDependent(frame.line);
    // A miss fills the line from what DRAM holds at the time.
    const value = line === 0 ? cpu.machine.peek(frame.dram) : lineValue(line);
    checkLeak(cpu, frame, type, value);
  } else checkLeak(cpu, frame, type, yield cpu.readDependent(frame.dram));
}

/** The VMM loads through its own mapping, which is cacheable unless the memory is registers; a miss leaves a clean line. */
export function* vmmLoadData(cpu: Cpu, s: State, frame: Frame): Kernel {
  const { machine } = cpu;
  if (memoryOf(s, frame).registers) {
    yield cpu.readDependent(frame.dram);
    return;
  }
  const line = yield cpu.readDependent(frame.line);
  if (line !== 0) checkHiddenStore(cpu, frame, line);
  else if (machine.peek(frame.line) === 0) {
    machine.memory.poke(frame.line, cleanLine(machine.peek(frame.dram)));
  }
}

/** An eviction: hardware writes a dirty line back, whenever it likes. */
export function* evictLine(cpu: Cpu, frame: Frame): Kernel {
  writeBack(cpu, frame, yield cpu.xchg(frame.line, 0));
}

/** dcache_clean_inval_poc() of a page, by its address in the linear map. */
export function* dcacheCleanInvalPoc(cpu: Cpu, s: State, frame: Frame): Kernel {
  const line = yield cpu.xchg(frame.line, 0);
  checkHostAlias(cpu, s, frame, 'dcache_clean_inval_poc()');
  writeBack(cpu, frame, line);
}

/** A dirty line that has just left the cache goes to DRAM in the same step. */
function writeBack(cpu: Cpu, frame: Frame, line: number): void {
  if (!isDirty(line)) return;
  checkWriteBack(cpu, frame);
  cpu.machine.memory.poke(frame.dram, lineValue(line));
}

/** invalidate_icache_guest_page(): by the same address. The instruction cache itself is not modelled. */
export function* icacheInvalPou(cpu: Cpu, s: State, frame: Frame): Kernel {
  yield cpu.smpMb();
  checkHostAlias(cpu, s, frame, 'icache_inval_pou()');
}
