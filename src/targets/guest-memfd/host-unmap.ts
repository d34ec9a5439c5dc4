import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioPutRefs } from './page.ts';
import type { State } from './state.ts';

/** unmap_mapping_pages(): the VMM's PTE goes, its TLB entries are flushed, its reference is dropped. */
export function* unmapHostMapping(cpu: Cpu, s: State, index: number): Kernel {
  const old = yield cpu.xchg(s.inode.host_pte[index], 0);
  if (old === 0) return;
  yield cpu.flushTlbIpi(s.hostTlb[index]);
  yield* folioPutRefs(cpu, s, s.pages[old - 1], 1);
}
