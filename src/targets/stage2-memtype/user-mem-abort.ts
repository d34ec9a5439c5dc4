import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mmuInvalidateRetry } from '../kernel/mmu-notifier.ts';
import { checkRefusal } from './checks.ts';
import { isCacheable, MemType } from './entries.ts';
import { VM } from './memory-kinds.ts';
import { isDevicePfn, memoryType, REFUSED, typeWithoutTags, type VmaFacts } from './memory-type.ts';
import { faultinPfn } from './mm.ts';
import { putFrame } from './page.ts';
import { stage2Map, stage2RelaxPerms } from './stage2.ts';
import { type Frame, MEMSLOT_INVALID, memoryOf, type State, slotAt, vmaAt } from './state.ts';
import { sanitiseMteTags } from './tags.ts';

/** What a guest did to fault: an access, an instruction fetch, or an exclusive that the memory refuses (status 0x35). */
export type Fault = 'access' | 'exec' | 'exclusive';
/** The guest goes on, takes an abort, or leaves for the VMM (-EFAULT, MMIO). */
export type Outcome = 'again' | 'abort' | 'exit';

const EFAULT = 14;

/** kvm_handle_guest_abort(), within an SRCU read section; `permission` says that an entry is there. */
export function* handleGuestAbort(
  cpu: Cpu,
  s: State,
  gfn: number,
  fault: Fault,
  permission: boolean,
): Kernel<Outcome> {
  const { kvm } = s;
  yield cpu.srcuReadLock(s.srcu);
  const slot = yield cpu.rcuDereference(kvm.memslot[gfn]);
  let outcome: Outcome = 'exit';
  // An invalid slot has no user address: the access is emulated as MMIO.
  if (slot !== 0 && (yield cpu.readOnce(slotAt(s, slot).flags)) !== MEMSLOT_INVALID) {
    const page = yield cpu.readOnce(slotAt(s, slot).userspace_page);
    outcome = yield* userMemAbort(cpu, s, gfn, page, fault, permission);
  }
  yield cpu.srcuReadUnlock(s.srcu);
  return outcome;
}

/** What the fault takes from the VMA under mmap_lock. */
interface Area extends VmaFacts {
  readonly vma: number;
  readonly kind: number;
  readonly seq: number;
}

/** Steps 2 to 4: the area's facts, then mmu_invalidate_seq, then the lock is dropped (or the other way round). */
function* vmaInfo(cpu: Cpu, s: State, page: number): Kernel<Area | null> {
  const { mm, kvm, d } = s;
  yield cpu.downRead(mm.mmap_lock);
  const address = yield cpu.rcuDereference(mm.vma[page]);
  if (address === 0) {
    yield cpu.upRead(mm.mmap_lock);
    return null;
  }
  const vma = vmaAt(s, address);
  const vmFlags = yield cpu.loadPlain(vma.vm_flags);
  const prot = yield cpu.loadPlain(vma.vm_page_prot);
  const kind = cpu.machine.peek(vma.kind);
  let seq = 0;
  if (d.seqBeforeUnlock && d.snapshotFirst) seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
  yield cpu.upRead(mm.mmap_lock);
  if (!d.seqBeforeUnlock && d.snapshotFirst) {
    seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
    yield cpu.smpRmb();
  }
  return { vma: address, kind, vmFlags, prot, seq };
}

/** user_mem_abort() (arch/arm64/kvm/mmu.c), v6.1 to v7.3 by design. */
function* userMemAbort(
  cpu: Cpu,
  s: State,
  gfn: number,
  page: number,
  fault: Fault,
  permission: boolean,
): Kernel<Outcome> {
  const { kvm, d } = s;
  if (fault === 'exclusive' && !d.injectExclusive) return efault(cpu, s);
  cpu.mightSleep('kvm_mmu_topup_memory_cache');
  const area = yield* vmaInfo(cpu, s, page);
  if (area === null) return efault(cpu, s);
  const frame = yield* faultinPfn(cpu, s, page);
  if (frame === null) return efault(cpu, s);
  const seq = d.snapshotFirst ? area.seq : yield cpu.readOnce(kvm.mmu_invalidate_seq);
  const memory = memoryOf(s, frame);
  const type = memoryType(d, area, memory);
  if (type === REFUSED) {
    checkRefusal(cpu, s, gfn, page, area);
    if (d.releaseOnExit) yield* putFrame(cpu, s, frame);
    return efault(cpu, s);
  }
  if (fault === 'exec' && (!isCacheable(type) || isDevicePfn(d, memory))) {
    if (d.releaseOnExit) yield* putFrame(cpu, s, frame);
    return 'abort';
  }
  if (fault === 'exclusive') {
    if (d.releaseOnInject) yield* putFrame(cpu, s, frame);
    return 'abort';
  }
  const looks = type === MemType.WriteBack && !permission && !isDevicePfn(d, memory);
  const mte = looks && (yield cpu.readOnce(kvm.mte_enabled)) !== 0;
  if (mte && !d.mteCheckLocked && isGated(s, area.vmFlags)) {
    checkRefusal(cpu, s, gfn, page, area);
    yield* putFrame(cpu, s, frame);
    return efault(cpu, s);
  }
  if (d.mmuLockRead) yield cpu.readLock(kvm.mmu_lock);
  else yield cpu.writeLock(kvm.mmu_lock);
  const retry = d.mmuRetry && (yield* mmuInvalidateRetry(cpu, kvm, seq));
  const outcome = retry
    ? 'again'
    : yield* mapFrame(cpu, s, { gfn, page, frame, fault, permission, area, type, mte });
  if (d.mmuLockRead) yield cpu.readUnlock(kvm.mmu_lock);
  else yield cpu.writeUnlock(kvm.mmu_lock);
  yield* putFrame(cpu, s, frame);
  return outcome;
}

interface Mapping {
  readonly gfn: number;
  readonly page: number;
  readonly frame: Frame;
  readonly fault: Fault;
  readonly permission: boolean;
  readonly area: Area;
  readonly type: number;
  readonly mte: boolean;
}

/** Steps 10 to 12, mmu_lock held for read: MTE, then the entry. */
function* mapFrame(cpu: Cpu, s: State, of: Mapping): Kernel<Outcome> {
  const { d } = s;
  let { type } = of;
  if (of.mte) {
    const vmFlags = d.vmaCaptured ? of.area.vmFlags : yield cpu.loadPlain(vmaAt(s, of.area.vma).vm_flags);
    if (isGated(s, vmFlags)) {
      checkRefusal(cpu, s, of.gfn, of.page, of.area);
      return efault(cpu, s);
    }
    const allowed = (vmFlags & VM.mte_allowed) !== 0;
    const sanitises = d.mteGate === 'pfn-valid' ? memoryOf(s, of.frame).structPage : d.mteGate === 'none';
    if (allowed || sanitises) yield* sanitiseMteTags(cpu, s, of.frame);
    if (!allowed) type = typeWithoutTags(d);
  }
  const exec = of.fault === 'exec';
  if (of.permission) yield* stage2RelaxPerms(cpu, s, of.gfn);
  else yield* stage2Map(cpu, s, { ...of, type, exec: exec || (isCacheable(type) && d.dic) });
  return 'again';
}

/** Whether an area may not be mapped cacheable into a VM with MTE at all. */
function isGated(s: State, vmFlags: number): boolean {
  return (vmFlags & VM.mte_allowed) === 0 && typeWithoutTags(s.d) === REFUSED;
}

function efault(cpu: Cpu, s: State): Outcome {
  cpu.machine.ghostStore(s.kvm.fault_error, EFAULT);
  return 'exit';
}
