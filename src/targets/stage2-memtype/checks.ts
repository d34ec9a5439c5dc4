import type { CpuHost } from '../../engine/cpu/host.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { pteNumber } from '../kernel/pte.ts';
import { leafFrame, leafType, leafValid, lineValue, memTypeNames, showData } from './entries.ts';
import { kinds } from './memory-kinds.ts';
import { finalType, REFUSED, type VmaFacts } from './memory-type.ts';
import { type Frame, memoryOf, ramPage, type State, slotAt, vmaAt } from './state.ts';

function nameOf(machine: CpuHost, frame: Frame): string {
  return machine.layout.objectName(frame.base);
}

/** I13 by its effect: the guest must not see what was in the memory before it was cleared for it. */
export function checkLeak(cpu: Cpu, frame: Frame, type: number, value: number): void {
  const { machine } = cpu;
  if (value === 0 || value === machine.peek(frame.owner) || machine.peek(frame.cleared) === 0) return;
  const { memory } = machine;
  // Only where this CPU could read nothing but the newest data is it the attributes' fault.
  if (!memory.settledFor(cpu.id, frame.line) || !memory.settledFor(cpu.id, frame.dram)) return;
  const message = `the guest reads ${showData(value)} from ${nameOf(machine, frame)} through ${memTypeNames[type]}, after they were cleared through a cacheable mapping: the zeros are in the cache`;
  machine.violateNow('mismatched-attributes', message, cpu, frame.dram, [memory.lastSite[frame.line]]);
}

/** I13 by its other effect: a dirty line goes to DRAM over data that bypassed the caches. */
export function checkWriteBack(cpu: Cpu, frame: Frame): void {
  const { machine } = cpu;
  if (machine.peek(frame.dramNewer) === 0) return;
  const message = `the write-back of a dirty line of ${nameOf(machine, frame)} replaces what was stored there past the caches`;
  machine.violateNow('mismatched-attributes', message, cpu, frame.dram, [
    machine.memory.lastSite[frame.dram],
  ]);
}

/** I13 by a third: the VMM reads a line that hides what the guest has stored past the caches. */
export function checkHiddenStore(cpu: Cpu, frame: Frame, line: number): void {
  const { machine } = cpu;
  if (machine.peek(frame.dramNewer) === 0 || !machine.memory.settledFor(cpu.id, frame.line)) return;
  const message = `the VMM reads ${showData(lineValue(line))} of ${nameOf(machine, frame)} from the cache, which hides what the guest has stored past the caches`;
  machine.violateNow('mismatched-attributes', message, cpu, frame.line, [
    machine.memory.lastSite[frame.dram],
  ]);
}

/** The kernel is about to use the linear map's address of a frame. */
export function checkHostAlias(cpu: Cpu, s: State, frame: Frame, what: string): void {
  if (memoryOf(s, frame).linearMap) return;
  const message = `Unable to handle kernel paging request: ${what} of ${nameOf(cpu.machine, frame)}, which the linear map does not cover`;
  cpu.machine.violateNow('host-unmapped-access', message, cpu, frame.line, []);
}

/** A tag access to memory without tag storage: (pa >> k) + offset leads elsewhere (I11). */
export function reportWildTag(cpu: Cpu, frame: Frame, address: number, who: string): void {
  const { machine } = cpu;
  const message = `${who} a tag of ${nameOf(machine, frame)}, which has no tag storage: (pa >> k) + offset is ${machine.layout.nameOf(address)}`;
  machine.violateNow('wild-tag-access', message, cpu, address, []);
}

/** An exclusive has failed again and again with nobody else at the location. */
export function reportStuckExclusive(cpu: Cpu, frame: Frame, type: number): void {
  const message = `STXR to ${nameOf(cpu.machine, frame)} never succeeds: it is mapped ${memTypeNames[type]}, and the memory has no exclusive monitor for that`;
  cpu.machine.violateNow('stuck-exclusive', message, cpu, frame.line, []);
}

function factsNow(machine: CpuHost, s: State, page: number): (VmaFacts & { readonly kind: number }) | null {
  const address = machine.peek(s.mm.vma[page]);
  if (address === 0) return null;
  const vma = vmaAt(s, address);
  return {
    vmFlags: machine.peek(vma.vm_flags),
    prot: machine.peek(vma.vm_page_prot),
    kind: machine.peek(vma.kind),
  };
}

/**
 * A leaf was installed: I12 (attributes of the area that is there, `mte` if the fault saw that the VM has MTE) and I3 (the
 * VMM still maps the frame).
 */
export function checkInstall(
  cpu: Cpu,
  s: State,
  gfn: number,
  page: number,
  leaf: number,
  mte: boolean,
): void {
  const { machine } = cpu;
  const frame = s.frames[leafFrame(leaf)];
  const name = nameOf(machine, frame);
  const vma = factsNow(machine, s, page);
  if (vma !== null) {
    const want = finalType(s.d, vma, memoryOf(s, frame), mte);
    if (want !== leafType(leaf)) {
      const should = want === REFUSED ? 'refuses it' : `gives ${memTypeNames[want]}`;
      const message = `gfn ${gfn} is mapped to ${name} as ${memTypeNames[leafType(leaf)]} by the attributes of a VMA that is gone; the one there now ${should}`;
      machine.violateNow('stale-vma-attributes', message, cpu, s.kvm.stage2[gfn], []);
    }
  }
  if (machine.peek(s.mm.pte[page]) !== 0 && pteNumber(machine.peek(s.mm.pte[page])) === frame.index) return;
  const message = `gfn ${gfn} is mapped to ${name}, which the VMM has unmapped since the fault looked it up`;
  machine.violateNow('stale-stage2', message, cpu, s.kvm.stage2[gfn], []);
}

