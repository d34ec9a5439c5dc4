import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { setPageMteTagged as setTagged } from '../kernel/page-tags.ts';
import type { Page, State } from './state.ts';

// What the series adds to the page-flag helpers of arch/arm64/include/asm/mte.h.

/** memcpy() of one saved page of tags to another buffer. */
export function* copyBuffer(cpu: Cpu, s: State, to: number, from: number): Kernel {
  const source = s.tagBufferTags.get(from) ?? [];
  const target = s.tagBufferTags.get(to) ?? [];
  for (let g = 0; g < source.length; g++) yield cpu.writeOnce(target[g], yield cpu.readOnce(source[g]));
}

/** set_page_mte_tagged(); RFC v3 warns if the page's storage is not reserved. */
export function* setPageMteTagged(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.warnUnreserved) {
    const reserved = yield cpu.testBit(PG.tag_storage_reserved, page.flags);
    cpu.warnOn(reserved === 0, 'set_page_mte_tagged(): tag storage is not reserved', page.flags);
  }
  yield* setTagged(cpu, s, page);
}

/** page_tag_storage_reserved(): a relaxed test_bit(). */
export function* pageTagStorageReserved(cpu: Cpu, page: Page): Kernel<boolean> {
  return (yield cpu.testBit(PG.tag_storage_reserved, page.flags)) === 1;
}
