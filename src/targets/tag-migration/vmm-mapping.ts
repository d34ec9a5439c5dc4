import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { handleAliasFault, handleMmFault } from './host-fault.ts';
import { mainIsTagged } from './mapping.ts';
import type { Host, Page, State } from './state.ts';

/** The VMM's mappings of guest memory. */
export type Mapping = 'main' | 'alias';

/** The page that a thread of the VMM reaches through a mapping, faulting until it is mapped. */
export function* touch(cpu: Cpu, s: State, h: Host, gfn: number, mapping: Mapping): Kernel<Page> {
  const main = mapping === 'main';
  for (;;) {
    const pte = yield cpu.walk(main ? h.tlb[gfn] : h.aliasTlb[gfn], main ? h.mm.pte[gfn] : h.mm.alias[gfn]);
    if (ptePresent(pte)) return h.pages[pteNumber(pte)];
    if (main) yield* handleMmFault(cpu, s, h, gfn);
    else yield* handleAliasFault(cpu, s, h, gfn);
    yield cpu.cpuRelax();
  }
}

/** Whether a mapping has PROT_MTE. */
export function isTagged(s: State, mapping: Mapping): boolean {
  return mapping === 'alias' || mainIsTagged(s);
}

/**
 * The hardware's check of an access by a pointer with tag 0. PSTATE.TCO of the VMM's thread does not count for
 * `uaccess`, what the kernel copies on its behalf.
 */
export function* checkTag(
  cpu: Cpu,
  s: State,
  page: Page,
  i: number,
  mapping: Mapping,
  uaccess = false,
): Kernel {
  if (!isTagged(s, mapping) || (uaccess ? !s.d.uaccessChecks : s.d.tagChecksOff)) return;
  const tag = (yield cpu.readDependent(page.tags[i])) & 15;
  if (tag === 0) return;
  const how = uaccess ? '-EFAULT from a system call' : 'SIGSEGV (SEGV_MTESERR)';
  const message = `the VMM's pointer has tag 0, granule ${i} of gfn ${cpu.machine.peek(page.gfn) - 1} has tag ${tag}: ${how}`;
  cpu.machine.violateNow('tag-check-fault', message, cpu, page.tags[i], [
    cpu.machine.memory.lastSite[page.tags[i]],
  ]);
}
