import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { dropKeptTags, dropReserve, reserveForCopy } from './kept-tags.ts';
import { freeTagStorage, reserveTagStorage } from './reserve.ts';
import { isTagStorage, type Page, type State } from './state.ts';

/** Bit of the page in the allocator's words: of `free` for ordinary frames, of `free_cma` for tag-storage pages. */
function bitOf(s: State, page: Page): number {
  return 1 << (isTagStorage(s, page) ? page.index - s.firstTagPage : page.index);
}

/**
 * alloc_pages(GFP_HIGHUSER_MOVABLE), one page with one reference; null if there is none. With `tagged` (__GFP_TAGGED)
 * never from tag storage, and arch_alloc_page() reserves storage for it.
 */
export function* allocPage(cpu: Cpu, s: State, tagged: boolean): Kernel<Page | null> {
  cpu.mightSleep('alloc_pages(GFP_HIGHUSER_MOVABLE)');
  const page = yield* takeFree(cpu, s, !tagged && cpu.choose(2) === 1);
  if (page === null) return null;
  yield cpu.kmalloc(s.frames[page.index], Gfp.Nofail);
  // free_pages_prepare() has cleared page->mapping: whoever takes a reference by page number, to migrate it, finds no owner.
  yield cpu.writeOnce(page.mapping, 0);
  yield cpu.smpStoreRelease(page.refcount, 1);
  if (tagged && !(yield* reserveTagStorage(cpu, s, page, 0)) && s.d.mandatory) {
    yield* putPage(cpu, s, page);
    return null;
  }
  if (s.d.copyMemory === 'at-allocation' && !(yield* reserveForCopy(cpu, s, page))) {
    yield* putPage(cpu, s, page);
    return null;
  }
  return page;
}

/** Takes a page off the free lists; the most calming choice is an ordinary one. */
function* takeFree(cpu: Cpu, s: State, cma: boolean): Kernel<Page | null> {
  const irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  let page: Page | null = null;
  if (cma) {
    const usable = (yield cpu.readOnce(s.k.free_cma)) & ~(yield cpu.readOnce(s.k.isolated));
    if (usable !== 0) {
      yield cpu.writeOnce(s.k.free_cma, (yield cpu.readOnce(s.k.free_cma)) & ~(usable & -usable));
      page = s.pages[s.firstTagPage + 31 - Math.clz32(usable & -usable)];
    }
  }
  if (page === null) {
    const free = yield cpu.readOnce(s.k.free);
    if (free !== 0) {
      yield cpu.writeOnce(s.k.free, free & (free - 1));
      page = s.pages[31 - Math.clz32(free & -free)];
    }
  }
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
  return page;
}

/** free_pages_prepare() and the free list; the tags keep their values. */
export function* freePage(cpu: Cpu, s: State, page: Page): Kernel {
  yield* freePagesPrepare(cpu, s, page, 0);
  yield cpu.kfree(page.base);
  const irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  const list = isTagStorage(s, page) ? s.k.free_cma : s.k.free;
  yield cpu.writeOnce(list, (yield cpu.readOnce(list)) | bitOf(s, page));
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
}

/** free_pages_prepare(): the tag-storage hook, then all flags by a plain read-modify-write. */
export function* freePagesPrepare(cpu: Cpu, s: State, page: Page, order: number): Kernel {
  const flags = yield cpu.readOnce(page.flags);
  const hook = s.d.freeHookTagged ? PG.mte_tagged : PG.tag_storage_reserved;
  if ((flags & (1 << hook)) !== 0) yield* freeTagStorage(cpu, s, page, order);
  else if (s.d.eraseUnreserved) yield* dropKeptTags(cpu, s, page, order);
  for (let i = 0; i < 1 << order; i++) {
    const one = s.pages[page.index + i];
    yield* dropReserve(cpu, s, one, s.d.reserveFreeHook);
    yield cpu.writeOnce(one.flags, (yield cpu.readOnce(one.flags)) & 0);
    s.shadow.freed(one);
  }
}
