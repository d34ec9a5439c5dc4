import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioLock, folioTrylock, folioUnlock } from '../kernel/page.ts';
import { checkHostWrite } from './checks.ts';
import { HPAGE } from './entries.ts';
import { unmapHostMapping } from './host-unmap.ts';
import { allocFolio, folioPutRefs } from './page.ts';
import { directMapWalk, sevGmemInvalidate } from './rmp.ts';
import { Owner, type Page, type State } from './state.ts';

/** The head of the folio that a frame belongs to. */
function* folioOf(cpu: Cpu, s: State, page: Page): Kernel<Page> {
  if (!s.d.hugeFolios || page.index % HPAGE === 0) return page;
  const head = s.pages[page.index - 1];
  return (yield cpu.readOnce(head.order)) === 1 ? head : page;
}

/** filemap_get_entry(): the folio at an index with a reference; null if there is none. */
export function* filemapGetFolio(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  const slot = s.inode.i_pages[index];
  while (true) {
    const entry = yield cpu.readOnce(slot);
    if (entry === 0) return null;
    const folio = yield* folioOf(cpu, s, s.pages[entry - 1]);
    if ((yield cpu.atomicFetchAddUnless(folio.refcount, 1, 0)) !== 0) {
      if ((yield cpu.readOnce(slot)) === entry) return folio;
      yield* folioPutRefs(cpu, s, folio, 1);
    }
    yield cpu.cpuRelax();
  }
}

/** filemap_lock_folio(): as before, locked and still in the page cache. */
export function* filemapLockFolio(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  while (true) {
    const folio = yield* filemapGetFolio(cpu, s, index);
    if (folio === null) return null;
    yield folioLock(cpu, s, folio);
    if ((yield cpu.readOnce(folio.mapping)) !== 0 && (yield cpu.readOnce(s.inode.i_pages[index])) !== 0) {
      return folio;
    }
    yield folioUnlock(cpu, folio);
    yield* folioPutRefs(cpu, s, folio, 1);
    yield cpu.cpuRelax();
  }
}

/** filemap_grab_folio(): finds or creates the folio at an index, locked, with a reference; null if memory is short. */
export function* filemapGrabFolio(cpu: Cpu, s: State, index: number): Kernel<Page | null> {
  while (true) {
    const found = yield* filemapLockFolio(cpu, s, index);
    if (found !== null) return found;
    const order = s.d.hugeFolios ? 1 : 0;
    const folio =
      (order === 1 ? yield* addFolio(cpu, s, index - (index % HPAGE), 1) : null) ??
      (yield* addFolio(cpu, s, index, 0));
    if (folio !== undefined && folio !== null) return folio;
    if ((yield cpu.readOnce(s.inode.i_pages[index])) === 0) return null;
    yield cpu.cpuRelax();
  }
}

/** filemap_add_folio() of a new folio; null if memory is short or somebody else was faster. */
function* addFolio(cpu: Cpu, s: State, index: number, order: number): Kernel<Page | null> {
  const folio = yield* allocFolio(cpu, s, order, Owner.gmem);
  if (folio === null) return null;
  const pages = 1 << order;
  yield cpu.writeOnce(folio.refcount, pages + 1);
  if (order === 1) {
    yield cpu.writeOnce(folio.order, 1);
    yield cpu.writeOnce(s.pages[folio.index + 1].mapping, index + 2);
  }
  yield cpu.writeOnce(folio.mapping, index + 1);
  yield folioLock(cpu, s, folio);
  for (let i = 0; i < pages; i++) {
    if ((yield cpu.cmpxchg(s.inode.i_pages[index + i], 0, folio.index + i + 1)) === 0) continue;
    // Somebody else has added a folio: take back what was added.
    for (let j = 0; j < i; j++) yield cpu.xchg(s.inode.i_pages[index + j], 0);
    for (let j = 0; j < pages; j++) yield cpu.writeOnce(s.pages[folio.index + j].mapping, 0);
    yield folioUnlock(cpu, folio);
    yield* folioPutRefs(cpu, s, folio, pages + 1);
    return null;
  }
  return folio;
}