/** The VMM's entry of a page is being cleared: no stage 2 may have it any more. */
export function checkUnmapped(cpu: Cpu, s: State, page: number, frame: Frame): void {
  const { machine } = cpu;
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    const leaf = machine.peek(s.kvm.stage2[gfn]);
    const slot = machine.peek(s.kvm.memslot[gfn]);
    if (!leafValid(leaf) || leafFrame(leaf) !== frame.index || slot === 0) continue;
    if (machine.peek(slotAt(s, slot).userspace_page) !== page) continue;
    const message = `${nameOf(machine, frame)} is unmapped from the VMM while gfn ${gfn} is still mapped to it`;
    machine.violateNow('stale-stage2', message, cpu, s.kvm.stage2[gfn], []);
  }
}

/** The guest uses a translation: for RAM the frame must not have been freed since, which the slab judges. */
export function checkGuestWalk(cpu: Cpu, s: State, gfn: number, leaf: number): void {
  const { machine } = cpu;
  if (machine.peek(s.kvm.memslot[gfn]) !== 0) return;
  const name = nameOf(machine, s.frames[leafFrame(leaf)]);
  const message = `the guest uses a translation of gfn ${gfn} to ${name}, but its memslot is gone`;
  machine.violateNow('stale-stage2', message, cpu, s.kvm.stage2[gfn], []);
}

/**
 * A fault ends with -EFAULT: either the area it began with must deserve that, or the one there now. `began` is what the
 * fault took from its area, with the kind of memory that this area maps.
 */
export function checkRefusal(
  cpu: Cpu,
  s: State,
  gfn: number,
  page: number,
  began: VmaFacts & { readonly kind: number },
): void {
  const { machine } = cpu;
  const mte = machine.peek(s.kvm.mte_enabled) !== 0;
  const now = factsNow(machine, s, page);
  if (now === null || finalType(s.d, began, kinds[began.kind], mte) === REFUSED) return;
  if (finalType(s.d, now, kinds[now.kind], mte) === REFUSED) return;
  const message = `the fault on gfn ${gfn} fails with -EFAULT, though neither the area it began with nor the one there now is refused: the VM dies instead of retrying`;
  machine.violateNow('spurious-vm-exit', message, cpu, s.mm.vma[page], [
    machine.memory.lastSite[s.mm.vma[page]],
  ]);
}

/** Final checks, when all operations are done. */
export function checkEnd(machine: CpuHost, s: State): void {
  const { kvm } = s;
  const count = machine.peek(kvm.mmu_invalidate_in_progress);
  if (count !== 0) {
    const message = `mmu_invalidate_in_progress is ${count} with no invalidation running: every fault retries for ever`;
    machine.report('unbalanced-invalidation', message, -1, kvm.mmu_invalidate_in_progress, []);
  }
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    const leaf = machine.peek(kvm.stage2[gfn]);
    if (leafValid(leaf)) checkLeafAtEnd(machine, s, gfn, leaf);
  }
  for (const frame of s.frames) checkReferences(machine, s, frame);
}

function checkLeafAtEnd(machine: CpuHost, s: State, gfn: number, leaf: number): void {
  const { kvm, mm } = s;
  const name = nameOf(machine, s.frames[leafFrame(leaf)]);
  const slot = machine.peek(kvm.memslot[gfn]);
  if (slot === 0) {
    const message = `gfn ${gfn} is still mapped to ${name}, but its memslot is gone`;
    machine.report('stale-stage2', message, -1, kvm.stage2[gfn], [machine.memory.lastSite[kvm.stage2[gfn]]]);
    return;
  }
  const pte = machine.peek(mm.pte[machine.peek(slotAt(s, slot).userspace_page)]);
  if (pte !== 0 && pteNumber(pte) === leafFrame(leaf)) return;
  const message = `gfn ${gfn} is still mapped to ${name}, which the VMM has unmapped`;
  machine.report('stale-stage2', message, -1, kvm.stage2[gfn], [machine.memory.lastSite[kvm.stage2[gfn]]]);
}

/** I15: a struct page has one reference for each mapping of the VMM, and pmem one of its driver. */
function checkReferences(machine: CpuHost, s: State, frame: Frame): void {
  if (!memoryOf(s, frame).structPage) return;
  const page = ramPage(s, frame);
  const mapped = s.mm.pte.filter(pte => {
    const entry = machine.peek(pte);
    return entry !== 0 && pteNumber(entry) === frame.index;
  }).length;
  const want = mapped + (page === null ? 1 : 0);
  const count = machine.peek(frame.refcount);
  if (count <= want) return;
  const message = `${nameOf(machine, frame)} has ${count} references at the end instead of ${want}: it can never be freed`;
  machine.report('leak', message, -1, frame.refcount, []);
}
