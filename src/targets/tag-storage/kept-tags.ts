import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteRestorePageTags, tryPageMteTagging } from '../kernel/page-tags.ts';
import { type Page, type State, XA_ZERO_ENTRY } from './state.ts';
import { setPageMteTagged } from './tags.ts';

// The second half of arch/arm64/mm/mteswap.c of the series: tags kept in an xarray by pfn until storage is reserved.
// Each entry has a node of its own here; in the kernel 64 share one.

/** tags_by_pfn_lock(): a plain xa_lock() in the RFC, with interrupts off in the fixed form. */
export function* tagsByPfnLock(cpu: Cpu, s: State): Kernel<number> {
  if (s.d.pfnLockIrqsave) return yield cpu.spinLockIrqsave(s.k.tags_by_pfn);
  yield cpu.spinLock(s.k.tags_by_pfn);
  return 0;
}
export function* tagsByPfnUnlock(cpu: Cpu, s: State, irq: number): Kernel {
  if (s.d.pfnLockIrqsave) yield cpu.spinUnlockIrqrestore(s.k.tags_by_pfn, irq);
  else yield cpu.spinUnlock(s.k.tags_by_pfn);
}

/** __xa_erase(): also removes a zero entry; returns the buffer, 0 if there was none. */
export function* xaErase(cpu: Cpu, s: State, pfn: number): Kernel<number> {
  const { entry, node } = s.kept[pfn];
  const old = yield cpu.readOnce(entry);
  if (old === 0) return 0;
  const owned = yield cpu.readOnce(node);
  yield cpu.writeOnce(entry, 0);
  yield cpu.writeOnce(node, 0);
  yield cpu.kfree(owned);
  return old === XA_ZERO_ENTRY ? 0 : old;
}

/**
 * Whether tags are kept for a page. The lock is needed: a reserver takes the entry away before it has written the tags
 * and set PG_mte_tagged, so who looks without it may find the tags in neither place.
 */
export function* hasKeptTags(cpu: Cpu, s: State, pfn: number): Kernel<boolean> {
  const irq = yield* tagsByPfnLock(cpu, s);
  const entry = yield cpu.readOnce(s.kept[pfn].entry);
  yield* tagsByPfnUnlock(cpu, s, irq);
  return entry !== 0 && entry !== XA_ZERO_ENTRY;
}

/** xa_reserve(): allocates outside the lock if it may block; false if there is no memory. */
export function* xaReserve(cpu: Cpu, s: State, pfn: number, gfp: number): Kernel<boolean> {
  const { entry, node } = s.kept[pfn];
  if (gfp === Gfp.Kernel) cpu.mightSleep('xa_reserve(GFP_KERNEL)');
  let irq = yield* tagsByPfnLock(cpu, s);
  let present = (yield cpu.readOnce(entry)) !== 0;
  if (!present) {
    yield* tagsByPfnUnlock(cpu, s, irq);
    const fresh = yield cpu.kmalloc(s.nodes, gfp);
    if (fresh === 0) return false;
    irq = yield* tagsByPfnLock(cpu, s);
    present = (yield cpu.readOnce(entry)) !== 0;
    if (present) yield cpu.kfree(fresh);
    else {
      yield cpu.writeOnce(node, fresh);
      yield cpu.writeOnce(entry, XA_ZERO_ENTRY);
    }
  }
  yield* tagsByPfnUnlock(cpu, s, irq);
  return true;
}

/** xa_release(): takes the lock; __xa_release, which the kernel lacks, is what the caller would need. */
export function* xaRelease(cpu: Cpu, s: State, pfn: number, locked: boolean): Kernel {
  const takes = !locked || s.d.releaseTakesLock;
  const irq = takes ? yield* tagsByPfnLock(cpu, s) : 0;
  if ((yield cpu.readOnce(s.kept[pfn].entry)) === XA_ZERO_ENTRY) yield* xaErase(cpu, s, pfn);
  if (takes) yield* tagsByPfnUnlock(cpu, s, irq);
}

/** __xa_store() with the lock held: the old buffer or 0, or -1 if it needed a node and got none. */
function* xaStore(cpu: Cpu, s: State, pfn: number, buffer: number, irq: number): Kernel<number> {
  const { entry, node } = s.kept[pfn];
  let old = yield cpu.readOnce(entry);
  if (s.d.storeDropsLock && old === 0) {
    // GFP_KERNEL: unlock, allocate, lock, and walk again.
    yield* tagsByPfnUnlock(cpu, s, irq);
    const fresh = yield cpu.kmalloc(s.nodes, Gfp.Kernel);
    yield* tagsByPfnLock(cpu, s);
    old = yield cpu.readOnce(entry);
    if (fresh === 0 && old === 0) return -1;
    if (old === 0) yield cpu.writeOnce(node, fresh);
    else yield cpu.kfree(fresh);
  } else if (old === 0) {
    const fresh = yield cpu.kmalloc(s.nodes, Gfp.Atomic);
    if (fresh === 0) return -1;
    yield cpu.writeOnce(node, fresh);
  }
  yield cpu.rcuAssignPointer(entry, buffer);
  return old === XA_ZERO_ENTRY ? 0 : old;
}

/** What became of a buffer given to mte_save_tags_for_pfn(). */
export type Saved = 'kept' | 'reserved' | 'failed';

/**
 * mte_save_tags_for_pfn(): keeps the buffer for the page unless its storage is reserved meanwhile ('reserved': the
 * buffer is still the caller's). In RFC v3 failures look like success, and the buffer is nobody's.
 */
