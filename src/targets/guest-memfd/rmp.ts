import type { Access, Kernel } from '../../engine/access.ts';
import type { CpuHost } from '../../engine/cpu/host.ts';
import type { Cpu } from '../../engine/cpu.ts';
import {
  DIRECT_2M,
  DIRECT_4K,
  directAbsent,
  HPAGE,
  rmpAssigned,
  rmpGfn,
  rmpHuge,
  rmpPrivate,
} from './entries.ts';
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
  if (s.d.splitMayFail && cpu.choose(2) === 1) return false;
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
 * The instruction RMPUPDATE, one step, and rmpupdate()'s loop while it fails with FAIL_OVERLAP: a 2M update of a region
 * with assigned 4K pages, or a 4K update within a 2M entry. Both are rare in the kernel's view, and nothing bounds the loop.
 */
function* rmpupdateInsn(cpu: Cpu, s: State, page: Page, value: number, huge: boolean): Kernel {
  const base = page.index - (page.index % HPAGE);
  while (true) {
    const entry = cpu.machine.peek(s.rmp[page.index]);
    if (!overlaps(cpu.machine, s, base, huge)) {
      if ((yield cpu.cmpxchg(s.rmp[page.index], entry, value)) === entry) return;
    }
    yield cpu.cpuRelax();
  }
}

function overlaps(machine: CpuHost, s: State, base: number, huge: boolean): boolean {
  const large = rmpHuge(machine.peek(s.rmp[base]));
  if (large || !huge) return large !== huge;
  for (let i = 0; i < HPAGE; i++) if (rmpAssigned(machine.peek(s.rmp[base + i]))) return true;
  return false;
}

/**
 * rmpupdate() (arch/x86/virt/svm/sev.c, v6.9; with set_memory_np/p in 2022/23). False if the direct map could not be
 * adjusted: the RMP entry is then as it was.
 */
export function* rmpupdate(cpu: Cpu, s: State, page: Page, value: number, huge: boolean): Kernel<boolean> {
  const { d } = s;
  const toPrivate = rmpAssigned(value);
  cpu.mightSleep('rmpupdate: set_memory_4k/np/p, vm_unmap_aliases');
  if (d.unmapDirect) {
    if (toPrivate && !(yield* setMemoryPresent(cpu, s, page, false))) return false;
    yield* rmpupdateInsn(cpu, s, page, value, huge);
    if (!toPrivate) yield* setMemoryPresent(cpu, s, page, true);
    return true;
  }
  if (d.splitFirst && !(yield* adjustDirectMap(cpu, s, page, huge))) return false;
  yield* rmpupdateInsn(cpu, s, page, value, huge);
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

/** psmash(): one 2M entry becomes 4K entries, in one step: the words of the other pages change with that of the first. */
export function* psmash(cpu: Cpu, s: State, base: Page): Kernel<boolean> {
  const entry = yield cpu.readOnce(s.rmp[base.index]);
  if (!rmpHuge(entry)) return false;
  const gfn = rmpGfn(entry);
  if ((yield cpu.cmpxchg(s.rmp[base.index], entry, rmpPrivate(gfn, false))) !== entry) return false;
  for (let i = 1; i < HPAGE; i++) {
    cpu.machine.memory.poke(s.rmp[base.index + i], rmpPrivate(gfn + i, false));
  }
  return true;
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
