import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { loadData, storeData } from './cache.ts';
import { checkGuestWalk, reportStuckExclusive } from './checks.ts';
import { dirtyLine, isCacheable, leafExec, leafFrame, leafType, leafValid, MemType } from './entries.ts';
import { type Frame, memoryOf, type State } from './state.ts';
import { guestLdg, guestStg } from './tags.ts';
import { type Fault, handleGuestAbort, type Outcome } from './user-mem-abort.ts';
import { createVcpu } from './vcpu.ts';

/** How often the guest repeats an access before it gives up, and how often an exclusive must fail to be stuck. */
const TRIES = 4;
const STUCK = 3;

/** The guest's access to a gfn that has no entry, or one that does not allow it. */
function* faultIn(cpu: Cpu, s: State, gfn: number, fault: Fault, permission: boolean): Kernel<boolean> {
  const outcome: Outcome = yield* handleGuestAbort(cpu, s, gfn, fault, permission);
  yield cpu.cpuRelax();
  return outcome === 'again';
}

/** A data access; the guest's own stage 1 says Normal. */
export function* guestAccess(cpu: Cpu, s: State, gfn: number, write: boolean): Kernel {
  yield* createVcpu(cpu, s);
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[gfn], s.kvm.stage2[gfn]);
    if (leafValid(leaf)) {
      checkGuestWalk(cpu, s, gfn, leaf);
      const frame = s.frames[leafFrame(leaf)];
      if (write) yield* storeData(cpu, frame, leafType(leaf));
      else yield* loadData(cpu, frame, leafType(leaf));
      return;
    }
    if (!(yield* faultIn(cpu, s, gfn, 'access', false))) return;
  }
}

/** STG (`tag` > 0) or LDG; the guest's own stage 1 says Normal-Tagged. NC and Device stage 2 make the access untagged. */
export function* guestTagAccess(cpu: Cpu, s: State, gfn: number, granule: number, tag: number): Kernel {
  yield* createVcpu(cpu, s);
  if ((yield cpu.readOnce(s.kvm.mte_enabled)) === 0) return;
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[gfn], s.kvm.stage2[gfn]);
    if (leafValid(leaf)) {
      checkGuestWalk(cpu, s, gfn, leaf);
      // NoTagAccess is a stage-2 fault and an exit to the VMM.
      if (leafType(leaf) !== MemType.WriteBack) return;
      const frame = s.frames[leafFrame(leaf)];
      if (tag > 0) yield* guestStg(cpu, s, frame, granule, tag);
      else yield* guestLdg(cpu, s, frame, granule);
      return;
    }
    if (!(yield* faultIn(cpu, s, gfn, 'access', false))) return;
  }
}

/** An instruction fetch. */
export function* guestExec(cpu: Cpu, s: State, gfn: number): Kernel {
  yield* createVcpu(cpu, s);
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[gfn], s.kvm.stage2[gfn]);
    if (leafValid(leaf) && leafExec(leaf)) {
      checkGuestWalk(cpu, s, gfn, leaf);
      yield* loadData(cpu, s.frames[leafFrame(leaf)], leafType(leaf));
      return;
    }
    if (!(yield* faultIn(cpu, s, gfn, 'exec', leafValid(leaf)))) return;
  }
}

/** Whether the exclusive monitor follows a location: cacheable, and memory that takes part. */
function hasMonitor(s: State, frame: Frame, type: number): boolean {
  return isCacheable(type) && (s.d.exclusives || memoryOf(s, frame).mapMemory);
}

/** LDXR and STXR until it succeeds, as a lock of the guest's kernel; only in memory that is no register. */
export function* guestExclusive(cpu: Cpu, s: State, gfn: number): Kernel {
  yield* createVcpu(cpu, s);
  let failed = 0;
  for (let i = 0; i < TRIES + STUCK; i++) {
    const leaf = yield cpu.walk(s.stage2Tlb[gfn], s.kvm.stage2[gfn]);
    if (!leafValid(leaf)) {
      if (!(yield* faultIn(cpu, s, gfn, 'access', false))) return;
      continue;
    }
    checkGuestWalk(cpu, s, gfn, leaf);
    const frame = s.frames[leafFrame(leaf)];
    if (memoryOf(s, frame).registers) return;
    if (hasMonitor(s, frame, leafType(leaf))) {
      yield cpu.xchg(frame.line, dirtyLine(cpu.machine.peek(frame.owner)));
      return;
    }
    // Implementation defined: STXR fails, or the access is an abort with status 0x35.
    if (cpu.choose(2) === 1) {
      yield* faultIn(cpu, s, gfn, 'exclusive', true);
      return;
    }
    yield cpu.readDependent(frame.dram);
    if (++failed === STUCK) reportStuckExclusive(cpu, frame, leafType(leaf));
  }
}