export function* mteSaveTagsForPfn(
  cpu: Cpu,
  s: State,
  buffer: number,
  page: Page,
  gfp: number,
): Kernel<Saved> {
  const pfn = page.index;
  // With __xa_store(GFP_KERNEL) nothing would need to be reserved.
  if (!s.d.storeDropsLock && !(yield* xaReserve(cpu, s, pfn, gfp))) {
    if (s.d.reserveErrorIsSuccess) return 'kept';
    // A slot that was prepared may have been taken away by who reserved the storage: then it is not needed.
    return (yield cpu.testBit(PG.tag_storage_reserved, page.flags)) === 1 ? 'reserved' : 'failed';
  }
  const irq = yield* tagsByPfnLock(cpu, s);
  if ((yield cpu.testBit(PG.tag_storage_reserved, page.flags)) === 1) {
    yield* xaRelease(cpu, s, pfn, true);
    yield* tagsByPfnUnlock(cpu, s, irq);
    return 'reserved';
  }
  const old = yield* xaStore(cpu, s, pfn, buffer, irq);
  if (old < 0) {
    yield* xaRelease(cpu, s, pfn, true);
    yield* tagsByPfnUnlock(cpu, s, irq);
    return s.d.storeErrorIsSuccess ? 'kept' : 'failed';
  }
  if (old > 0) yield cpu.kfree(old);
  yield* tagsByPfnUnlock(cpu, s, irq);
  return 'kept';
}

/** mte_restore_tags_for_pfn(): writes back what is kept for the pages; their storage is being reserved. */
export function* mteRestoreTagsForPfn(cpu: Cpu, s: State, first: Page, order: number): Kernel {
  const irq = yield* tagsByPfnLock(cpu, s);
  for (let i = 0; i < 1 << order; i++) {
    const page = s.pages[first.index + i];
    const buffer = yield* xaErase(cpu, s, page.index);
    if (buffer === 0) continue;
    const won = yield* tryPageMteTagging(cpu, s, page);
    if (won || s.d.restoreAnyway) {
      yield* mteRestorePageTags(cpu, s, page, buffer);
      yield* setPageMteTagged(cpu, s, page);
    }
    yield cpu.kfree(buffer);
  }
  yield* tagsByPfnUnlock(cpu, s, irq);
}

/**
 * The order of section 2.8 that satisfies both checks: in one tags_by_pfn section win PG_mte_lock of the pages that
 * have tags kept, set PG_tag_storage_reserved on all, then write the tags and set PG_mte_tagged. Who sees the bit
 * early waits for PG_mte_tagged.
 */
export function* restoreAndSetReserved(cpu: Cpu, s: State, first: Page, order: number): Kernel {
  const irq = yield* tagsByPfnLock(cpu, s);
  const won: (readonly [page: Page, buffer: number])[] = [];
  for (let i = 0; i < 1 << order; i++) {
    const page = s.pages[first.index + i];
    const buffer = yield* xaErase(cpu, s, page.index);
    if (buffer === 0) continue;
    if (yield* tryPageMteTagging(cpu, s, page)) won.push([page, buffer]);
    else yield cpu.kfree(buffer);
  }
  for (let i = 0; i < 1 << order; i++)
    yield cpu.setBit(PG.tag_storage_reserved, s.pages[first.index + i].flags);
  for (const [page, buffer] of won) {
    yield* mteRestorePageTags(cpu, s, page, buffer);
    yield* setPageMteTagged(cpu, s, page);
    yield cpu.kfree(buffer);
  }
  yield* tagsByPfnUnlock(cpu, s, irq);
}

/** Erases what is kept for pages that are freed. */
export function* dropKeptTags(cpu: Cpu, s: State, first: Page, order: number): Kernel {
  const irq = yield* tagsByPfnLock(cpu, s);
  for (let i = 0; i < 1 << order; i++) {
    const buffer = yield* xaErase(cpu, s, first.index + i);
    if (buffer !== 0) yield cpu.kfree(buffer);
  }
  yield* tagsByPfnUnlock(cpu, s, irq);
}

/** Fix 3: buffer and slot for the tags of a new page that has no storage. */
export function* reserveForCopy(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  if ((yield cpu.testBit(PG.tag_storage_reserved, page.flags)) === 1) return true;
  const buffer = yield cpu.kmalloc(s.buffers, Gfp.Kernel);
  if (buffer === 0) return false;
  if (!(yield* xaReserve(cpu, s, page.index, Gfp.Kernel))) {
    yield cpu.kfree(buffer);
    return false;
  }
  yield cpu.rcuAssignPointer(page.reserve, buffer);
  return true;
}

/** Fix 3: frees what was reserved for a page and is unused; with `free` unset the pointer is merely forgotten. */
export function* dropReserve(cpu: Cpu, s: State, page: Page, free: boolean): Kernel {
  if (s.d.copyMemory !== 'at-allocation') return;
  if (!free) {
    yield cpu.writeOnce(page.reserve, 0);
    return;
  }
  const buffer = s.d.reserveCleared ? yield* takeReserve(cpu, page) : yield cpu.readOnce(page.reserve);
  if (buffer === 0) return;
  yield cpu.kfree(buffer);
  yield* xaRelease(cpu, s, page.index, false);
}

/** Fix 3: takes the reserved buffer; several CPUs may try. */
export function* takeReserve(cpu: Cpu, page: Page): Kernel<number> {
  return yield cpu.xchg(page.reserve, 0);
}
