import type { Access, Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DIRECT_2M, DIRECT_4K, directAbsent, HPAGE, rmpAssigned, rmpHuge, rmpPrivate } from './entries.ts';
import type { Page, State } from './state.ts';

/** The direct-map entry for a page as this CPU sees it (TLB included); the write through it comes next. */
export function directMapWalk(cpu: Cpu, s: State, page: Page): Access {
  const region = page.index >> 1;
  return cpu.walk(s.directTlb[region], s.directMap.entry[region]);
}

/** Splits a 2M direct-map entry: set_memory_4k(), change_page_attr_set_clr(). False if the page table cannot be allocated. */
function* setMemory4k(cpu: Cpu, s: State, page: Page): Kernel<boolean> {
  const entry = s.directMap.entry[page.index >> 1];
  if ((yield cpu.readOnce(entry)) !== DIRECT_2M) return true;
  yield* vmUnmapAliases(cpu, s);
  // The page table for the 4K entries: GFP_KERNEL.
  if (cpu.choose(2) === 1) return false;
  yield cpu.cmpxchg(entry, DIRECT_2M, DIRECT_4K);
  if (s.d.splitFlush) yield cpu.flushTlbIpi(s.directTlb[page.index >> 1]);
  return true;
}

/** vm_unmap_aliases(): the mutex of the report that the mail links to. */
function* vmUnmapAliases(cpu: Cpu, s: State): Kernel {
  yield cpu.mutexLock(s.directMap.purge_lock);
  yield cpu.mutexUnlock(s.directMap.purge_lock);
}

/** set_memory_np() and set_memory_p() (SNP series of 2022/23): a private page is not in the direct map. */
function* setMemoryPresent(cpu: Cpu, s: State, page: Page, present: boolean): Kernel<boolean> {
  if (!(yield* setMemory4k(cpu, s, page))) return false;
  const entry = s.directMap.entry[page.index >> 1];
  yield* vmUnmapAliases(cpu, s);
  if (present) yield cpu.clearBit(directAbsent(page.index % HPAGE), entry);
  else yield cpu.setBit(directAbsent(page.index % HPAGE), entry);
  yield cpu.flushTlbIpi(s.directTlb[page.index >> 1]);
  return true;
}

/** adjust_direct_map() (v6.9): nothing for a 2M change; a 4K change needs 4K entries, which are never merged back. */
function* adjustDirectMap(cpu: Cpu, s: State, page: Page, huge: boolean): Kernel<boolean> {
  if (huge) return true;
  return yield* setMemory4k(cpu, s, page);
}

/**
 * rmpupdate() (arch/x86/virt/svm/sev.c, v6.9; with set_memory_np/p in 2022/23). RMPUPDATE is one step; the loop on
 * FAIL_OVERLAP is not modelled. False if the direct map could not be adjusted: the RMP entry is then as it was.
 */
export function* rmpupdate(cpu: Cpu, s: State, page: Page, value: number, huge: boolean): Kernel<boolean> {
  const { d } = s;
  const toPrivate = rmpAssigned(value);
  cpu.mightSleep('rmpupdate: set_memory_4k/np/p, vm_unmap_aliases');
  if (d.unmapDirect) {
    if (toPrivate && !(yield* setMemoryPresent(cpu, s, page, false))) return false;
    yield cpu.xchg(s.rmp[page.index], value);
    if (!toPrivate) yield* setMemoryPresent(cpu, s, page, true);
    return true;
  }
  if (d.splitFirst && !(yield* adjustDirectMap(cpu, s, page, huge))) return false;
  yield cpu.xchg(s.rmp[page.index], value);
  if (!d.splitFirst) yield* adjustDirectMap(cpu, s, page, huge);
  return true;
}

/** snp_lookup_rmpentry(): the entry of the page, or of its 2M region if that one is large. */
export function* snpLookupRmpentry(cpu: Cpu, s: State, page: Page): Kernel<number> {
  if (s.d.hugeFolios && page.index % HPAGE !== 0) {
    const base = yield cpu.readOnce(s.rmp[page.index - (page.index % HPAGE)]);
    if (rmpHuge(base)) return base;
  }
  return yield cpu.readOnce(s.rmp[page.index]);
}

/** rmp_make_private() */
export function* rmpMakePrivate(
  cpu: Cpu,
  s: State,
  page: Page,
  gfn: number,
  huge: boolean,
  immutable = false,
): Kernel<boolean> {
  return yield* rmpupdate(cpu, s, page, rmpPrivate(gfn, huge, immutable), huge);
}

/** psmash(): one 2M entry becomes 4K entries. One step for hardware; the base entry decides until the end. */
export function* psmash(cpu: Cpu, s: State, base: Page): Kernel<boolean> {
  const entry = yield cpu.readOnce(s.rmp[base.index]);
  if (!rmpHuge(entry)) return false;
  const gfn = entry >> 3;
  for (let i = 1; i < HPAGE; i++) {
    yield cpu.cmpxchg(s.rmp[base.index + i], 0, rmpPrivate(gfn + i, false));
  }
  const found = yield cpu.cmpxchg(s.rmp[base.index], entry, rmpPrivate(gfn, false));
  return found === entry;
}

/**
 * sev_gmem_invalidate() (arch/x86/kvm/svm/sev.c, v6.11) for the pages of one folio: makes them shared. A failure is a
 * warning in the kernel log and nothing else: the page is freed while it is private.
 */
export function* sevGmemInvalidate(cpu: Cpu, s: State, first: Page, count: number): Kernel {
  for (let i = 0; i < count; i++) {
    const page = s.pages[first.index + i];
    const entry = yield* snpLookupRmpentry(cpu, s, page);
    if (!rmpAssigned(entry)) continue;
    if (rmpHuge(entry)) {
      const base = s.pages[page.index - (page.index % HPAGE)];
      if (page === base && count - i >= HPAGE) {
        yield* rmpupdate(cpu, s, base, 0, true);
        i += HPAGE - 1;
        continue;
      }
      yield* psmash(cpu, s, base);
    }
    yield* rmpupdate(cpu, s, page, 0, false);
  }
}
