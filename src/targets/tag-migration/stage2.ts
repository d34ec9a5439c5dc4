import type { Access, Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { putPage } from '../kernel/page.ts';
import { Pte, ptePage, ptePresent, pteWrite } from '../kernel/pte.ts';
import { discardSavedTags } from './dump.ts';
import { gup } from './host-fault.ts';
import { LOCKED } from './stage2-pte.ts';
import { type Host, MEM_LOG_DIRTY_PAGES, type Memslot, memslotAt, type Page, type State } from './state.ts';
import { sanitiseMteTags } from './tags.ts';

/**
 * user_mem_abort() (arch/arm64/kvm/mmu.c): maps a guest page, or makes the leaf writable that a write found read-only
 * (`permission`). The guest tries its access again afterwards. mmu_invalidate_seq is left out: nothing invalidates here.
 */
export function* userMemAbort(
  cpu: Cpu,
  s: State,
  h: Host,
  gfn: number,
  write: boolean,
  permission: boolean,
): Kernel {
  const { kvm } = h;
  yield cpu.srcuReadLock(h.srcu);
  const slot = memslotAt(h, yield cpu.rcuDereference(kvm.memslot));
  const logging = ((yield cpu.readDependent(slot.flags)) & MEM_LOG_DIRTY_PAGES) !== 0;
  const page = yield* gup(cpu, s, h, gfn);
  const marks = write && logging;
  if (marks && s.d.markDirty === 'before-map') yield* markPageDirty(cpu, s, h, slot, gfn);
  // v6.2 takes it for read; before that only what makes a leaf writable again while logging did.
  const exclusive = !s.d.tagLock && !permission;
  if (exclusive) yield cpu.writeLock(kvm.mmu_lock);
  else yield cpu.readLock(kvm.mmu_lock);
  const mapped = permission
    ? yield* relaxPermissions(cpu, kvm.stage2[gfn])
    : yield* stage2Map(cpu, s, kvm.stage2[gfn], page, write || !logging);
  if (mapped && marks && s.d.markDirty === 'under-lock') yield* markPageDirty(cpu, s, h, slot, gfn);
  if (exclusive) yield cpu.writeUnlock(kvm.mmu_lock);
  else yield cpu.readUnlock(kvm.mmu_lock);
  if (mapped && marks && s.d.markDirty === 'after-unlock') yield* markPageDirty(cpu, s, h, slot, gfn);
  yield* putPage(cpu, h, page);
  yield cpu.srcuReadUnlock(h.srcu);
}

/** kvm_pgtable_stage2_relax_perms(): false (-EAGAIN) if the leaf is no longer there or somebody else has changed it. */
function* relaxPermissions(cpu: Cpu, leaf: number): Kernel<boolean> {
  const old = yield cpu.readOnce(leaf);
  if (!ptePresent(old) || pteWrite(old)) return false;
  return (yield cpu.cmpxchg(leaf, old, old | Pte.Write)) === old;
}

/**
 * sanitise_mte_tags() and kvm_pgtable_stage2_map(): false (-EAGAIN) if another vCPU has mapped the page or is doing so;
 * mmu_lock is held for read only. A leaf that differs in permissions alone is left to relaxPermissions().
 */
function* stage2Map(cpu: Cpu, s: State, leaf: number, page: Page, writable: boolean): Kernel<boolean> {
  yield* sanitiseMteTags(cpu, s, page);
  if ((yield cpu.readOnce(leaf)) !== 0) return false;
  // stage2_try_break_pte()
  if ((yield cpu.cmpxchg(leaf, 0, LOCKED)) !== 0) return false;
  // stage2_make_pte()
  yield cpu.smpStoreRelease(leaf, ptePage(page.index, true, writable));
  return true;
}

/**
 * mark_page_dirty_in_slot(). The tags that alternative B has saved go before the bit is set: whoever finds the bit flags the
 * page clean and saves its tags anew, and these must not be discarded, as the vCPU may leave without storing.
 */
function* markPageDirty(cpu: Cpu, s: State, h: Host, slot: Memslot, gfn: number): Kernel {
  const discards = s.d.tagAccess === 'dump';
  if (discards && s.d.discardsFirst) {
    yield* discardSavedTags(cpu, s, h, gfn);
    if (s.d.discardOrders) yield cpu.smpWmb();
  }
  yield cpu.setBit(gfn, slot.dirty_bitmap);
  if (discards && !s.d.discardsFirst) yield* discardSavedTags(cpu, s, h, gfn);
}

/** kvm_mmu_write_protect_pt_masked(), for one gfn, with mmu_lock held for write; flushes nothing. */
export function* writeProtect(cpu: Cpu, h: Host, gfn: number): Kernel {
  const leaf = h.kvm.stage2[gfn];
  const old = yield cpu.readOnce(leaf);
  if (ptePresent(old) && pteWrite(old)) yield cpu.writeOnce(leaf, old & ~Pte.Write);
}

/** kvm_flush_remote_tlbs(), as far as a gfn is concerned. */
export function flushStage2(cpu: Cpu, h: Host, gfn: number): Access {
  return cpu.flushTlb(h.stage2Tlb[gfn]);
}
