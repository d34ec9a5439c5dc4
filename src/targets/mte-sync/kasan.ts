import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { putPage } from '../kernel/page.ts';
import { lookupPrivate } from './private-lookup.ts';
import { shmemLookup } from './shmem-lookup.ts';
import { isShared, type Page, type State } from './state.ts';

// KASAN_HW_TAGS: the tag of page_address() in page->flags, and the same tag in memory. 0 here is 0xff there, which
// matches all (the kernel keeps it inverted as well).

const SHIFT = 8;
const MASK = 15 << SHIFT;
const TAG = 3;
/** A tag word that nobody's store made. */
const IN_MEMORY = (3 << 4) | TAG;

/** kasan_unpoison_pages(): a new page gets tags of the kernel. */
export function* kasanUnpoisonPage(cpu: Cpu, page: Page): Kernel {
  for (const tag of page.tags) yield cpu.writeOnce(tag, IN_MEMORY);
  yield cpu.smpWmb();
  yield* setKasanTag(cpu, page, TAG);
}

/** page_kasan_tag_reset() and the smp_wmb after it (e5b8d9218951, v5.11 to v5.19). */
export function* pageKasanTagReset(cpu: Cpu, page: Page): Kernel {
  yield* setKasanTag(cpu, page, 0);
  yield cpu.smpWmb();
}

/** page_kasan_tag_set() */
function* setKasanTag(cpu: Cpu, page: Page, tag: number): Kernel {
  for (;;) {
    const old = yield cpu.readOnce(page.flags);
    if ((yield cpu.cmpxchg(page.flags, old, (old & ~MASK) | (tag << SHIFT))) === old) return;
    yield cpu.cpuRelax();
  }
}

/** The kernel accesses a page through page_address(), in read() of the memfd, say: the tags are compared. */
export function* kernelAccess(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const page = isShared(index) ? yield* shmemLookup(cpu, s, index) : yield* lookupPrivate(cpu, s, mm, index);
  if (page === null) return;
  const tag = ((yield cpu.readOnce(page.flags)) & MASK) >>> SHIFT;
  if (tag !== 0) {
    const inMemory = (yield cpu.readOnce(page.tags[0])) & 15;
    const message = `KASAN: invalid-access: pointer tag ${tag}, memory tag ${inMemory}`;
    cpu.warnOn(inMemory !== tag, message, page.flags);
  }
  yield* putPage(cpu, s, page);
}
