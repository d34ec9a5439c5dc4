import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { checkInstall } from './checks.ts';
import { HPAGE, nptLeaf, nptPrivate } from './entries.ts';
import type { State } from './state.ts';

/** Which mappings an invalidation is about (KVM_FILTER_SHARED, KVM_FILTER_PRIVATE). */
export type Filter = 'all' | 'shared' | 'private';

function matches(leaf: number, filter: Filter): boolean {
  return leaf !== 0 && (filter === 'all' || nptPrivate(leaf) === (filter === 'private'));
}

/**
 * kvm_unmap_gfn_range() with kvm_flush_remote_tlbs(), mmu_lock held for write. Between two gfns it may yield mmu_lock
 * (cond_resched_rwlock_write); what was unmapped until then is flushed first.
 */
export function* unmapGfnRange(cpu: Cpu, s: State, start: number, end: number, filter: Filter): Kernel {
  const { kvm } = s;
  for (let gfn = start; gfn < end; gfn++) {
    const region = Math.floor(gfn / HPAGE);
    if (s.d.hugeFolios) {
      const large = yield cpu.readOnce(kvm.npt_2m[region]);
      if (matches(large, filter)) {
        yield cpu.writeOnce(kvm.npt_2m[region], 0);
        if (s.d.flushTlb) yield cpu.flushTlbIpi(s.npt2mTlb[region]);
      }
    }
    if (matches(yield cpu.readOnce(kvm.npt[gfn]), filter)) {
      yield cpu.writeOnce(kvm.npt[gfn], 0);
      if (s.d.flushTlb) yield cpu.flushTlbIpi(s.nptTlb[gfn]);
    }
    if (gfn + 1 < end && cpu.choose(2) === 1) {
      yield cpu.writeUnlock(kvm.mmu_lock);
      yield cpu.writeLock(kvm.mmu_lock);
    }
  }
}

/**
 * kvm_tdp_mmu_map(), mmu_lock held for read: faults race with each other, the compare-exchange lets one win. A 4K
 * mapping below a large one is spurious; a large one takes the place of the 4K ones. True if it was installed.
 */
export function* tdpMmuMap(
  cpu: Cpu,
  s: State,
  gfn: number,
  pfn: number,
  isPrivate: boolean,
  huge: boolean,
): Kernel<boolean> {
  const { kvm } = s;
  const region = Math.floor(gfn / HPAGE);
  if (huge) {
    const leaf = nptLeaf(pfn - (pfn % HPAGE), isPrivate, true);
    const old = yield cpu.cmpxchg(kvm.npt_2m[region], 0, leaf);
    if (old !== 0) return false;
    checkInstall(cpu, s, gfn, leaf);
    for (let g = region * HPAGE; g < (region + 1) * HPAGE; g++) {
      if ((yield cpu.xchg(kvm.npt[g], 0)) !== 0) yield cpu.flushTlbIpi(s.nptTlb[g]);
    }
    return true;
  }
  if (s.d.hugeFolios && (yield cpu.readOnce(kvm.npt_2m[region])) !== 0) return false;
  const leaf = nptLeaf(pfn, isPrivate, false);
  const old = yield cpu.readOnce(kvm.npt[gfn]);
  if (old === leaf) return false;
  if ((yield cpu.cmpxchg(kvm.npt[gfn], old, leaf)) !== old) return false;
  checkInstall(cpu, s, gfn, leaf);
  if (old !== 0) yield cpu.flushTlbIpi(s.nptTlb[gfn]);
  return true;
}
