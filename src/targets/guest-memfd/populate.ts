import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { checkHostWrite } from './checks.ts';
import { rmpAssigned, rmpPrivate } from './entries.ts';
import { filemapGrabFolio } from './filemap.ts';
import { pageAtIndex } from './gmem.ts';
import { getGmemFile, putGmemFile } from './lifetime.ts';
import { folioPutRefs } from './page.ts';
import { directMapWalk, rmpMakePrivate, snpLookupRmpentry } from './rmp.ts';
import { attributeOf, indexOf, type Page, type State } from './state.ts';

/** KVM_SEV_SNP_LAUNCH_UPDATE of one page: kvm->lock against LAUNCH_FINISH, slots_lock, kvm_gmem_populate(). */
export function* launchUpdate(cpu: Cpu, s: State, gfn: number): Kernel {
  const { kvm } = s;
  yield cpu.mutexLock(kvm.lock);
  if ((yield cpu.readOnce(kvm.pre_fault_allowed)) === 0) {
    yield cpu.mutexLock(kvm.slots_lock);
    const slot = yield cpu.rcuDereference(kvm.slot);
    if (slot !== 0 && (yield* getGmemFile(cpu, s, slot))) {
      yield* gmemPopulate(cpu, s, gfn);
      yield* putGmemFile(cpu, s);
    }
    yield cpu.mutexUnlock(kvm.slots_lock);
  }
  yield cpu.mutexUnlock(kvm.lock);
}

/** The source page, from user memory: takes mmap_lock. */
function* gupSource(cpu: Cpu, s: State): Kernel {
  yield cpu.downRead(s.mmapLock);
  yield cpu.upRead(s.mmapLock);
}

/**
 * kvm_gmem_populate() (virt/kvm/guest_memfd.c, v6.11; v7.0 looks the source page up first): the folio lock is dropped
 * before the page is filled; only invalidate_lock and slots_lock are held.
 */
function* gmemPopulate(cpu: Cpu, s: State, gfn: number): Kernel {
  const index = indexOf(gfn);
  if (s.d.gupFirst) yield* gupSource(cpu, s);
  yield cpu.downWrite(s.inode.invalidate_lock);
  const folio = yield* filemapGrabFolio(cpu, s, index);
  if (folio !== null) {
    const page = yield* pageAtIndex(cpu, s, folio, index);
    const prepared =
      s.d.privateAt === 'get-pfn-bitmap'
        ? (yield cpu.readOnce(s.inode.prepared[index])) !== 0
        : (yield cpu.testBit(PG.uptodate, folio.flags)) === 1;
    yield folioUnlock(cpu, folio);
    if (!prepared && (yield cpu.readOnce(attributeOf(s, gfn))) !== 0) {
      if (!s.d.gupFirst) yield* gupSource(cpu, s);
      yield* sevGmemPostPopulate(cpu, s, gfn, folio, page);
    }
    yield* folioPutRefs(cpu, s, folio, 1);
  }
  yield cpu.upWrite(s.inode.invalidate_lock);
}

/** sev_gmem_post_populate(): copies into the page through the direct map, then hands it to the firmware. */
function* sevGmemPostPopulate(cpu: Cpu, s: State, gfn: number, folio: Page, page: Page): Kernel {
  if (rmpAssigned(yield* snpLookupRmpentry(cpu, s, page))) return;
  for (let half = 0; half < 2; half++) {
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 5 + half);
    checkHostWrite(cpu, s, page, entry);
  }
  if (!(yield* rmpMakePrivate(cpu, s, page, gfn, false, true))) return;
  // The firmware encrypts the page and clears the immutable bit.
  yield cpu.xchg(s.rmp[page.index], rmpPrivate(gfn, false));
  if (s.d.privateAt === 'get-pfn-bitmap') yield cpu.writeOnce(s.inode.prepared[indexOf(gfn)], 1);
  else yield cpu.setBit(PG.uptodate, folio.flags);
}
