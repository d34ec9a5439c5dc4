import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { updateMixed } from './attributes.ts';
import { clearBindings, gmemUnbind, putGmemFile, slotPinsFile } from './lifetime.ts';
import { unmapGfnRange } from './npt.ts';
import { MEMSLOT_INVALID, PGOFF, type State, slotAt } from './state.ts';

/** KVM_SET_USER_MEMORY_REGION2: a memslot is created and bound to the file, kvm_gmem_bind(). */
export function* createMemslot(cpu: Cpu, s: State): Kernel {
  const { kvm } = s;
  yield cpu.mutexLock(kvm.slots_lock);
  if ((yield cpu.rcuDereference(kvm.slot)) === 0) {
    const open = (yield cpu.readOnce(s.gmemFile.open)) !== 0;
    if (open && (yield cpu.atomicFetchAddUnless(s.gmemFile.f_count, 1, 0)) !== 0) {
      const slot = yield cpu.kmalloc(s.slotCache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.writeOnce(slotAt(s, slot).flags, 0);
      const bound = yield* gmemBind(cpu, s, slot);
      // The file pins the VM, not the memslot the file.
      if (!bound || !slotPinsFile(s)) yield* putGmemFile(cpu, s);
      if (bound) {
        yield* updateMixed(cpu, s, 0, s.gfns);
        yield cpu.rcuAssignPointer(kvm.slot, slot);
        yield* cpu.synchronizeSrcu(s.srcu);
      } else yield cpu.kfree(slot);
    }
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/** kvm_gmem_bind(): storing the bindings may fail midway, which was ignored until May 2026. */
function* gmemBind(cpu: Cpu, s: State, slot: number): Kernel<boolean> {
  yield cpu.downWrite(s.inode.invalidate_lock);
  for (let index = PGOFF; index < s.indices; index++) {
    if ((yield cpu.rcuDereference(s.gmem.bindings[index])) === 0) continue;
    yield cpu.writeOnce(slotAt(s, slot).gmem_file, 0);
    yield cpu.upWrite(s.inode.invalidate_lock);
    return false;
  }
  yield cpu.writeOnce(slotAt(s, slot).gmem_file, s.gmemFile.base);
  const fails = cpu.choose(2) === 1;
  let bound = true;
  for (let index = PGOFF; index < s.indices; index++) {
    if (fails && index > PGOFF) {
      bound = !s.d.bindChecks;
      break;
    }
    yield cpu.writeOnce(s.gmem.bindings[index], slot);
  }
  if (!bound) {
    yield* clearBindings(cpu, s);
    yield cpu.writeOnce(slotAt(s, slot).gmem_file, 0);
  }
  yield cpu.upWrite(s.inode.invalidate_lock);
  return bound;
}

/** Deletion of the memslot: kvm_invalidate_memslot() publishes an invalid copy, waits for readers, then unmaps. */
export function* deleteMemslot(cpu: Cpu, s: State): Kernel {
  const { kvm, d } = s;
  yield cpu.mutexLock(kvm.slots_lock);
  const slot = yield cpu.rcuDereference(kvm.slot);
  if (slot !== 0) {
    const copy = yield cpu.kmalloc(s.slotCache, Gfp.Kernel | Gfp.Nofail);
    const invalid = slotAt(s, copy);
    yield cpu.writeOnce(invalid.flags, MEMSLOT_INVALID);
    yield cpu.writeOnce(invalid.gmem_file, yield cpu.rcuDereference(slotAt(s, slot).gmem_file));
    yield cpu.rcuAssignPointer(kvm.slot, copy);
    if (!d.unmapAfterSrcu) yield* flushShadowMemslot(cpu, s);
    if (!d.unbindAfterSrcu) yield* gmemUnbind(cpu, s, slot);
    yield* cpu.synchronizeSrcu(s.srcu);
    if (d.unmapAfterSrcu) yield* flushShadowMemslot(cpu, s);
    yield cpu.rcuAssignPointer(kvm.slot, 0);
    yield* cpu.synchronizeSrcu(s.srcu);
    yield cpu.kfree(copy);
    // kvm_free_memslot()
    if (d.unbindAfterSrcu) yield* gmemUnbind(cpu, s, slot);
    yield cpu.kfree(slot);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
}

/** kvm_arch_flush_shadow_memslot() */
function* flushShadowMemslot(cpu: Cpu, s: State): Kernel {
  yield cpu.writeLock(s.kvm.mmu_lock);
  yield* unmapGfnRange(cpu, s, 0, s.gfns, 'all');
  yield cpu.writeUnlock(s.kvm.mmu_lock);
}

/** Two ioctls of one VMM thread; in between the file is bound to nothing. */
export function* recreateMemslot(cpu: Cpu, s: State): Kernel {
  yield* deleteMemslot(cpu, s);
  yield* createMemslot(cpu, s);
}
