import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { type Page, PG, type State } from './state.ts';

// Tag primitives (arch/arm64/lib/mte.S) and the page-flag helpers of arch/arm64/include/asm/mte.h.

/** mte_clear_page_tags(): a loop storing tag 0 to all granules. */
export function* mteClearPageTags(cpu: Cpu, s: State, page: Page): Kernel {
  s.shadow.initialising(page);
  for (const tag of page.tags) yield cpu.writeOnce(tag, 0);
}

/** mte_copy_page_tags(): LDGM and STGM in a loop. */
export function* mteCopyPageTags(cpu: Cpu, s: State, to: Page, from: Page): Kernel {
  s.shadow.initialising(to);
  for (let g = 0; g < to.tags.length; g++) yield cpu.writeOnce(to.tags[g], yield cpu.readOnce(from.tags[g]));
}

/** mte_restore_page_tags(): from a 128-byte kernel buffer. */
export function* mteRestorePageTags(cpu: Cpu, s: State, page: Page, buffer: number): Kernel {
  s.shadow.initialising(page);
  const saved = s.tagBufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(page.tags[g], yield cpu.readOnce(saved[g]));
}

/** mte_save_page_tags() */
export function* mteSavePageTags(cpu: Cpu, s: State, page: Page, buffer: number): Kernel {
  const saved = s.tagBufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(saved[g], yield cpu.readOnce(page.tags[g]));
}

/** test_and_set_bit() on page->flags, with the early return of the generic version before 415d83249709 (v6.0). */
export function* testAndSetPageBit(cpu: Cpu, s: State, bit: number, page: Page): Kernel<boolean> {
  if (s.d.unorderedTestAndSet && (yield cpu.testBit(bit, page.flags)) === 1) return true;
  return (yield cpu.testAndSetBit(bit, page.flags)) === 1;
}

/** page_mte_tagged() (v6.2); before that a bare test_bit(). */
export function* pageMteTagged(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) return false;
  if (s.d.rmbInPageTagged) yield cpu.smpRmb();
  return true;
}

/** set_page_mte_tagged() (v6.2); before that a bare set_bit(). */
export function* setPageMteTagged(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.wmbInSetTagged) yield cpu.smpWmb();
  yield cpu.setBit(PG.mte_tagged, page.flags);
}

/** try_page_mte_tagging() (v6.2): true if the caller must initialise the tags and then set PG_mte_tagged. */
export function* tryPageMteTagging(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  if (!(yield* testAndSetPageBit(cpu, s, PG.mte_lock, page))) return true;
  if (s.d.loserWaits) {
    if (s.d.acquireInWaiter) yield cpu.waitBitAcquire(PG.mte_tagged, page.flags);
    else yield cpu.waitBit(PG.mte_tagged, page.flags);
  }
  return !s.d.honourTry;
}

/** mte_ensure_page_tags_cleared() of Peter Collingbourne's patch of June 2022 (mail/mte-sync.txt). */
export function* mteEnsurePageTagsCleared(cpu: Cpu, s: State, page: Page): Kernel {
  if (yield* testAndSetPageBit(cpu, s, PG.mte_tag_clearing, page)) {
    yield cpu.waitBit(PG.mte_tagged, page.flags);
    if (s.d.rmbInPageTagged) yield cpu.smpRmb();
  } else {
    yield* mteClearPageTags(cpu, s, page);
    yield* setPageMteTagged(cpu, s, page);
  }
}
