import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { TaggedPage, TagShadow } from '../../oracles/tag-shadow.ts';
import type { PageFrame } from './page.ts';
import { PG } from './page-flags.ts';

// Tag primitives (arch/arm64/lib/mte.S) and the page-flag helpers of arch/arm64/include/asm/mte.h (v6.2). Before v6.2
// there were bare test_bit() and set_bit(): each step that has been added since is a setting.

/** The steps of the protocol around PG_mte_tagged and PG_mte_lock that a design may lack. */
export interface TagProtocol {
  /** smp_wmb between tags and PG_mte_tagged: set_page_mte_tagged, or the barrier that the mte-sync thread asks for. */
  readonly wmbInSetTagged: boolean;
  /** smp_rmb after PG_mte_tagged was seen: page_mte_tagged. */
  readonly rmbInPageTagged: boolean;
  /** The loser's wait for PG_mte_tagged is an acquire. */
  readonly acquireInWaiter: boolean;
  /** The loser waits at all. */
  readonly loserWaits: boolean;
  /** The result of try_page_mte_tagging is honoured. */
  readonly honourTry: boolean;
  /** test_and_set_bit orders nothing if the bit was set (before 415d83249709, v6.0). */
  readonly unorderedTestAndSet: boolean;
}

/** The protocol of v6.2. */
export const tagProtocol: TagProtocol = {
  wmbInSetTagged: true,
  rmbInPageTagged: true,
  acquireInWaiter: true,
  loserWaits: true,
  honourTry: true,
  unorderedTestAndSet: false,
};

/** A page frame with allocation tags. */
export interface MtePage extends PageFrame, TaggedPage {
  readonly index: number;
  readonly base: number;
}

/** What these functions need of a target's state. */
export interface TagState {
  readonly d: TagProtocol;
  readonly shadow: TagShadow;
  /** Words of each 128-byte kernel buffer of tags, by the buffer's address. */
  readonly tagBufferTags: ReadonlyMap<number, readonly number[]>;
}

/** mte_clear_page_tags(): a loop storing tag 0 to all granules. */
export function* mteClearPageTags(cpu: Cpu, s: TagState, page: MtePage): Kernel {
  s.shadow.initialising(page);
  for (const tag of page.tags) yield cpu.writeOnce(tag, 0);
}

/** mte_copy_page_tags(): LDGM and STGM in a loop. */
export function* mteCopyPageTags(cpu: Cpu, s: TagState, to: MtePage, from: MtePage): Kernel {
  s.shadow.initialising(to);
  for (let g = 0; g < to.tags.length; g++) yield cpu.writeOnce(to.tags[g], yield cpu.readOnce(from.tags[g]));
}

/** mte_restore_page_tags(): from a 128-byte kernel buffer. */
export function* mteRestorePageTags(cpu: Cpu, s: TagState, page: MtePage, buffer: number): Kernel {
  s.shadow.initialising(page);
  const saved = s.tagBufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(page.tags[g], yield cpu.readOnce(saved[g]));
}

/** mte_save_page_tags() */
export function* mteSavePageTags(cpu: Cpu, s: TagState, page: MtePage, buffer: number): Kernel {
  const saved = s.tagBufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) yield cpu.writeOnce(saved[g], yield cpu.readOnce(page.tags[g]));
}

/** test_and_set_bit() on page->flags, with the early return of the generic version before 415d83249709 (v6.0). */
export function* testAndSetPageBit(cpu: Cpu, s: TagState, bit: number, page: MtePage): Kernel<boolean> {
  if (s.d.unorderedTestAndSet && (yield cpu.testBit(bit, page.flags)) === 1) return true;
  return (yield cpu.testAndSetBit(bit, page.flags)) === 1;
}

/** page_mte_tagged() (v6.2); before that a bare test_bit(). */
export function* pageMteTagged(cpu: Cpu, s: TagState, page: MtePage): Kernel<boolean> {
  if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) return false;
  if (s.d.rmbInPageTagged) yield cpu.smpRmb();
  return true;
}

/** set_page_mte_tagged() (v6.2); before that a bare set_bit(). */
export function* setPageMteTagged(cpu: Cpu, s: TagState, page: MtePage): Kernel {
  if (s.d.wmbInSetTagged) yield cpu.smpWmb();
  yield cpu.setBit(PG.mte_tagged, page.flags);
}

/** try_page_mte_tagging() (v6.2): true if the caller must initialise the tags and then set PG_mte_tagged. */
export function* tryPageMteTagging(cpu: Cpu, s: TagState, page: MtePage): Kernel<boolean> {
  if (!(yield* testAndSetPageBit(cpu, s, PG.mte_lock, page))) return true;
  if (s.d.loserWaits) {
    if (s.d.acquireInWaiter) yield cpu.waitBitAcquire(PG.mte_tagged, page.flags);
    else yield cpu.waitBit(PG.mte_tagged, page.flags);
  }
  return !s.d.honourTry;
}
