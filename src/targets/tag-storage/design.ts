import type { TagProtocol } from '../kernel/page-tags.ts';
import { switchesOf } from '../kernel/settings.ts';
import type { Settings } from '../target.ts';

/** When tags kept by pfn are written back, relative to PG_tag_storage_reserved, in reserve_tag_storage(). */
export type RestoreOrder =
  /** RFC v2: the bit, mutex_unlock(), then the tags. */
  | 'bit-unlock-drain'
  /** Evgenii Stepanov's suggestion: the bit, then the tags, both under tag_blocks_lock. */
  | 'bit-drain'
  /** RFC v3: the tags, then the bit, both under tag_blocks_lock. */
  | 'drain-bit'
  /** Section 2.8 of the fact sheet: PG_mte_lock, bit, tags, PG_mte_tagged in one tags_by_pfn section. */
  | 'one-section';

/** Where copy_highpage() gets the memory for tags of a destination without storage. */
export type CopyMemory =
  /** RFC v3: kmalloc() and xa_reserve() with GFP_KERNEL inside copy_highpage(). */
  | 'blocking'
  /** The mail's first proposal: buffers carved out of a GFP_ATOMIC page, GFP_ATOMIC store, kill on failure. */
  | 'atomic-cache'
  /** Second: copy_highpage_prepare() and copy_highpage_end() around the critical section. */
  | 'prepare-end'
  /** Third: reserved when the page is allocated, freed by set_pte_at() if unused. */
  | 'at-allocation';

/** How many steps the walk over the blocks of an allocation makes. */
export type BlockLoop = 'v2' | 'v3' | 'exact';

/** What the designs differ in. Each is a setting of a variant and may be changed by a switch. */
export interface Design extends TagProtocol {
  readonly order: RestoreOrder;
  readonly copyMemory: CopyMemory;
  readonly loop: BlockLoop;
  /** Tag pages per block (hardware); 1 or 2. */
  readonly twoPageBlocks: boolean;
  /** mem_range does not begin at a block boundary, so that an aligned allocation straddles one more block. */
  readonly straddling: boolean;
  /** The data range of a region that spans zones is cut 31 pages early. */
  readonly zoneSplitSkew: boolean;
  /** arch_alloc_page(): a tagged allocation without storage fails (v2) or is handed out anyway (v3). */
  readonly mandatory: boolean;
  /** set_page_mte_tagged() warns if the page is not reserved (v3). */
  readonly warnUnreserved: boolean;
  /** try_transfer_saved_tags() has VM_WARN_ON_ONCE(!preemptible()) (CONFIG_DEBUG_VM). */
  readonly warnPreemptible: boolean;
  /** mte_save_tags_for_pfn() reports success if xa_reserve() failed. */
  readonly reserveErrorIsSuccess: boolean;
  /** mte_save_tags_for_pfn() reports success if __xa_store() failed. */
  readonly storeErrorIsSuccess: boolean;
  /** xa_release(), which takes the lock, is called with the lock held. */
  readonly releaseTakesLock: boolean;
  /** __xa_store() in the critical section is given GFP_KERNEL, and may drop the lock to allocate. */
  readonly storeDropsLock: boolean;
  /** Which pages the free hook looks at: those with PG_mte_tagged (patch 23) or PG_tag_storage_reserved (patch 32). */
  readonly freeHookTagged: boolean;
  /** The free hook erases the tags kept for a page that is reserved. */
  readonly eraseOnFree: boolean;
  /** Freeing a page that is not reserved erases the tags kept for it as well. */
  readonly eraseUnreserved: boolean;
  /** tags_by_pfn is locked with interrupts off. */
  readonly pfnLockIrqsave: boolean;
  /** tag_blocks_reserved is stored to with interrupts off. */
  readonly blockStoreIrq: boolean;
  /** Data cache lines of a block are invalidated before it holds tags. */
  readonly cmoOnReserve: boolean;
  /** Tag cache lines of a page are invalidated before its block may hold data. */
  readonly cmoOnFree: boolean;
  /** References added to a block are limited to the pages that it serves. */
  readonly minReferences: boolean;
  /** reserve_tag_storage() looks at the bit again under tag_blocks_lock. */
  readonly recheckReserved: boolean;
  /** mte_restore_tags_for_pfn() writes the tags even if it lost try_page_mte_tagging(). */
  readonly restoreAnyway: boolean;
  /** mte_restore_page_tags_by_swp_entry() writes the tags even if it lost try_page_mte_tagging(). */
  readonly swapRestoreAnyway: boolean;
  /** mte_restore_page_tags_by_swp_entry() looks at PG_tag_storage_reserved: the patch of the mail. */
  readonly deferRestore: boolean;
  /** try_transfer_saved_tags() takes the entry away from a source that has no storage, instead of copying it. */
  readonly transferMoves: boolean;
  /** try_transfer_saved_tags() looks again if the source became tagged meanwhile. */
  readonly transferRetests: boolean;
  /** When the destination became reserved meanwhile, tags of an untagged source are dropped instead of written. */
  readonly transferDrops: boolean;
  /** unuse_pte() prepares the restore under the page-table lock. */
  readonly unusePrepareAtomic: boolean;
  /** mte_save_page_tags_by_swp_entry() saves what tags_by_pfn keeps for a page that was never reserved. */
  readonly saveKept: boolean;
  /** khugepaged collapses VM_MTE areas (v3 without patch 31). */
  readonly collapseMte: boolean;
  /** Hypothetical: buffer-head pages may be tagged. */
  readonly bufferHeadTagged: boolean;
  /** copy_highpage() has might_sleep(), and buffer-head migration was not converted to copy_highpage_atomic(). */
  readonly missedCaller: boolean;
  /** Fix 1: a failed allocation is ignored instead of killing the process. */
  readonly ignoreFailure: boolean;
  /** Fix 2: what is unused is released on every way out. */
  readonly endOnExit: boolean;
  /** Fix 3: page free releases what set_pte_at() did not. */
  readonly reserveFreeHook: boolean;
  /** Fix 3: set_pte_at() clears the pointer to the buffer that it frees. */
  readonly reserveCleared: boolean;
  /** A tag-storage page found in a VM_MTE area is tagged instead of replaced. */
  readonly tagTagStorage: boolean;
  /** Destinations of migration out of a block are allocated with __GFP_TAGGED. */
  readonly migrateTagged: boolean;
  /** shmem allocates its replacement page while it holds a folio lock. */
  readonly lockThenAllocate: boolean;
  /** Hypothetical: anybody may reserve storage for any page at any time. */
  readonly anyReserver: boolean;
}

