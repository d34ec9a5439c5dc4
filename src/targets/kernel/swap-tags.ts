import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { lock, pointer, word } from '../../engine/layout.ts';

// Tags saved by swap entry (arch/arm64/mm/mteswap.c): an xarray whose values are 128-byte buffers.

/** What a swap area has: its lock, and that of the xarray of saved tags. */
export const swapFields = { lock: lock('Spinlock', 'si->lock'), xa_lock: lock('Spinlock', 'mte_pages') };
/** A slot: swap_map[] (see swap-map.ts), page number + 1 in the swap cache, buffer of saved tags. */
export const swapSlotFields = { map: word(), cached: word(), tags: pointer() };

export interface SwapSlot {
  readonly map: number;
  readonly cached: number;
  readonly tags: number;
  readonly index: number;
}

/** What these functions need of a target's state. */
export interface SwapTags {
  readonly swap: { readonly lock: number; readonly xa_lock: number };
  readonly slots: readonly SwapSlot[];
}

/** The xa_store() at the end of mte_save_tags(): an older buffer is freed. */
export function* storeSavedTags(cpu: Cpu, s: SwapTags, slot: number, buffer: number): Kernel {
  yield cpu.spinLock(s.swap.xa_lock);
  const old = yield cpu.readOnce(s.slots[slot].tags);
  yield cpu.rcuAssignPointer(s.slots[slot].tags, buffer);
  yield cpu.spinUnlock(s.swap.xa_lock);
  if (old !== 0) yield cpu.kfree(old);
}

/** mte_invalidate_tags(), from arch_swap_invalidate_page(): called under the swap lock when a slot becomes free. */
export function* mteInvalidateTags(cpu: Cpu, s: SwapTags, slot: number): Kernel {
  yield cpu.spinLock(s.swap.xa_lock);
  const buffer = yield cpu.readOnce(s.slots[slot].tags);
  if (buffer !== 0) yield cpu.writeOnce(s.slots[slot].tags, 0);
  yield cpu.spinUnlock(s.swap.xa_lock);
  if (buffer !== 0) yield cpu.kfree(buffer);
}
