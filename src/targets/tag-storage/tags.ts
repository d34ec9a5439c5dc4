import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { type Page, PG, type State } from './state.ts';

// Tag primitives (arch/arm64/lib/mte.S) and the page-flag helpers of arch/arm64/include/asm/mte.h as of v6.8.

/** mte_clear_page_tags() */
export function* mteClearPageTags(cpu: Cpu, s: State, page: Page): Kernel {
  s.shadow.initialising(page);
  for (const tag of page.tags) yield cpu.writeOnce(tag, 0);
}

/** mte_copy_page_tags() */
export function* mteCopyPageTags(cpu: Cpu, s: State, to: Page, from: Page): Kernel {
  s.shadow.initialising(to);
  for (let g = 0; g < to.tags.length; g++) yield cpu.writeOnce(to.tags[g], yield cpu.readOnce(from.tags[g]));
}

/** mte_copy_page_tags_from_buf() */
export function* mteCopyPageTagsFromBuf(cpu: Cpu, s: State, page: Page, buffer: number): Kernel {
  s.shadow.initialising(page);
  const saved = s.bufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(page.tags[g], yield cpu.readOnce(saved[g]));
}

/** mte_copy_page_tags_to_buf() */
export function* mteCopyPageTagsToBuf(cpu: Cpu, s: State, page: Page, buffer: number): Kernel {
  const saved = s.bufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(saved[g], yield cpu.readOnce(page.tags[g]));
}

/** memcpy() of one saved page of tags to another buffer. */
export function* copyBuffer(cpu: Cpu, s: State, to: number, from: number): Kernel {
  const source = s.bufferTags.get(from) ?? [];
  const target = s.bufferTags.get(to) ?? [];
  for (let g = 0; g < source.length; g++) yield cpu.writeOnce(target[g], yield cpu.readOnce(source[g]));
}

/** page_mte_tagged() */
export function* pageMteTagged(cpu: Cpu, page: Page): Kernel<boolean> {
  if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) return false;
  yield cpu.smpRmb();
  return true;
}

/** set_page_mte_tagged(); RFC v3 warns if the page's storage is not reserved. */
export function* setPageMteTagged(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.warnUnreserved) {
    const reserved = yield cpu.testBit(PG.tag_storage_reserved, page.flags);
    cpu.warnOn(reserved === 0, 'set_page_mte_tagged(): tag storage is not reserved', page.flags);
  }
  if (s.d.wmbInSetTagged) yield cpu.smpWmb();
  yield cpu.setBit(PG.mte_tagged, page.flags);
}

/** try_page_mte_tagging(): true if the caller must initialise the tags and then set PG_mte_tagged. */
export function* tryPageMteTagging(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  if ((yield cpu.testAndSetBit(PG.mte_lock, page.flags)) === 0) return true;
  if (s.d.acquireInWaiter) yield cpu.waitBitAcquire(PG.mte_tagged, page.flags);
  else yield cpu.waitBit(PG.mte_tagged, page.flags);
  return false;
}

/** page_tag_storage_reserved(): a relaxed test_bit(). */
export function* pageTagStorageReserved(cpu: Cpu, page: Page): Kernel<boolean> {
  return (yield cpu.testBit(PG.tag_storage_reserved, page.flags)) === 1;
}
