import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { dcacheCleanInvalPoc, icacheInvalPou } from './cache.ts';
import { checkInstall } from './checks.ts';
import {
  isCacheable,
  LOCKED,
  leafExec,
  leafFrame,
  leafOf,
  leafType,
  leafValid,
  withExec,
} from './entries.ts';
import type { Frame, State } from './state.ts';

/** What a fault has found out. */
export interface Stage2Mapping {
  readonly gfn: number;
  /** Page of the VMM. */
  readonly page: number;
  readonly frame: Frame;
  /** One of MemType. */
  readonly type: number;
  readonly exec: boolean;
  /** The fault saw that the VM has MTE. */
  readonly mte: boolean;
}

/**
 * kvm_pgtable_stage2_map() (arch/arm64/kvm/hyp/pgtable.c, v6.3), mmu_lock held for read, so that faults race: the entry is
 * locked, the old one flushed from TLBs, caches maintained, the new one released. False is -EAGAIN.
 */
export function* stage2Map(cpu: Cpu, s: State, of: Stage2Mapping): Kernel<boolean> {
  const { d } = s;
  const { gfn, frame, type, exec } = of;
  const ptep = s.kvm.stage2[gfn];
  const leaf = leafOf(frame.index, type, exec);
  const old = yield cpu.readOnce(ptep);
  if (old === LOCKED) return false;
  // stage2_pte_needs_update(): permissions alone are no reason.
  if (leafValid(old) && withExec(old) === withExec(leaf)) return false;
  if (d.lockedMarker && (yield cpu.cmpxchg(ptep, old, LOCKED)) !== old) return false;
  if (leafValid(old) && d.breakBeforeMake) yield cpu.flushTlb(s.stage2Tlb[gfn]);
  if (isCacheable(type) && !d.fwb) yield* dcacheCleanInvalPoc(cpu, s, frame);
  if (exec && !d.dic) yield* icacheInvalPou(cpu, s, frame);
  if (d.stage2Release) yield cpu.smpStoreRelease(ptep, leaf);
  else yield cpu.writeOnce(ptep, leaf);
  checkInstall(cpu, s, gfn, of.page, leaf, of.mte);
  return true;
}

/** kvm_pgtable_stage2_relax_perms(): execute permission is added to the entry that is there. */
export function* stage2RelaxPerms(cpu: Cpu, s: State, gfn: number): Kernel<boolean> {
  const ptep = s.kvm.stage2[gfn];
  const old = yield cpu.readOnce(ptep);
  if (!leafValid(old) || leafExec(old)) return false;
  if (!s.d.dic) yield* icacheInvalPou(cpu, s, s.frames[leafFrame(old)]);
  if ((yield cpu.cmpxchg(ptep, old, withExec(old))) !== old) return false;
  yield cpu.flushTlb(s.stage2Tlb[gfn]);
  return true;
}

/** kvm_pgtable_stage2_unmap() of one page, mmu_lock held for write. */
export function* stage2Unmap(cpu: Cpu, s: State, gfn: number): Kernel {
  const ptep = s.kvm.stage2[gfn];
  const old = yield cpu.readOnce(ptep);
  if (old === 0) return;
  yield cpu.writeOnce(ptep, 0);
  if (s.d.flushTlb) yield cpu.flushTlb(s.stage2Tlb[gfn]);
  if (leafValid(old) && isCacheable(leafType(old)) && !s.d.fwb) {
    yield* dcacheCleanInvalPoc(cpu, s, s.frames[leafFrame(old)]);
  }
}
