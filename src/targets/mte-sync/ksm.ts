import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { pageMteTagged } from '../kernel/page-tags.ts';
import { Pte, pteNumber, ptePage, ptePresent, pteTagged } from '../kernel/pte.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { lookupPrivate } from './private-lookup.ts';
import { isShared, type Page, type State } from './state.ts';
import { setPteAt } from './sync.ts';

// KSM (mm/ksm.c) of the private pages that two address spaces have at one index. Their data count as equal.

/** try_to_merge_two_pages(): the page of `into` becomes the KSM page, that of `from` is replaced by it. */
export function* ksmMerge(cpu: Cpu, s: State, into: number, from: number, index: number): Kernel {
  if (into === from || isShared(index)) return;
  const kpage = yield* lookupPrivate(cpu, s, into, index);
  if (kpage === null) return;
  const page = yield* lookupPrivate(cpu, s, from, index);
  if (page !== null && page !== kpage) {
    if ((yield* mergeOne(cpu, s, into, index, kpage, null)) !== 0) {
      yield* mergeOne(cpu, s, from, index, page, kpage);
    }
  }
  if (page !== null) yield* putPage(cpu, s, page);
  yield* putPage(cpu, s, kpage);
}

/** try_to_merge_one_page(); returns the write-protected entry, 0 on failure. */
function* mergeOne(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  page: Page,
  kpage: Page | null,
): Kernel<number> {
  yield cpu.downRead(s.mms[mm].mmap_lock);
  let entry = 0;
  if ((yield folioTrylock(cpu, s, page)) === 1) {
    entry = yield* writeProtectPage(cpu, s, mm, index, page);
    if (entry !== 0 && kpage !== null) {
      if (yield* pagesIdentical(cpu, s, page, kpage))
        yield* replacePage(cpu, s, mm, index, page, kpage, entry);
    }
    yield folioUnlock(cpu, page);
  }
  yield cpu.upRead(s.mms[mm].mmap_lock);
  return entry;
}

/** write_protect_page(): fails if anybody holds a reference who may be writing through it. */
function* writeProtectPage(cpu: Cpu, s: State, mm: number, index: number, page: Page): Kernel<number> {
  const { ptl, pte } = s.mms[mm];
  let result = 0;
  yield* invalidateRangeStart(cpu, s, mm, index);
  yield cpu.spinLock(ptl);
  const old = yield cpu.readOnce(pte[index]);
  if (ptePresent(old) && pteNumber(old) === page.index) {
    // ptep_clear_flush(), before the count is looked at.
    yield cpu.xchg(pte[index], 0);
    yield cpu.flushTlb(s.stage1[mm][index]);
    const mapped = yield* mapCount(cpu, s, index, page);
    const alone = (yield cpu.readOnce(page.refcount)) === mapped + 2;
    const entry = alone ? old & ~(Pte.Write | Pte.Exclusive) : old;
    yield* setPteAt(cpu, s, pte[index], entry);
    if (alone) result = entry;
  }
  yield cpu.spinUnlock(ptl);
  yield* invalidateRangeEnd(cpu, s, mm);
  return result;
}

/** page_mapcount() of the mappings beside the one just taken out. */
function* mapCount(cpu: Cpu, s: State, index: number, page: Page): Kernel<number> {
  let count = 0;
  for (const { pte } of s.mms) {
    const entry = yield cpu.readOnce(pte[index]);
    if (ptePresent(entry) && pteNumber(entry) === page.index) count++;
  }
  return count;
}

/** pages_identical(): arm64's memcmp_pages() calls pages different if either is tagged. */
function* pagesIdentical(cpu: Cpu, s: State, page: Page, kpage: Page): Kernel<boolean> {
  if (!s.d.ksmChecksTags) return true;
  for (const each of [page, kpage]) {
    if (s.d.protocol === 'always-zero') {
      for (const tag of each.tags) if (((yield cpu.readOnce(tag)) & 15) !== 0) return false;
    } else if (yield* pageMteTagged(cpu, s, each)) return false;
  }
  return true;
}

/** replace_page(): unless the entry has changed since it was write-protected. */
function* replacePage(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  page: Page,
  kpage: Page,
  original: number,
): Kernel {
  const { ptl, pte } = s.mms[mm];
  yield* invalidateRangeStart(cpu, s, mm, index);
  yield cpu.spinLock(ptl);
  const same = (yield cpu.readOnce(pte[index])) === original;
  if (same) {
    yield getPage(cpu, kpage);
    yield cpu.xchg(pte[index], 0);
    yield cpu.flushTlb(s.stage1[mm][index]);
    s.shadow.merged(cpu, page);
    yield* setPteAt(cpu, s, pte[index], ptePage(kpage.index, pteTagged(original), false));
  }
  yield cpu.spinUnlock(ptl);
  yield* invalidateRangeEnd(cpu, s, mm);
  if (same) yield* putPage(cpu, s, page);
}
