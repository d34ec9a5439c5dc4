import type { Access, Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { type Page, PG, type State } from './state.ts';

/** The page frame whose struct is at an address. */
export function pageAt(s: State, address: number): Page | null {
  return s.pages.find(page => page.base === address) ?? null;
}

/** Allocates a frame with one reference; null if the allocation failed. May sleep (GFP_HIGHUSER_MOVABLE). */
export function* allocPage(cpu: Cpu, s: State): Kernel<Page | null> {
  const page = pageAt(s, yield cpu.kmalloc(s.pageCache, Gfp.Kernel));
  if (page === null) return null;
  yield cpu.writeOnce(page.refcount, 1);
  return page;
}

/** get_page() */
export function getPage(cpu: Cpu, page: Page): Access {
  return cpu.atomicInc(page.refcount);
}

/** put_page(): frees the page with the last reference. */
export function* putPage(cpu: Cpu, s: State, page: Page): Kernel {
  const left = (yield cpu.atomicFetchAdd(page.refcount, -1)) - 1;
  cpu.warnOn(left < 0, 'put_page() underflows the reference count', page.refcount);
  if (left === 0) yield* freePage(cpu, s, page);
}

/**
 * __free_pages_ok(): the flags are masked by a non-atomic read-modify-write (PAGE_FLAGS_CHECK_AT_PREP); nobody
 * else may hold a reference. Tags and their ghosts of the past stay where they are.
 */
export function* freePage(cpu: Cpu, s: State, page: Page): Kernel {
  const flags = yield cpu.readOnce(page.flags);
  cpu.warnOn((flags & (1 << PG.locked)) !== 0, 'a locked page is freed', page.flags);
  if (flags !== 0) yield cpu.writeOnce(page.flags, 0);
  // The allocator's lock orders the free before the next allocation; it is not modelled word by word.
  yield cpu.smpMb();
  s.shadow.freed(page);
  yield cpu.kfree(page.base);
}

export function folioLock(cpu: Cpu, s: State, page: Page): Access {
  return cpu.folioLock(PG.locked, page.flags, s.folioLockClass);
}
/** 1 if taken. */
export function folioTrylock(cpu: Cpu, s: State, page: Page): Access {
  return cpu.folioTrylock(PG.locked, page.flags, s.folioLockClass);
}
export function folioUnlock(cpu: Cpu, page: Page): Access {
  return cpu.folioUnlock(PG.locked, page.flags);
}
