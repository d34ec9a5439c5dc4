import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { checkHostWrite, checkUserWrite } from './checks.ts';
import { filemapGrabFolio } from './filemap.ts';
import { clearFolio, folioPutRefs } from './page.ts';
import { directMapWalk } from './rmp.ts';
import { indexOf, type Page, type State } from './state.ts';

/** How often an access of the VMM faults before it gives up. */
const TRIES = 2;

/**
 * kvm_gmem_fault_user_mapping() (virt/kvm/guest_memfd.c, v6.18) and the PTE's installation under the folio lock. In the
 * conversion series the handler holds invalidate_lock for read and refuses private pages. False is SIGBUS.
 */
function* faultUserMapping(cpu: Cpu, s: State, index: number): Kernel<boolean> {
  const { d, inode } = s;
  if (d.mmapNeedsShared && !d.initShared && !d.inPlace) return false;
  if (d.inPlace) {
    yield cpu.downRead(inode.invalidate_lock);
    if ((yield cpu.readOnce(inode.attributes[index])) !== 0) {
      yield cpu.upRead(inode.invalidate_lock);
      return false;
    }
  }
  const folio = yield* filemapGrabFolio(cpu, s, index);
  if (folio !== null && (yield cpu.testBit(PG.uptodate, folio.flags)) === 0) {
    yield* clearFolio(cpu, s, folio, 0);
    yield cpu.setBit(PG.uptodate, folio.flags);
  }
  if (d.inPlace) yield cpu.upRead(inode.invalidate_lock);
  if (folio === null) return false;
  // finish_fault(): the PTE takes over the reference.
  const old = yield cpu.cmpxchg(inode.host_pte[index], 0, folio.index + 1);
  yield folioUnlock(cpu, folio);
  if (old !== 0) yield* folioPutRefs(cpu, s, folio, 1);
  return true;
}

/** The VMM writes to the file through its mapping. */
export function* hostAccess(cpu: Cpu, s: State, gfn: number): Kernel {
  const index = indexOf(gfn);
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.hostTlb[index], s.inode.host_pte[index]);
    if (pte !== 0) {
      const page = s.pages[pte - 1];
      yield cpu.writeOnce(page.data, 2);
      checkUserWrite(cpu, s, page);
      return;
    }
    yield cpu.downRead(s.mmapLock);
    const mapped = yield* faultUserMapping(cpu, s, index);
    yield cpu.upRead(s.mmapLock);
    if (!mapped) return;
  }
}

/** get_user_pages(FOLL_WRITE) of the VMM's mapping: the page with a reference; null where it cannot be had. */
function* gup(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.readOnce(s.inode.host_pte[index]);
    if (pte !== 0) {
      const page = s.pages[pte - 1];
      if ((yield cpu.atomicFetchAddUnless(page.refcount, 1, 0)) !== 0) {
        if ((yield cpu.readOnce(s.inode.host_pte[index])) === pte) return page;
        yield* folioPutRefs(cpu, s, page, 1);
      }
    } else {
      yield cpu.downRead(s.mmapLock);
      const mapped = yield* faultUserMapping(cpu, s, index);
      yield cpu.upRead(s.mmapLock);
      if (!mapped) return null;
    }
  }
  return null;
}

/** Kernel code writes user memory that it has pinned (direct I/O, vhost): through the direct map, with a reference. */
export function* gupWrite(cpu: Cpu, s: State, gfn: number): Kernel {
  const page = yield* gup(cpu, s, indexOf(gfn));
  if (page === null) return;
  // A pin lasts: the data come later, in pieces.
  for (let i = 0; i < 2; i++) {
    yield cpu.condResched();
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 3);
    checkHostWrite(cpu, s, page, entry);
  }
  yield* folioPutRefs(cpu, s, page, 1);
}
