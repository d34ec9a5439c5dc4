import type { CpuHost } from '../../engine/cpu/host.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { hasRmp } from './design.ts';
import {
  DIRECT_2M,
  HPAGE,
  isDirectAbsent,
  nptHuge,
  nptPfn,
  nptPrivate,
  rmpAssigned,
  rmpGfn,
  rmpHuge,
  showRmp,
} from './entries.ts';
import { attributeOf, indexOf, Owner, type Page, type State } from './state.ts';

/** The RMP entry that counts for a page now: that of its 2M region if that one is large (snp_lookup_rmpentry). */
export function rmpNow(machine: CpuHost, s: State, pfn: number): number {
  const base = machine.peek(s.rmp[pfn - (pfn % HPAGE)]);
  return rmpHuge(base) ? base : machine.peek(s.rmp[pfn]);
}

/**
 * Hardware's check of a host write through a direct-map entry, right after the write: I1, I9, I10. The direct map's
 * entry decides how much of the RMP table is looked at.
 */
export function checkHostWrite(cpu: Cpu, s: State, page: Page, entry: number): void {
  if (!hasRmp(s.d)) return;
  const { machine } = cpu;
  const base = page.index - (page.index % HPAGE);
  for (let pfn = base; pfn < base + HPAGE; pfn++) {
    const rmp = rmpNow(machine, s, pfn);
    if (!rmpAssigned(rmp)) continue;
    const name = machine.layout.objectName(page.base);
    if (pfn === page.index) {
      const how = isDirectAbsent(entry, page.index % HPAGE)
        ? 'not present in the direct map'
        : 'RMP violation';
      const message = `BUG: unable to handle page fault: host write to ${name}, which is ${showRmp(rmp)} (${how})`;
      machine.violateNow('host-private-access', message, cpu, s.rmp[pfn], []);
    } else if (entry === DIRECT_2M && !rmpHuge(rmp)) {
      const message = `BUG: unable to handle page fault: host write to ${name} through a 2M direct-map entry, in which pages[${pfn}] is ${showRmp(rmp)}`;
      machine.violateNow('host-private-access', message, cpu, s.rmp[pfn], []);
    }
  }
}

/** A host write through a user mapping or a pinned page: always checked at 4K. */
export function checkUserWrite(cpu: Cpu, s: State, page: Page): void {
  const rmp = rmpNow(cpu.machine, s, page.index);
  if (!hasRmp(s.d) || !rmpAssigned(rmp)) return;
  const name = cpu.machine.layout.objectName(page.base);
  const message = `RMP violation: write of user memory to ${name}, which is ${showRmp(rmp)}`;
  cpu.machine.violateNow('host-private-access', message, cpu, s.rmp[page.index], []);
}

/** Whether a private leaf leads to a page that is no longer at its index of the file. */
function isStale(machine: CpuHost, s: State, gfn: number, leaf: number): boolean {
  const page = s.pages[nptPfn(leaf, gfn)];
  if (page.index >= s.pages.length - s.gfns) return false;
  return machine.peek(page.mapping) !== indexOf(gfn) + 1;
}

/** The guest uses a translation: the page must still be the one of the file (I3). */
export function checkWalk(cpu: Cpu, s: State, gfn: number, leaf: number): void {
  if (!isStale(cpu.machine, s, gfn, leaf)) return;
  const page = s.pages[nptPfn(leaf, gfn)];
  const message = `gfn ${gfn} is mapped to ${cpu.machine.layout.objectName(page.base)}, which was removed from the file`;
  cpu.machine.violateNow('stale-npt', message, cpu, page.data, []);
}

