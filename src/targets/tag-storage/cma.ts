import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { State } from './state.ts';

/** Bits of a block's pages in `free_cma` and `isolated`. */
function pagesOf(s: State, b: number): number {
  const n = s.geometry.blockPages;
  return ((1 << n) - 1) << (b * n);
}

/**
 * cma_alloc_range() of one block, and alloc_contig_range() in it: isolates the block, migrates its users away, takes
 * the free pages. False if somebody could not be moved.
 */
export function* cmaAllocRange(cpu: Cpu, s: State, b: number): Kernel<boolean> {
  const bits = pagesOf(s, b);
  yield cpu.mutexLock(s.k.cma_mutex);
  let irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  let free = yield cpu.readOnce(s.k.free_cma);
  yield cpu.writeOnce(s.k.isolated, bits);
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
  // start_isolate_page_range() ... migrate_pages() ... test_pages_isolated()
  let busy = bits & ~free;
  while (busy !== 0) {
    const page = s.pages[s.firstTagPage + 31 - Math.clz32(busy & -busy)];
    busy &= busy - 1;
    yield* s.migrateFrame(cpu, s, page, s.d.migrateTagged, true);
  }
  irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  free = yield cpu.readOnce(s.k.free_cma);
  const all = (free & bits) === bits;
  if (all) {
    yield cpu.writeOnce(s.k.free_cma, free & ~bits);
    yield cpu.writeOnce(s.blocks[b].refcount, 1);
    s.storage.holdsTags(b);
  }
  yield cpu.writeOnce(s.k.isolated, 0);
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
  yield cpu.mutexUnlock(s.k.cma_mutex);
  return all;
}

/** cma_release(): the block is ordinary memory again. Any context. */
export function* cmaRelease(cpu: Cpu, s: State, b: number): Kernel {
  const irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  yield cpu.writeOnce(s.blocks[b].refcount, 0);
  s.storage.holdsData(b);
  yield cpu.writeOnce(s.k.free_cma, (yield cpu.readOnce(s.k.free_cma)) | pagesOf(s, b));
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
}
