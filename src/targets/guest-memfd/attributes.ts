import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock } from '../kernel/page.ts';
import { HPAGE } from './entries.ts';
import { filemapLockFolio } from './filemap.ts';
import { gmemGetFolio } from './gmem.ts';
import { mmuInvalidateBegin, mmuInvalidateEnd, mmuInvalidateRangeAdd } from './invalidate.ts';
import { getGmemFile, putGmemFile } from './lifetime.ts';
import { unmapGfnRange } from './npt.ts';
import { folioPutRefs } from './page.ts';
import { rmpMakePrivate, sevGmemInvalidate } from './rmp.ts';
import { indexOf, type State } from './state.ts';

/**
 * kvm_vm_set_mem_attributes() (virt/kvm/kvm_main.c, v6.8): slots_lock throughout, mmu_lock only to begin and to end. In
 * the designs of the mail the RMP table follows the attributes, just after these were stored.
 */
export function* setMemAttributes(
  cpu: Cpu,
  s: State,
  start: number,
  count: number,
  isPrivate: boolean,
): Kernel {
  const { d, kvm } = s;
  const end = Math.min(start + count, s.gfns);
  yield cpu.mutexLock(kvm.slots_lock);
  if (d.exclusion === 'rmp-mutex') yield cpu.mutexLock(kvm.rmp_mutex);
  if (d.exclusion === 'invalidate-lock') yield cpu.downRead(s.inode.invalidate_lock);
  if (!(yield* hasAttributes(cpu, s, start, end, isPrivate))) {
    const slot = yield cpu.rcuDereference(kvm.slot);
    if (slot !== 0) yield* preSetAttributes(cpu, s, start, end);
    for (let gfn = start; gfn < end; gfn++) {
      // xa_store(): without its lock, the store could pass the one of the sequence in the section of mmu_lock below.
      yield cpu.spinLock(kvm.mem_attr_lock);
      yield cpu.writeOnce(kvm.mem_attr_array[gfn], isPrivate ? 1 : 0);
      yield cpu.spinUnlock(kvm.mem_attr_lock);
    }
    if (d.privateAt === 'ioctl' && slot !== 0) {
      yield* archSetMemAttributes(cpu, s, slot, start, end, isPrivate);
    }
    if (slot !== 0) yield* postSetAttributes(cpu, s, start, end);
  }
  if (d.exclusion === 'invalidate-lock') yield cpu.upRead(s.inode.invalidate_lock);
  if (d.exclusion === 'rmp-mutex') yield cpu.mutexUnlock(kvm.rmp_mutex);
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/** kvm_range_has_memory_attributes() */
function* hasAttributes(cpu: Cpu, s: State, start: number, end: number, isPrivate: boolean): Kernel<boolean> {
  for (let gfn = start; gfn < end; gfn++) {
    if (((yield cpu.readOnce(s.kvm.mem_attr_array[gfn])) !== 0) !== isPrivate) return false;
  }
  return true;
}

/**
 * kvm_pre_set_memory_attributes() and kvm_arch_pre_set_memory_attributes(): since 9129633d568e the hugepages at both
 * ends are part of what is invalidated, unless their attributes were mixed already.
 */
function* preSetAttributes(cpu: Cpu, s: State, start: number, end: number): Kernel {
  const { d, kvm } = s;
  let from = start;
  let to = end;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateBegin(cpu, s);
  if (d.hugeFolios && d.widenForHuge) {
    const head = Math.floor(start / HPAGE);
    const tail = Math.floor((end - 1) / HPAGE);
    if ((yield cpu.readOnce(kvm.lpage_mixed[head])) === 0) from = head * HPAGE;
    if ((yield cpu.readOnce(kvm.lpage_mixed[tail])) === 0) to = (tail + 1) * HPAGE;
  }
  yield* mmuInvalidateRangeAdd(cpu, s, from, to);
  yield* unmapGfnRange(cpu, s, start, end, 'all');
  yield cpu.writeUnlock(kvm.mmu_lock);
}

/** The end of the invalidation, and kvm_arch_post_set_memory_attributes(): which hugepages are mixed now. */
function* postSetAttributes(cpu: Cpu, s: State, start: number, end: number): Kernel {
  const { kvm } = s;
  yield cpu.writeLock(kvm.mmu_lock);
  yield* mmuInvalidateEnd(cpu, s);
  yield* updateMixed(cpu, s, start, end);
  yield cpu.writeUnlock(kvm.mmu_lock);
}

/**
 * hugepage_set_mixed() for each hugepage that [start, end) touches; for all of a memslot when it is created
 * (kvm_mmu_init_memslot_memory_attributes()), as attributes may change while no memslot is there.
 */
export function* updateMixed(cpu: Cpu, s: State, start: number, end: number): Kernel {
  const { d, kvm } = s;
  if (!d.hugeFolios || d.inPlace) return;
  for (let region = Math.floor(start / HPAGE); region * HPAGE < end; region++) {
    const first = yield cpu.readOnce(kvm.mem_attr_array[region * HPAGE]);
    const second = yield cpu.readOnce(kvm.mem_attr_array[region * HPAGE + 1]);
    yield cpu.writeOnce(kvm.lpage_mixed[region], first === second ? 0 : 1);
  }
}

/**
 * kvm_arch_gmem_set_mem_attributes(), the hook of the mail, whose body is nowhere to be read: here it looks up (to
 * private: or creates) each page of the range and puts it into the state asked for.
 */
function* archSetMemAttributes(
  cpu: Cpu,
  s: State,
  slot: number,
  start: number,
  end: number,
  isPrivate: boolean,
): Kernel {
  if (!(yield* getGmemFile(cpu, s, slot))) return;
  for (let gfn = start; gfn < end; gfn++) {
    const index = indexOf(gfn);
    const folio = isPrivate ? yield* gmemGetFolio(cpu, s, index) : yield* filemapLockFolio(cpu, s, index);
    if (folio === null) continue;
    yield folioUnlock(cpu, folio);
    if (isPrivate) yield* rmpMakePrivate(cpu, s, folio, gfn, false);
    else yield* sevGmemInvalidate(cpu, s, folio, 1);
    yield* folioPutRefs(cpu, s, folio, 1);
  }
  yield* putGmemFile(cpu, s);
}
