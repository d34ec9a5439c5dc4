import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { mteClearPageTags, tryPageMteTagging } from '../kernel/page-tags.ts';
import { freePagesPrepare } from './page.ts';
import { reserveTagStorage } from './reserve.ts';
import { HUGE_ORDER, type Page, type State } from './state.ts';
import { pageTagStorageReserved, setPageMteTagged } from './tags.ts';

// One huge page of order 2 (9 in the kernel) in a VM_MTE area, which needs more than one block of tag storage.

function frames(s: State): readonly Page[] {
  return s.pages.slice(s.huge, s.huge + (1 << HUGE_ORDER));
}

/** do_huge_pmd_anonymous_page(): all of it is reserved and cleared, or it is not mapped. */
export function* hugeFault(cpu: Cpu, s: State): Kernel {
  const first = s.pages[s.huge];
  let irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  const free = yield cpu.readOnce(s.k.free_huge);
  if (free === 1) yield cpu.writeOnce(s.k.free_huge, 0);
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
  if (free === 0) return;
  const reserved = yield* reserveTagStorage(cpu, s, first, HUGE_ORDER);
  if (reserved && (yield* pageTagStorageReserved(cpu, first))) {
    yield cpu.spinLock(s.k.pmd_lock);
    for (const page of frames(s)) {
      s.shadow.fresh(page);
      if (!(yield* tryPageMteTagging(cpu, s, page))) continue;
      yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, page);
    }
    yield cpu.smpWmb();
    yield cpu.writeOnce(s.k.pmd, 1);
    yield cpu.spinUnlock(s.k.pmd_lock);
    return;
  }
  irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  yield cpu.writeOnce(s.k.free_huge, 1);
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
}

/** STG to one of its pages, faulting first if need be. */
export function* hugeStoreTag(cpu: Cpu, s: State, at: number, tag: number): Kernel {
  for (let i = 0; i < 2; i++) {
    if ((yield cpu.walk(s.hugeTlb, s.k.pmd)) === 1) {
      const page = frames(s)[at];
      yield cpu.writeOnce(page.tags[0], s.shadow.tagFor(page, tag));
      return;
    }
    yield* hugeFault(cpu, s);
  }
}

/** LDG from one of its pages. */
export function* hugeLoadTag(cpu: Cpu, s: State, at: number): Kernel {
  if ((yield cpu.walk(s.hugeTlb, s.k.pmd)) !== 1) return;
  const page = frames(s)[at];
  s.shadow.loaded(cpu, page, 0, yield cpu.readDependent(page.tags[0]));
}

/** munmap(): the huge page is freed as a whole, or page by page after a split. */
export function* hugeFree(cpu: Cpu, s: State, split: boolean): Kernel {
  yield cpu.spinLock(s.k.pmd_lock);
  const mapped = (yield cpu.xchg(s.k.pmd, 0)) === 1;
  if (mapped) yield cpu.flushTlb(s.hugeTlb);
  yield cpu.spinUnlock(s.k.pmd_lock);
  if (!mapped) return;
  if (split) for (const page of frames(s)) yield* freePagesPrepare(cpu, s, page, 0);
  else yield* freePagesPrepare(cpu, s, s.pages[s.huge], HUGE_ORDER);
  const irq = yield cpu.spinLockIrqsave(s.k.zone_lock);
  yield cpu.writeOnce(s.k.free_huge, 1);
  yield cpu.spinUnlockIrqrestore(s.k.zone_lock, irq);
}