const orders: readonly string[] = [
  'bit-unlock-drain',
  'bit-drain',
  'drain-bit',
  'one-section',
] satisfies RestoreOrder[];
const memories: readonly string[] = [
  'blocking',
  'atomic-cache',
  'prepare-end',
  'at-allocation',
] satisfies CopyMemory[];
const loops: readonly string[] = ['v2', 'v3', 'exact'] satisfies BlockLoop[];

function isOrder(value: unknown): value is RestoreOrder {
  return typeof value === 'string' && orders.includes(value);
}
function isMemory(value: unknown): value is CopyMemory {
  return typeof value === 'string' && memories.includes(value);
}
function isLoop(value: unknown): value is BlockLoop {
  return typeof value === 'string' && loops.includes(value);
}

/** Reads a design out of settings; throws if a variant leaves something out. */
export function designOf(settings: Settings): Design {
  const bool = switchesOf<keyof Design>(settings);
  const { order, copyMemory, loop } = settings;
  if (!isOrder(order)) throw new TypeError(`unknown order ${String(order)}`);
  if (!isMemory(copyMemory)) throw new TypeError(`unknown copyMemory ${String(copyMemory)}`);
  if (!isLoop(loop)) throw new TypeError(`unknown loop ${String(loop)}`);
  return {
    order,
    copyMemory,
    loop,
    twoPageBlocks: bool('twoPageBlocks'),
    straddling: bool('straddling'),
    zoneSplitSkew: bool('zoneSplitSkew'),
    mandatory: bool('mandatory'),
    warnUnreserved: bool('warnUnreserved'),
    warnPreemptible: bool('warnPreemptible'),
    reserveErrorIsSuccess: bool('reserveErrorIsSuccess'),
    storeErrorIsSuccess: bool('storeErrorIsSuccess'),
    releaseTakesLock: bool('releaseTakesLock'),
    storeDropsLock: bool('storeDropsLock'),
    freeHookTagged: bool('freeHookTagged'),
    eraseOnFree: bool('eraseOnFree'),
    eraseUnreserved: bool('eraseUnreserved'),
    pfnLockIrqsave: bool('pfnLockIrqsave'),
    blockStoreIrq: bool('blockStoreIrq'),
    cmoOnReserve: bool('cmoOnReserve'),
    cmoOnFree: bool('cmoOnFree'),
    minReferences: bool('minReferences'),
    recheckReserved: bool('recheckReserved'),
    acquireInWaiter: bool('acquireInWaiter'),
    wmbInSetTagged: bool('wmbInSetTagged'),
    rmbInPageTagged: bool('rmbInPageTagged'),
    loserWaits: bool('loserWaits'),
    honourTry: bool('honourTry'),
    unorderedTestAndSet: bool('unorderedTestAndSet'),
    restoreAnyway: bool('restoreAnyway'),
    swapRestoreAnyway: bool('swapRestoreAnyway'),
    deferRestore: bool('deferRestore'),
    transferMoves: bool('transferMoves'),
    transferRetests: bool('transferRetests'),
    transferDrops: bool('transferDrops'),
    unusePrepareAtomic: bool('unusePrepareAtomic'),
    saveKept: bool('saveKept'),
    collapseMte: bool('collapseMte'),
    bufferHeadTagged: bool('bufferHeadTagged'),
    missedCaller: bool('missedCaller'),
    ignoreFailure: bool('ignoreFailure'),
    endOnExit: bool('endOnExit'),
    reserveFreeHook: bool('reserveFreeHook'),
    reserveCleared: bool('reserveCleared'),
    tagTagStorage: bool('tagTagStorage'),
    migrateTagged: bool('migrateTagged'),
    lockThenAllocate: bool('lockThenAllocate'),
    anyReserver: bool('anyReserver'),
  };
}