/** Removal of a locked folio from the page cache: truncate_inode_folio(), filemap_remove_folio(), a_ops->free_folio. */
function* removeFolio(cpu: Cpu, s: State, folio: Page): Kernel {
  const order = s.d.hugeFolios ? yield cpu.readOnce(folio.order) : 0;
  const index = (yield cpu.readOnce(folio.mapping)) - 1;
  for (let i = 0; i < 1 << order; i++) {
    if (s.d.mmap) yield* unmapHostMapping(cpu, s, index + i);
    yield cpu.xchg(s.inode.i_pages[index + i], 0);
    yield cpu.writeOnce(s.pages[folio.index + i].mapping, 0);
  }
  // kvm_gmem_free_folio(): the folio is locked and cannot be found any more.
  if (s.d.sharedAt === 'free-folio') yield* sevGmemInvalidate(cpu, s, folio, 1 << order);
  yield* folioPutRefs(cpu, s, folio, 1 << order);
}

/** truncate_inode_pages_range() (mm/truncate.c) from `start` up to, but not including, `end`. */
export function* truncateInodePages(cpu: Cpu, s: State, start: number, end: number): Kernel {
  // First pass: what can be locked at once.
  for (let index = start; index < end; index++) {
    const folio = yield* filemapGetFolio(cpu, s, index);
    if (folio === null) continue;
    if (yield* sticksOut(cpu, s, folio, start, end)) {
      yield* folioPutRefs(cpu, s, folio, 1);
      continue;
    }
    if ((yield folioTrylock(cpu, s, folio)) === 1) {
      if ((yield cpu.readOnce(folio.mapping)) !== 0) yield* removeFolio(cpu, s, folio);
      yield folioUnlock(cpu, folio);
    }
    yield* folioPutRefs(cpu, s, folio, 1, true);
  }
  if (s.d.truncateNextPage && end < s.indices) yield* truncatePartial(cpu, s, end);
  if (s.d.partialHoles) {
    for (let index = start; index < end; index++) yield* truncatePartOfLarge(cpu, s, index, start, end);
  }
  // Second pass: what was busy or has come since.
  for (let index = start; index < end; index++) {
    const folio = yield* filemapLockFolio(cpu, s, index);
    if (folio === null) continue;
    const whole = !(yield* sticksOut(cpu, s, folio, start, end));
    if (whole) yield* removeFolio(cpu, s, folio);
    yield folioUnlock(cpu, folio);
    yield* folioPutRefs(cpu, s, folio, 1, whole);
  }
}

/** Whether a folio is large and only a part of it lies in [start, end). */
function* sticksOut(cpu: Cpu, s: State, folio: Page, start: number, end: number): Kernel<boolean> {
  if (!s.d.partialHoles || (yield cpu.readOnce(folio.order)) === 0) return false;
  const index = (yield cpu.readOnce(folio.mapping)) - 1;
  return index >= 0 && (index < start || index + HPAGE > end);
}

/**
 * truncate_inode_partial_folio() of a large folio: the page at `index` is zeroed unless the file is AS_INACCESSIBLE. The
 * folio stays, as it does where the split fails and the folio is dirty; splits are not modelled.
 */
function* truncatePartOfLarge(cpu: Cpu, s: State, index: number, start: number, end: number): Kernel {
  const folio = yield* filemapLockFolio(cpu, s, index);
  if (folio === null) return;
  if (!s.d.inaccessible && (yield* sticksOut(cpu, s, folio, start, end))) {
    const page = s.pages[folio.index + (index % HPAGE)];
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 0);
    checkHostWrite(cpu, s, page, entry);
  }
  yield folioUnlock(cpu, folio);
  yield* folioPutRefs(cpu, s, folio, 1);
}

/** truncate_inode_partial_folio(): zeroes the part of a page that the hole covers, unless the file is AS_INACCESSIBLE. */
function* truncatePartial(cpu: Cpu, s: State, index: number): Kernel {
  const folio = yield* filemapLockFolio(cpu, s, index);
  if (folio === null) return;
  if (!s.d.inaccessible) {
    const entry = yield directMapWalk(cpu, s, folio);
    yield cpu.writeOnce(folio.data, 0);
    checkHostWrite(cpu, s, folio, entry);
  }
  yield folioUnlock(cpu, folio);
  yield* folioPutRefs(cpu, s, folio, 1);
}
