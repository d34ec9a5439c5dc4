import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioUnlock } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { HPAGE, rmpAssigned } from './entries.ts';
import { filemapGrabFolio, filemapLockFolio, truncateInodePages } from './filemap.ts';
import { gmemInvalidateBegin, gmemInvalidateEnd } from './invalidate.ts';
import { clearFolio, folioPutRefs } from './page.ts';
import { rmpMakePrivate, sevGmemInvalidate, snpLookupRmpentry } from './rmp.ts';
import { indexOf, type Page, PGOFF, type State } from './state.ts';

/** The order of a folio; 0 unless the design has large ones. */
export function* folioOrder(cpu: Cpu, s: State, folio: Page): Kernel<number> {
  return s.d.hugeFolios ? yield cpu.readOnce(folio.order) : 0;
}

/**
 * kvm_arch_gmem_prepare(), sev_gmem_prepare() (v6.11) on the locked folio: private in the RMP table for the gfn at its
 * index, unless it is so already; 2M if the folio is and all of it is shared. False if the RMP update failed.
 */
export function* sevGmemPrepare(cpu: Cpu, s: State, folio: Page, index: number): Kernel<boolean> {
  const page = yield* pageAtIndex(cpu, s, folio, index);
  if (rmpAssigned(yield* snpLookupRmpentry(cpu, s, page))) return true;
  if ((yield* folioOrder(cpu, s, folio)) === 1) {
    const tail = s.pages[folio.index + 1];
    const gfn = index - (index % HPAGE) - PGOFF;
    const alone = !rmpAssigned(yield* snpLookupRmpentry(cpu, s, page === folio ? tail : folio));
    if (alone) return yield* rmpMakePrivate(cpu, s, folio, gfn, true);
  }
  return yield* rmpMakePrivate(cpu, s, page, index - PGOFF, false);
}

/** folio_file_page(): the page of a folio at an index. */
export function* pageAtIndex(cpu: Cpu, s: State, folio: Page, index: number): Kernel<Page> {
  return (yield* folioOrder(cpu, s, folio)) === 1 ? s.pages[folio.index + (index % HPAGE)] : folio;
}

/** Zeroing and preparation of a locked folio, by design; `prepare` is false where the page stays shared. */
function* makeReady(cpu: Cpu, s: State, folio: Page, index: number, prepare: boolean): Kernel<boolean> {
  const { d } = s;
  const order = yield* folioOrder(cpu, s, folio);
  const uptodate = (yield cpu.testBit(PG.uptodate, folio.flags)) === 1;
  if (uptodate && d.privateAt !== 'get-pfn-always') return true;
  if (!uptodate && d.zeroFirst) yield* clearFolio(cpu, s, folio, order);
  if (!uptodate && (d.uptodateFirst || d.privateAt === 'get-pfn-always')) {
    yield cpu.setBit(PG.uptodate, folio.flags);
  }
  if (prepare && !(yield* sevGmemPrepare(cpu, s, folio, index))) return false;
  if (!uptodate && !d.zeroFirst) yield* clearFolio(cpu, s, folio, order);
  if (!uptodate) yield cpu.setBit(PG.uptodate, folio.flags);
  return true;
}

/** D6b: zeroing and preparation tracked by a bit for each index of the inode. */
function* makeReadyByBitmap(cpu: Cpu, s: State, folio: Page, index: number): Kernel<boolean> {
  if ((yield cpu.readOnce(s.inode.prepared[index])) !== 0) return true;
  yield* clearFolio(cpu, s, folio, 0);
  if (!(yield* sevGmemPrepare(cpu, s, folio, index))) return false;
  yield cpu.writeOnce(s.inode.prepared[index], 1);
  return true;
}

/**
 * kvm_gmem_get_folio(): finds or creates the folio, locked. Until v6.10 it is zeroed here; Sean's first proposal and
 * v6.11-rc prepare it here as well, if some memslot says which gfn it is.
 */
export function* gmemGetFolio(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  const folio = yield* filemapGrabFolio(cpu, s, index);
  if (folio === null) return null;
  const { privateAt } = s.d;
  if (privateAt === 'ioctl' || privateAt === 'never' || privateAt === 'get-folio') {
    const bound = privateAt === 'get-folio' && (yield cpu.rcuDereference(s.gmem.bindings[index])) !== 0;
    if (!(yield* makeReady(cpu, s, folio, index, bound))) {
      yield folioUnlock(cpu, folio);
      yield* folioPutRefs(cpu, s, folio, 1);
      return null;
    }
  }
  return folio;
}

/** What a fault gets from the file: the page with a reference to its folio, or an error. */
export type GotPfn = { readonly page: Page; readonly folio: Page } | '-EIO' | '-ENOMEM';

/**
 * __kvm_gmem_get_pfn() (virt/kvm/guest_memfd.c) with an open file: checks the binding, gets the folio, and prepares it
 * under the folio lock where the design does that at hand-out. Takes no other lock up to v7.0.
 */
