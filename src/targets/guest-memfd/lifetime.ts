import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { truncateInodePages } from './filemap.ts';
import { archGmemInvalidate, invalidateBegin } from './gmem.ts';
import { gmemInvalidateEnd } from './invalidate.ts';
import { type File, type State, slotAt } from './state.ts';

const RELEASE = 1;

/** fdget(): a reference to an open file; false once the descriptor is closed. */
function* fdget(cpu: Cpu, file: File): Kernel<boolean> {
  if ((yield cpu.readOnce(file.open)) === 0) return false;
  return (yield cpu.atomicFetchAddUnless(file.f_count, 1, 0)) !== 0;
}

/** kvm_gmem_get_file(), get_file_active(): a reference to the file that a memslot is bound to, unless it is closing. */
export function* getGmemFile(cpu: Cpu, s: State, slot: number): Kernel<boolean> {
  if ((yield cpu.rcuDereference(slotAt(s, slot).gmem_file)) === 0) return false;
  return (yield cpu.atomicFetchAddUnless(s.gmemFile.f_count, 1, 0)) !== 0;
}

/** fput(): the release runs as task work, when the caller returns to user space and holds nothing. */
export function* putGmemFile(cpu: Cpu, s: State): Kernel {
  if ((yield cpu.atomicFetchAdd(s.gmemFile.f_count, -1)) === 1) {
    cpu.machine.ghostStore(s.taskWork[cpu.id], RELEASE);
  }
}

/** An ioctl on the VM: the descriptor keeps the VM alive while it runs. */
export function* vmIoctl(cpu: Cpu, s: State, body: Kernel<unknown>): Kernel {
  if (!(yield* fdget(cpu, s.vmFile))) return;
  yield* body;
  yield* taskWorkRun(cpu, s);
  yield* putVmFile(cpu, s);
}

/** A system call on the guest_memfd descriptor. */
export function* gmemSyscall(cpu: Cpu, s: State, body: Kernel<unknown>): Kernel {
  if (!(yield* fdget(cpu, s.gmemFile))) return;
  yield* body;
  yield* putGmemFile(cpu, s);
  yield* taskWorkRun(cpu, s);
}

/** task_work_run() before the return to user space. */
function* taskWorkRun(cpu: Cpu, s: State): Kernel {
  if (cpu.machine.peek(s.taskWork[cpu.id]) !== RELEASE) return;
  cpu.machine.ghostStore(s.taskWork[cpu.id], 0);
  yield* gmemRelease(cpu, s);
}

/** close() of the guest_memfd descriptor. */
export function* closeGmem(cpu: Cpu, s: State): Kernel {
  if ((yield cpu.xchg(s.gmemFile.open, 0)) === 0) return;
  yield* putGmemFile(cpu, s);
  yield* taskWorkRun(cpu, s);
}

/** close() of the VM descriptor; its vCPUs are gone with it. */
export function* closeVm(cpu: Cpu, s: State): Kernel {
  if ((yield cpu.xchg(s.vmFile.open, 0)) === 0) return;
  yield* putVmFile(cpu, s);
}

/** The last reference to the VM's file: kvm_vm_release(). */
function* putVmFile(cpu: Cpu, s: State): Kernel {
  if ((yield cpu.atomicFetchAdd(s.vmFile.f_count, -1)) === 1) yield* kvmPutKvm(cpu, s);
}

/** kvm_put_kvm(), kvm_destroy_vm(): memslots are unbound, nested page tables go with the VM. */
function* kvmPutKvm(cpu: Cpu, s: State): Kernel {
  const { kvm } = s;
  if ((yield cpu.atomicFetchAdd(kvm.users_count, -1)) !== 1) return;
  const slot = yield cpu.rcuDereference(kvm.slot);
  if (slot !== 0) {
    yield* gmemUnbind(cpu, s, slot);
    yield cpu.kfree(slot);
  }
  yield cpu.writeOnce(s.vmFile.private_data, 0);
  yield cpu.kfree(kvm.base);
  yield* taskWorkRun(cpu, s);
}

/** kvm_gmem_unbind() (v6.8; the last branch: ae431059e75d), with slots_lock or the last reference to the VM. */
export function* gmemUnbind(cpu: Cpu, s: State, slot: number): Kernel {
  const { gmem_file } = slotAt(s, slot);
  if (slotPinsFile(s)) {
    yield* unregisterNotifier(cpu, s);
    return;
  }
  if ((yield cpu.rcuDereference(gmem_file)) === 0) return;
  if (yield* getGmemFile(cpu, s, slot)) {
    yield cpu.downWrite(s.inode.invalidate_lock);
    yield* clearBindings(cpu, s);
    yield cpu.writeOnce(gmem_file, 0);
    yield cpu.upWrite(s.inode.invalidate_lock);
    yield* putGmemFile(cpu, s);
  } else if (s.d.unbindDying) {
    yield* clearBindings(cpu, s);
  }
}

/** The memory of the v7 series knows no VM, only notifiers; a memslot holds a reference to the file. */
export function slotPinsFile(s: State): boolean {
  return s.d.sharedAt === 'invalidate-begin';
}

/** restrictedmem_unregister_notifier() (v7 series): with the notifier goes who would make the pages shared. */
function* unregisterNotifier(cpu: Cpu, s: State): Kernel {
  yield cpu.downWrite(s.inode.invalidate_lock);
  if (s.d.teardownInvalidates) {
    yield* invalidateBegin(cpu, s, 0, s.indices);
    yield* gmemInvalidateEnd(cpu, s, 0, s.indices);
  }
  yield* clearBindings(cpu, s);
  yield cpu.upWrite(s.inode.invalidate_lock);
  yield* putGmemFile(cpu, s);
}

/** xa_store_range(&gmem->bindings, start, end, NULL) */
export function* clearBindings(cpu: Cpu, s: State): Kernel {
  for (let index = s.indices - s.gfns; index < s.indices; index++) {
    yield cpu.writeOnce(s.gmem.bindings[index], 0);
  }
}

/**
 * kvm_gmem_release(): the last reference to the file is gone. The memslots forget it, the guest's mappings go; the
 * inode's eviction frees the pages.
 */
function* gmemRelease(cpu: Cpu, s: State): Kernel {
  const { d, kvm } = s;
  const slotsLock = !slotPinsFile(s);
  if (slotsLock) yield cpu.mutexLock(kvm.slots_lock);
  yield cpu.downWrite(s.inode.invalidate_lock);
  for (let index = s.indices - s.gfns; index < s.indices; index++) {
    const slot = yield cpu.rcuDereference(s.gmem.bindings[index]);
    if (slot === 0) continue;
    yield cpu.writeOnce(slotAt(s, slot).gmem_file, 0);
    break;
  }
  yield* invalidateBegin(cpu, s, 0, s.indices);
  if (d.sharedAt === 'punch-hole') {
    yield* archGmemInvalidate(cpu, s, 0, s.indices);
    yield* truncateInodePages(cpu, s, 0, s.indices);
  }
  yield* gmemInvalidateEnd(cpu, s, 0, s.indices);
  yield cpu.upWrite(s.inode.invalidate_lock);
  if (slotsLock) yield cpu.mutexUnlock(kvm.slots_lock);
  yield cpu.writeOnce(s.gmemFile.private_data, 0);
  yield cpu.kfree(s.gmem.base);
  if (d.kvmRef) yield* kvmPutKvm(cpu, s);
  // evict(): truncate_inode_pages_final()
  yield* truncateInodePages(cpu, s, 0, s.indices);
}
