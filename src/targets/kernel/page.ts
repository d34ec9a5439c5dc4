import type { Access, Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import type { SlabCache } from '../../engine/layout.ts';
import { PG } from './page-flags.ts';

/** What every struct page has: words for flags and references; `index` is its number, `base` its address. */
export interface PageFrame {
  readonly flags: number;
  readonly refcount: number;
  readonly index: number;
  readonly base: number;
}

/** A target whose pages come from a cache of the simulated slab, which notices use after free. */
export interface PageCache<P extends PageFrame> {
  readonly pages: readonly P[];
  readonly pageCache: SlabCache;
  /** What the oracles follow a page with. */
  readonly shadow: { freed(page: NoInfer<P>): void };
}

/** A target that says what becomes of a page with its last reference: `freePage()`, or an allocator of its own. */
export interface PageOwner<P extends PageFrame> {
  readonly freePage: (cpu: Cpu, page: P) => Kernel;
}

/** The page frame whose struct is at an address. */
export function pageAt<P extends PageFrame>(s: PageCache<P>, address: number): P | null {
  return s.pages.find(page => page.base === address) ?? null;
}

/** Allocates a frame with one reference; null if the allocation failed. May sleep (GFP_HIGHUSER_MOVABLE). */
export function* allocPage<P extends PageFrame>(cpu: Cpu, s: PageCache<P>): Kernel<P | null> {
  const page = pageAt(s, yield cpu.kmalloc(s.pageCache, Gfp.Kernel));
  if (page === null) return null;
  yield cpu.writeOnce(page.refcount, 1);
  return page;
}

/** get_page() */
export function getPage(cpu: Cpu, page: PageFrame): Access {
  return cpu.atomicInc(page.refcount);
}

/** put_page(): frees the page with the last reference. */
export function* putPage<P extends PageFrame>(cpu: Cpu, s: PageOwner<NoInfer<P>>, page: P): Kernel {
  const left = (yield cpu.atomicFetchAdd(page.refcount, -1)) - 1;
  cpu.warnOn(left < 0, 'put_page() underflows the reference count', page.refcount);
  if (left === 0) yield* s.freePage(cpu, page);
}

/**
 * __free_pages_ok(): the flags are masked by a non-atomic read-modify-write (PAGE_FLAGS_CHECK_AT_PREP); nobody
 * else may hold a reference. Tags and their ghosts of the past stay where they are.
 */
export function* freePage<P extends PageFrame>(cpu: Cpu, s: PageCache<P>, page: P): Kernel {
  const flags = yield cpu.readOnce(page.flags);
  cpu.warnOn((flags & (1 << PG.locked)) !== 0, 'a locked page is freed', page.flags);
  if (flags !== 0) yield cpu.writeOnce(page.flags, 0);
  // The allocator's lock orders the free before the next allocation; it is not modelled word by word.
  yield cpu.smpMb();
  s.shadow.freed(page);
  yield cpu.kfree(page.base);
}

/** Folio locks of a target are one lock class. */
interface FolioLocks {
  readonly folioLockClass: number;
}

export function folioLock(cpu: Cpu, s: FolioLocks, page: PageFrame): Access {
  return cpu.folioLock(PG.locked, page.flags, s.folioLockClass);
}
/** 1 if taken. */
export function folioTrylock(cpu: Cpu, s: FolioLocks, page: PageFrame): Access {
  return cpu.folioTrylock(PG.locked, page.flags, s.folioLockClass);
}
export function folioUnlock(cpu: Cpu, page: PageFrame): Access {
  return cpu.folioUnlock(PG.locked, page.flags);
}
