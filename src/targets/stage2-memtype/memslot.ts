import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { clearPage } from './cache.ts';
import { kinds, RAM } from './memory-kinds.ts';
import { slotAllowed } from './memory-type.ts';
import { faultinPfn } from './mm.ts';
import { putFrame } from './page.ts';
import { stage2Unmap } from './stage2.ts';
import { deviceFrame, MEMSLOT_INVALID, type State, slotAt, vmaAt } from './state.ts';

/** Errors as the truth table shows them. */
export const EINVAL = 22;

/** The VMM zeroes memory that another VM may have had, through its own cacheable mapping, before it gives it away. */
function* clearDeviceMemory(cpu: Cpu, s: State, page: number): Kernel {
  const address = cpu.machine.peek(s.mm.vma[page]);
  if (address === 0) return;
  const kind = cpu.machine.peek(vmaAt(s, address).kind);
  if (kind === RAM || kinds[kind].registers) return;
  const frame = yield* faultinPfn(cpu, s, page);
  if (frame === null) return;
  if (frame === deviceFrame(s, kind)) {
    yield* clearPage(cpu, frame);
    yield cpu.smpMb();
    cpu.machine.ghostStore(frame.cleared, 1);
  }
  yield* putFrame(cpu, s, frame);
}

/** KVM_SET_USER_MEMORY_REGION over a page of the VMM, at the gfn of the same number. */
export function* createMemslot(cpu: Cpu, s: State, page: number): Kernel {
  const { kvm } = s;
  if ((yield cpu.readOnce(kvm.memslot[page])) === 0) yield* clearDeviceMemory(cpu, s, page);
  yield cpu.mutexLock(kvm.slots_lock);
  if ((yield cpu.rcuDereference(kvm.memslot[page])) === 0) {
    if (yield* prepareMemoryRegion(cpu, s, page)) {
      const slot = yield cpu.kmalloc(s.slotCache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.writeOnce(slotAt(s, slot).flags, 0);
      yield cpu.writeOnce(slotAt(s, slot).userspace_page, page);
      yield* swapActiveMemslots(cpu, s, page, slot);
    } else cpu.machine.ghostStore(kvm.memslot_error, EINVAL);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/** kvm_arch_prepare_memory_region() (arch/arm64/kvm/mmu.c, v6.17): a look at the areas of the slot, no more. */
function* prepareMemoryRegion(cpu: Cpu, s: State, page: number): Kernel<boolean> {
  const { mm } = s;
  yield cpu.downRead(mm.mmap_lock);
  const address = yield cpu.rcuDereference(mm.vma[page]);
  let allowed = true;
  if (address !== 0) {
    const vma = vmaAt(s, address);
    const vmFlags = yield cpu.loadPlain(vma.vm_flags);
    const prot = yield cpu.loadPlain(vma.vm_page_prot);
    allowed = slotAllowed(s.d, { vmFlags, prot }, (yield cpu.readOnce(s.kvm.mte_enabled)) !== 0);
  }
  yield cpu.upRead(mm.mmap_lock);
  return allowed;
}

/** kvm_swap_active_memslots(): not between the start and the end of a notifier; then readers of the old ones are waited for. */
function* swapActiveMemslots(cpu: Cpu, s: State, gfn: number, slot: number): Kernel {
  const { mn_invalidate_lock, mn_active_invalidate_count: count } = s.kvm;
  while (true) {
    yield cpu.spinLock(mn_invalidate_lock);
    if (!s.d.swapWaits || (yield cpu.readOnce(count)) === 0) break;
    yield cpu.spinUnlock(mn_invalidate_lock);
    yield cpu.waitEvent(count, -1, 0);
  }
  yield cpu.rcuAssignPointer(s.kvm.memslot[gfn], slot);
  yield cpu.spinUnlock(mn_invalidate_lock);
  yield* cpu.synchronizeSrcu(s.srcu);
}

/**
 * kvm_invalidate_memslot(), then `next` (another address space's slot, or none) takes the old one's place: an invalid copy is
 * published, faults that still have the old slot are waited for, and only then is stage 2 unmapped.
 */
function* replaceMemslot(cpu: Cpu, s: State, gfn: number, old: number): Kernel {
  const copy = yield cpu.kmalloc(s.slotCache, Gfp.Kernel | Gfp.Nofail);
  yield cpu.writeOnce(slotAt(s, copy).flags, MEMSLOT_INVALID);
  yield cpu.writeOnce(slotAt(s, copy).userspace_page, yield cpu.readOnce(slotAt(s, old).userspace_page));
  if (!s.d.unmapAfterSrcu) yield* flushShadowMemslot(cpu, s, gfn);
  yield* swapActiveMemslots(cpu, s, gfn, copy);
  if (s.d.unmapAfterSrcu) yield* flushShadowMemslot(cpu, s, gfn);
  yield* swapActiveMemslots(cpu, s, gfn, 0);
  yield cpu.kfree(copy);
}

/** kvm_arch_flush_shadow_memslot() */
function* flushShadowMemslot(cpu: Cpu, s: State, gfn: number): Kernel {
  yield cpu.writeLock(s.kvm.mmu_lock);
  yield* stage2Unmap(cpu, s, gfn);
  yield cpu.writeUnlock(s.kvm.mmu_lock);
}

/** KVM_SET_USER_MEMORY_REGION with size 0. */
export function* deleteMemslot(cpu: Cpu, s: State, gfn: number): Kernel {
  const { kvm } = s;
  yield cpu.mutexLock(kvm.slots_lock);
  const old = yield cpu.rcuDereference(kvm.memslot[gfn]);
  if (old !== 0) {
    yield* replaceMemslot(cpu, s, gfn, old);
    yield cpu.kfree(old);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/** KVM_SET_USER_MEMORY_REGION with another guest address (KVM_MR_MOVE): the same memory of the VMM, checked anew. */
export function* moveMemslot(cpu: Cpu, s: State, from: number, to: number): Kernel {
  const { kvm } = s;
  yield cpu.mutexLock(kvm.slots_lock);
  const old = yield cpu.rcuDereference(kvm.memslot[from]);
  if (old !== 0 && from !== to && (yield cpu.rcuDereference(kvm.memslot[to])) === 0) {
    const page = yield cpu.readOnce(slotAt(s, old).userspace_page);
    if (yield* prepareMemoryRegion(cpu, s, page)) {
      yield* replaceMemslot(cpu, s, from, old);
      yield* swapActiveMemslots(cpu, s, to, old);
    } else cpu.machine.ghostStore(kvm.memslot_error, EINVAL);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}
