import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { PG } from '../kernel/page-flags.ts';
import {
  mteRestorePageTags,
  mteSavePageTags,
  pageMteTagged,
  setPageMteTagged,
  testAndSetPageBit,
  tryPageMteTagging,
} from '../kernel/page-tags.ts';
import { storeSavedTags } from '../kernel/swap-tags.ts';
import type { Page, State } from './state.ts';

// arch/arm64/mm/mteswap.c: the xarray mte_pages, indexed by swap entry; values are 128-byte buffers.

/**
 * mte_save_tags(): false if no buffer could be had (the page then stays in memory). With tags always valid
 * (Catalin Marinas's alternative) there is no flag to ask, and a page whose tags are all zero is not saved.
 */
export function* mteSaveTags(cpu: Cpu, s: State, page: Page, slot: number): Kernel<boolean> {
  if (s.d.protocol === 'always-zero') {
    let any = 0;
    for (const tag of page.tags) any |= (yield cpu.readOnce(tag)) & 15;
    if (any === 0) return true;
  } else if (!(yield* pageMteTagged(cpu, s, page))) return true;
  const buffer = yield cpu.kmalloc(s.tagBuffers, Gfp.Kernel);
  if (buffer === 0) return false;
  yield* mteSavePageTags(cpu, s, page, buffer);
  yield* storeSavedTags(cpu, s, slot, buffer);
  return true;
}

/**
 * mte_restore_tags(), by design; true if there were saved tags. In set_pte_at of the flag-first designs
 * PG_mte_tagged was set by the caller (`inSetPte`), elsewhere the function or its caller sets it.
 */
export function* mteRestoreTags(
  cpu: Cpu,
  s: State,
  slot: number,
  page: Page,
  inSetPte: boolean,
): Kernel<boolean> {
  const buffer = yield cpu.rcuDereference(s.slots[slot].tags);
  if (buffer === 0) return false;
  switch (s.d.protocol) {
    case 'flag-first':
    case 'tag-clearing':
      // v5.10 to v6.0: restores; arch_swap_restore() sets the flag afterwards, set_pte_at() has set it before.
      yield* mteRestorePageTags(cpu, s, page, buffer);
      if (!inSetPte || !s.d.flagFirst) yield* setPageMteTagged(cpu, s, page);
      break;
    case 'flag-first-if-init':
      if (!(yield* testAndSetPageBit(cpu, s, PG.mte_tagged, page)))
        yield* mteRestorePageTags(cpu, s, page, buffer);
      break;
    case 'tags-first':
      // 6.1.y kept the flag first in this function; its caller set it again.
      if (!(yield* testAndSetPageBit(cpu, s, PG.mte_tagged, page)))
        yield* mteRestorePageTags(cpu, s, page, buffer);
      break;
    case 'lock':
      if (yield* tryPageMteTagging(cpu, s, page)) {
        yield* mteRestorePageTags(cpu, s, page, buffer);
        yield* setPageMteTagged(cpu, s, page);
      } else cpu.warnOn(s.d.restoreWarns, 'mte_restore_tags(): the page is tagged already', page.flags);
      break;
    case 'spinlock':
      // In set_pte_at the lock is held and the caller flags the page; for shmem the folio lock excludes others.
      yield* mteRestorePageTags(cpu, s, page, buffer);
      if (!inSetPte) yield* setPageMteTagged(cpu, s, page);
      break;
    case 'always-zero':
      yield* mteRestorePageTags(cpu, s, page, buffer);
      break;
  }
  return true;
}