export function* gmemGetPfn(
  cpu: Cpu,
  s: State,
  gfn: number,
  slot: number,
  isPrivate: boolean,
): Kernel<GotPfn> {
  const { d } = s;
  const index = indexOf(gfn);
  if (d.lockInGetPfn) yield cpu.downRead(s.inode.invalidate_lock);
  let got: GotPfn = '-EIO';
  const bound = yield cpu.rcuDereference(s.gmem.bindings[index]);
  cpu.warnOn(d.warnOnBinding && bound !== slot, 'kvm_gmem_get_pfn(): the binding is not the memslot', slot);
  if (bound === slot) {
    const folio = yield* gmemGetFolio(cpu, s, index);
    if (folio === null) got = '-ENOMEM';
    else {
      let prepare = isPrivate;
      if (d.inPlace && d.prepareRechecks) prepare = (yield cpu.readOnce(s.inode.attributes[index])) !== 0;
      let ready = true;
      if (d.privateAt === 'get-pfn-bitmap') ready = yield* makeReadyByBitmap(cpu, s, folio, index);
      else if (d.privateAt === 'get-pfn' || d.privateAt === 'get-pfn-always') {
        ready = yield* makeReady(cpu, s, folio, index, prepare);
      }
      const page = yield* pageAtIndex(cpu, s, folio, index);
      yield folioUnlock(cpu, folio);
      if (ready) got = { page, folio };
      else {
        yield* folioPutRefs(cpu, s, folio, 1);
        got = '-ENOMEM';
      }
    }
  }
  if (d.lockInGetPfn) yield cpu.upRead(s.inode.invalidate_lock);
  return got;
}

/** The hook of the mail, kvm_arch_gmem_invalidate(), as kvm_gmem_issue_arch_invalidate() does it: folio by folio. */
export function* archGmemInvalidate(cpu: Cpu, s: State, start: number, end: number): Kernel {
  for (let index = start; index < end; index++) {
    const folio = yield* filemapLockFolio(cpu, s, index);
    if (folio === null) continue;
    yield* sevGmemInvalidate(cpu, s, folio, 1 << (yield* folioOrder(cpu, s, folio)));
    yield folioUnlock(cpu, folio);
    yield* folioPutRefs(cpu, s, folio, 1);
  }
}

/** The RMP update of the v7 series, from invalidate_begin and so with mmu_lock held. */
function* archInvalidateUnderLock(cpu: Cpu, s: State, start: number, end: number): Kernel {
  for (let index = start; index < end; index++) {
    const entry = yield cpu.readOnce(s.inode.i_pages[index]);
    if (entry !== 0) yield* sevGmemInvalidate(cpu, s, s.pages[entry - 1], 1);
  }
}

/** Begin, as the design needs it: with its RMP update under mmu_lock or not. */
export function* invalidateBegin(cpu: Cpu, s: State, start: number, end: number): Kernel {
  const under = s.d.sharedAt === 'invalidate-begin' ? archInvalidateUnderLock(cpu, s, start, end) : null;
  yield* gmemInvalidateBegin(cpu, s, start, end, under);
}

/** kvm_gmem_punch_hole(): fallocate(PUNCH_HOLE) of `count` pages. A hole in large folios is rounded to them. */
export function* punchHole(cpu: Cpu, s: State, gfn: number, count: number): Kernel {
  const { d, kvm } = s;
  let start = indexOf(gfn);
  let end = Math.min(start + count, s.indices);
  if (d.hugeFolios && !d.partialHoles) {
    start -= start % HPAGE;
    end += end % HPAGE;
  }
  if (d.exclusion === 'slots-lock' && !d.slotsLockInside) yield cpu.mutexLock(kvm.slots_lock);
  if (d.exclusion === 'rmp-mutex') yield cpu.mutexLock(kvm.rmp_mutex);
  yield cpu.downWrite(s.inode.invalidate_lock);
  if (d.exclusion === 'slots-lock' && d.slotsLockInside) yield cpu.mutexLock(kvm.slots_lock);
  yield* invalidateBegin(cpu, s, start, end);
  if (d.sharedAt === 'punch-hole') yield* archGmemInvalidate(cpu, s, start, end);
  if (!d.endAfterTruncate) yield* gmemInvalidateEnd(cpu, s, start, end);
  yield* truncateInodePages(cpu, s, start, end);
  if (d.privateAt === 'get-pfn-bitmap') {
    for (let index = start; index < end; index++) yield cpu.writeOnce(s.inode.prepared[index], 0);
  }
  if (d.endAfterTruncate) yield* gmemInvalidateEnd(cpu, s, start, end);
  if (d.exclusion === 'slots-lock' && d.slotsLockInside) yield cpu.mutexUnlock(kvm.slots_lock);
  yield cpu.upWrite(s.inode.invalidate_lock);
  if (d.exclusion === 'rmp-mutex') yield cpu.mutexUnlock(kvm.rmp_mutex);
  if (d.exclusion === 'slots-lock' && !d.slotsLockInside) yield cpu.mutexUnlock(kvm.slots_lock);
}

/** kvm_gmem_allocate(): fallocate() without a hole, invalidate_lock held for read. */
export function* gmemAllocate(cpu: Cpu, s: State, gfn: number): Kernel {
  yield cpu.downRead(s.inode.invalidate_lock);
  const folio = yield* gmemGetFolio(cpu, s, indexOf(gfn));
  if (folio !== null) {
    yield folioUnlock(cpu, folio);
    yield* folioPutRefs(cpu, s, folio, 1);
  }
  yield cpu.upRead(s.inode.invalidate_lock);
}