/** A leaf has just been installed for `gfn` (and its neighbours if it is large): I3 and I4 at the time of installation. */
export function checkInstall(cpu: Cpu, s: State, gfn: number, leaf: number): void {
  const { machine } = cpu;
  const huge = nptHuge(leaf);
  const first = huge ? gfn - (gfn % HPAGE) : gfn;
  const end = huge ? first + HPAGE : gfn + 1;
  const lost = (why: string): void =>
    machine.violateNow('lost-invalidation', `gfn ${gfn} is mapped although ${why}`, cpu, s.kvm.npt[gfn], []);
  const start = machine.peek(s.kvm.mmu_invalidate_range_start);
  const stop = machine.peek(s.kvm.mmu_invalidate_range_end);
  if (machine.peek(s.kvm.mmu_invalidate_in_progress) > 0 && start < end && first < stop) {
    lost('an invalidation of its range is in progress');
  }
  for (let g = first; g < end; g++) {
    if (isStale(machine, s, g, leaf)) lost('its page was removed from the file since the fault looked it up');
    if ((machine.peek(attributeOf(s, g)) !== 0) !== nptPrivate(leaf)) {
      lost('its attribute was changed since the fault looked at it');
    }
    if (!hasRmp(s.d) || !nptPrivate(leaf)) continue;
    const pfn = nptPfn(leaf, g);
    const rmp = rmpNow(machine, s, pfn);
    if (rmpAssigned(rmp) && rmpGfn(rmp) === (rmpHuge(rmp) ? g - (g % HPAGE) : g)) continue;
    const message = `gfn ${g} is mapped private to pages[${pfn}], whose RMP entry is ${showRmp(rmp)}: the guest's access faults for ever`;
    machine.violateNow('unprepared-mapping', message, cpu, s.rmp[pfn], []);
  }
}

/** Final checks, when all operations are done. */
export function checkEnd(machine: CpuHost, s: State): void {
  for (const page of s.pool) {
    if (
      hasRmp(s.d) &&
      machine.peek(page.owner) === Owner.free &&
      rmpAssigned(rmpNow(machine, s, page.index))
    ) {
      const message = `${machine.layout.objectName(page.base)} is free but still ${showRmp(rmpNow(machine, s, page.index))} in the RMP table`;
      machine.report('private-after-free', message, -1, s.rmp[page.index], []);
    }
  }
  checkReferences(machine, s);
  if (machine.peek(s.vmFile.private_data) === 0) return;
  const count = machine.peek(s.kvm.mmu_invalidate_in_progress);
  if (count !== 0) {
    const message = `mmu_invalidate_in_progress is ${count} with no invalidation running: every fault of the range retries for ever`;
    machine.report('unbalanced-invalidation', message, -1, s.kvm.mmu_invalidate_in_progress, []);
  }
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    const large = machine.peek(s.kvm.npt_2m[Math.floor(gfn / HPAGE)]);
    const leaf = large !== 0 ? large : machine.peek(s.kvm.npt[gfn]);
    if (leaf === 0) continue;
    if (machine.peek(s.kvm.slot) === 0) {
      machine.report(
        'stale-npt',
        `gfn ${gfn} is still mapped, but its memslot is gone`,
        -1,
        s.kvm.npt[gfn],
        [],
      );
    }
    if (!isStale(machine, s, gfn, leaf)) continue;
    const page = s.pages[nptPfn(leaf, gfn)];
    const message = `gfn ${gfn} is still mapped to ${machine.layout.objectName(page.base)}, which was removed from the file`;
    machine.report('stale-npt', message, -1, page.data, []);
  }
}

/** References: each folio in the page cache has one for each of its pages and one for each host mapping, the others none. */
function checkReferences(machine: CpuHost, s: State): void {
  for (const page of s.pool) {
    const order = machine.peek(page.order);
    const cached = machine.peek(page.mapping) !== 0;
    if (machine.peek(page.owner) !== Owner.gmem || isTail(machine, s, page)) continue;
    const mapped = s.inode.host_pte.filter(pte => machine.peek(pte) === page.index + 1).length;
    const want = (cached ? 1 << order : 0) + mapped;
    const count = machine.peek(page.refcount);
    if (count === want && want > 0) continue;
    const name = machine.layout.objectName(page.base);
    machine.report(
      'warn',
      `${name} has ${count} references at the end instead of ${want}`,
      -1,
      page.refcount,
      [],
    );
  }
}

function isTail(machine: CpuHost, s: State, page: Page): boolean {
  return page.index % HPAGE === 1 && machine.peek(s.pages[page.index - 1].order) === 1;
}
