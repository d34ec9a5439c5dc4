import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { getPage, putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteSavePageTags } from '../kernel/page-tags.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { isHugetlb, isZeroPage } from './areas.ts';
import { filePage, type Page, type State, VM } from './state.ts';

// Tags in core dumps (arch/arm64/kernel/elfcore.c, v5.18, section 3.11).

/** The part of a dump that one page is: the header that announces its tags, then the tags. */
export function* coredump(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (s.d.coredump === 'racy') {
    // elf_core_extra_phdrs(), then elf_core_write_extra_data(): each walks the live list of areas.
    const announced = yield* areaHasTags(cpu, s, mm, index);
    const dumped = yield* areaHasTags(cpu, s, mm, index);
    cpu.warnOn(announced !== dumped, 'coredump: the headers announce other tags than are written');
    if (dumped) yield* dumpTags(cpu, s, mm, index);
    return;
  }
  // dump_vma_snapshot()
  yield cpu.downWrite(s.mms[mm].mmap_lock);
  const tagged = yield* areaHasTags(cpu, s, mm, index);
  yield cpu.upWrite(s.mms[mm].mmap_lock);
  if (tagged) yield* dumpTags(cpu, s, mm, index);
}

function* areaHasTags(cpu: Cpu, s: State, mm: number, index: number): Kernel<boolean> {
  return ((yield cpu.loadPlain(yield cpu.readOnce(s.mms[mm].vma[index]))) & VM.mte) !== 0;
}

/** mte_dump_tag_range() */
function* dumpTags(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  const page = yield* getDumpPage(cpu, s, mm, index);
  if (page === null) return;
  const flags = flagsAsked(s, page);
  if (s.d.protocol !== 'always-zero' && (yield cpu.testBit(PG.mte_tagged, flags)) === 0) {
    for (let g = 0; g < page.tags.length; g++) s.shadow.takenForZero(cpu, page, g, page.flags);
    return yield* putPage(cpu, s, page);
  }
  if (s.d.rmbInPageTagged) yield cpu.smpRmb();
  const buffer = yield cpu.kmalloc(s.hibernateBuffers, Gfp.Kernel);
  if (buffer === 0) return yield* putPage(cpu, s, page);
  yield* mteSavePageTags(cpu, s, page, buffer);
  const saved = s.tagBufferTags.get(buffer) ?? [];
  for (let g = 0; g < saved.length; g++) s.shadow.loaded(cpu, page, g, yield cpu.readOnce(saved[g]));
  yield* putPage(cpu, s, page);
  // dump_emit() may fail, as when the disk is full.
  const failed = s.d.coredumpFreesTwice && cpu.choose(2) === 1;
  if (failed) yield cpu.kfree(buffer);
  yield cpu.kfree(buffer);
}

/** get_dump_page(): faults nothing in. */
function* getDumpPage(cpu: Cpu, s: State, mm: number, index: number): Kernel<Page | null> {
  const { mmap_lock, ptl, pte } = s.mms[mm];
  yield cpu.downRead(mmap_lock);
  yield cpu.spinLock(ptl);
  const entry = yield cpu.readOnce(pte[index]);
  const page = ptePresent(entry) ? s.pages[pteNumber(entry)] : null;
  const usable = page !== null && page !== filePage(s) && !isZeroPage(s.areas, page.index);
  if (usable) yield getPage(cpu, page);
  yield cpu.spinUnlock(ptl);
  yield cpu.upRead(mmap_lock);
  return usable ? page : null;
}

/** The flags that page_mte_tagged() looks at: the page's own, even where those of its hugetlb folio count (hazard D4). */
export function flagsAsked(s: State, page: Page): number {
  if (s.d.hugetlbTailsSeen || !isHugetlb(s.areas, page.index)) return page.flags;
  return s.areas.hugetlbOwnFlags[page.index - s.areas.hugetlbPages[0].index];
}
