import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { PG } from '../kernel/page-flags.ts';
import { cmaAllocRange, cmaRelease } from './cma.ts';
import { dropKeptTags, mteRestoreTagsForPfn, restoreAndSetReserved } from './kept-tags.ts';
import type { Page, State } from './state.ts';
import { pageTagStorageReserved } from './tags.ts';

// arch/arm64/kernel/mte_tag_storage.c of the series.

/** reserve_tag_storage(): false if it could not; may sleep. */
export function* reserveTagStorage(cpu: Cpu, s: State, page: Page, order: number): Kernel<boolean> {
  cpu.mightSleep('reserve_tag_storage');
  if (yield* pageTagStorageReserved(cpu, page)) return true;
  const blocks = s.geometry.blocksOf(s.d, page.index, order);
  cpu.warnOn(blocks.length === 0, 'reserve_tag_storage(): missing tag storage block', page.flags);
  yield cpu.mutexLock(s.k.tag_blocks_lock);
  const again = s.d.recheckReserved && (yield* pageTagStorageReserved(cpu, page));
  const done = again || (yield* reserveBlocks(cpu, s, blocks, order));
  if (done && !again) yield* publish(cpu, s, page, order);
  yield cpu.mutexUnlock(s.k.tag_blocks_lock);
  if (done && !again && s.d.order === 'bit-unlock-drain') yield* mteRestoreTagsForPfn(cpu, s, page, order);
  return done;
}

/** The tags that are kept and PG_tag_storage_reserved, in the order of the design. */
function* publish(cpu: Cpu, s: State, page: Page, order: number): Kernel {
  if (s.d.order === 'one-section') return yield* restoreAndSetReserved(cpu, s, page, order);
  if (s.d.order === 'drain-bit') yield* mteRestoreTagsForPfn(cpu, s, page, order);
  // page_set_tag_storage_reserved(): relaxed set_bit()s.
  for (let i = 0; i < 1 << order; i++)
    yield cpu.setBit(PG.tag_storage_reserved, s.pages[page.index + i].flags);
  if (s.d.order === 'bit-drain') yield* mteRestoreTagsForPfn(cpu, s, page, order);
}

/** References to the blocks that are reserved already, then the others, one by one. */
function* reserveBlocks(cpu: Cpu, s: State, blocks: readonly number[], order: number): Kernel<boolean> {
  const references = s.geometry.references(order, s.d.minReferences);
  const irq = yield cpu.spinLockIrqsave(s.k.tag_blocks_reserved);
  let missing = 0;
  for (const b of blocks) {
    if ((yield cpu.readOnce(s.blocks[b].reserved)) === 1)
      yield cpu.atomicAdd(s.blocks[b].refcount, references);
    else missing |= 1 << b;
  }
  yield cpu.spinUnlockIrqrestore(s.k.tag_blocks_reserved, irq);
  for (const b of blocks) {
    if ((missing & (1 << b)) === 0) continue;
    if (yield* reserveBlock(cpu, s, b, references)) continue;
    yield* undo(cpu, s, blocks, references);
    return false;
  }
  return true;
}

/** Takes one block from the page allocator and publishes it. */
function* reserveBlock(cpu: Cpu, s: State, b: number, references: number): Kernel<boolean> {
  if (!(yield* cmaAllocRange(cpu, s, b))) return false;
  if (s.d.cmoOnReserve) {
    // dcache_inval_poc() of the block, with its dsb.
    yield cpu.smpMb();
    s.storage.dataLinesInvalidated(b);
  }
  // xa_store(GFP_KERNEL): allocates with the lock dropped.
  const node = yield cpu.kmalloc(s.nodes, Gfp.Kernel);
  if (node === 0) {
    yield* cmaRelease(cpu, s, b);
    return false;
  }
  if (s.d.blockStoreIrq) yield cpu.spinLockIrq(s.k.tag_blocks_reserved);
  else yield cpu.spinLock(s.k.tag_blocks_reserved);
  yield cpu.writeOnce(s.blocks[b].node, node);
  yield cpu.writeOnce(s.blocks[b].reserved, 1);
  if (s.d.blockStoreIrq) yield cpu.spinUnlockIrq(s.k.tag_blocks_reserved);
  else yield cpu.spinUnlock(s.k.tag_blocks_reserved);
  yield cpu.atomicAdd(s.blocks[b].refcount, references);
  return true;
}

/** The error path: gives back the references and whatever blocks have no others. */
function* undo(cpu: Cpu, s: State, blocks: readonly number[], references: number): Kernel {
  const irq = yield cpu.spinLockIrqsave(s.k.tag_blocks_reserved);
  for (const b of blocks) {
    if ((yield cpu.readOnce(s.blocks[b].reserved)) === 1) yield* putBlock(cpu, s, b, references);
  }
  yield cpu.spinUnlockIrqrestore(s.k.tag_blocks_reserved, irq);
}

/** free_tag_storage(): called when the page is freed, in any context. */
export function* freeTagStorage(cpu: Cpu, s: State, page: Page, order: number): Kernel {
  const blocks = s.geometry.blocksOf(s.d, page.index, order);
  cpu.warnOn(blocks.length === 0, 'free_tag_storage(): missing tag storage block', page.flags);
  if (s.d.cmoOnFree) {
    // dcache_inval_tags_poc() of the pages, with its dsb.
    yield cpu.smpMb();
    for (let i = 0; i < 1 << order; i++) s.storage.tagLinesInvalidated(s.pages[page.index + i].tags);
  }
  if (s.d.eraseOnFree) yield* dropKeptTags(cpu, s, page, order);
  // Frees are not subject to the mutation that forgets min(): the series subtracts what it should have added.
  const references = s.geometry.references(order, true);
  const irq = yield cpu.spinLockIrqsave(s.k.tag_blocks_reserved);
  for (const b of blocks) {
    const present = (yield cpu.readOnce(s.blocks[b].reserved)) === 1;
    cpu.warnOn(!present, 'free_tag_storage(): the block is not reserved', s.blocks[b].reserved);
    yield* putBlock(cpu, s, b, references);
  }
  yield cpu.spinUnlockIrqrestore(s.k.tag_blocks_reserved, irq);
}

/** page_ref_sub_return() of a block; given back to CMA when only its own reference is left. */
function* putBlock(cpu: Cpu, s: State, b: number, references: number): Kernel {
  const { refcount, reserved, node } = s.blocks[b];
  const left = (yield cpu.atomicFetchAdd(refcount, -references)) - references;
  if (left < 1) {
    const message = `the reference count of block ${b} falls to ${left}`;
    cpu.machine.violateNow('block-balance', message, cpu, refcount, []);
  }
  if (left !== 1) return;
  yield cpu.writeOnce(reserved, 0);
  const old = yield cpu.readOnce(node);
  yield cpu.writeOnce(node, 0);
  yield cpu.kfree(old);
  yield* cmaRelease(cpu, s, b);
}
