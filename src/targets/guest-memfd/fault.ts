import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { checkWalk, rmpNow } from './checks.ts';
import { hasRmp } from './design.ts';
import { HPAGE, nptHuge, nptPfn, nptPrivate, rmpAssigned, rmpGfn, rmpHuge } from './entries.ts';
import { type GotPfn, gmemGetPfn } from './gmem.ts';
import {
  mmuInvalidateBegin,
  mmuInvalidateEnd,
  mmuInvalidateRangeAdd,
  mmuInvalidateRetryGfn,
} from './invalidate.ts';
import { getGmemFile, putGmemFile } from './lifetime.ts';
import { tdpMmuMap, unmapGfnRange } from './npt.ts';
import { folioPutRefs } from './page.ts';
import { psmash, snpLookupRmpentry } from './rmp.ts';
import { attributeOf, MEMSLOT_INVALID, type Page, type State, slotAt, userPage } from './state.ts';

/** How often the guest repeats an access before it gives up. */
const TRIES = 3;

/** Whether the guest goes on with its access or leaves for user space. */
type Outcome = 'again' | 'exit';

/** What a fault found: a page, and the folio whose reference it holds (none for user memory behind shared gfns). */
interface FaultPfn {
  readonly page: Page;
  readonly folio: Page | null;
  readonly huge: boolean;
}

/** #NPF: kvm_tdp_page_fault() (arch/x86/kvm/mmu/mmu.c, v6.8), within an SRCU read section. */
export function* tdpPageFault(cpu: Cpu, s: State, gfn: number, isPrivate: boolean): Kernel<Outcome> {
  const { kvm, d } = s;
  yield cpu.srcuReadLock(s.srcu);
  if (d.slotsLockInFault) yield cpu.mutexLock(kvm.slots_lock);
  const outcome = yield* faultInSlot(cpu, s, gfn, isPrivate);
  if (d.slotsLockInFault) yield cpu.mutexUnlock(kvm.slots_lock);
  yield cpu.srcuReadUnlock(s.srcu);
  return outcome;
}

function* faultInSlot(cpu: Cpu, s: State, gfn: number, isPrivate: boolean): Kernel<Outcome> {
  const { kvm, d } = s;
  const slot = yield cpu.rcuDereference(kvm.slot);
  if (slot === 0) return 'exit';
  let seq = 0;
  if (d.snapshotFirst) {
    seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
    yield cpu.smpRmb();
  }
  if ((yield cpu.readOnce(slotAt(s, slot).flags)) === MEMSLOT_INVALID) return 'again';
  // KVM_EXIT_MEMORY_FAULT: the guest implicitly asks for a conversion.
  if ((yield* isPrivateGfn(cpu, s, gfn)) !== isPrivate) return 'exit';
  const found = yield* faultinPfn(cpu, s, gfn, slot, isPrivate);
  if (found === null) return 'exit';
  if (!d.snapshotFirst) seq = yield cpu.readOnce(kvm.mmu_invalidate_seq);
  let stale = !d.staleCheckLocked && (yield* mmuInvalidateRetryGfn(cpu, s, seq, gfn));
  yield cpu.readLock(kvm.mmu_lock);
  if (d.staleCheckLocked) stale = yield* mmuInvalidateRetryGfn(cpu, s, seq, gfn);
  if (!stale) {
    const huge = found.huge && (yield cpu.readOnce(kvm.lpage_mixed[Math.floor(gfn / HPAGE)])) === 0;
    yield* tdpMmuMap(cpu, s, gfn, found.page.index, isPrivate, huge);
  }
  yield cpu.readUnlock(kvm.mmu_lock);
  if (found.folio !== null) yield* folioPutRefs(cpu, s, found.folio, 1);
  return 'again';
}

/**
 * kvm_mem_is_private(): an xarray or (D8) a maple tree, read by RCU. The series has had the lookup under invalidate_lock as
 * well, which orders it after the store of whoever raised the sequence.
 */
function* isPrivateGfn(cpu: Cpu, s: State, gfn: number): Kernel<boolean> {
  const locked = s.d.inPlace && s.d.attributesUnderLock;
  if (locked) yield cpu.downRead(s.inode.invalidate_lock);
  const attribute = yield cpu.readOnce(attributeOf(s, gfn));
  if (locked) yield cpu.upRead(s.inode.invalidate_lock);
  return attribute !== 0;
}

/** kvm_mmu_faultin_pfn(): from the file for private gfns (and for files that are mapped shared), else user memory. */
function* faultinPfn(
  cpu: Cpu,
  s: State,
  gfn: number,
  slot: number,
  isPrivate: boolean,
): Kernel<FaultPfn | null> {
  const { d } = s;
  if (!isPrivate && !d.initShared && !d.inPlace) return { page: userPage(s, gfn), folio: null, huge: false };
  if (!(yield* getGmemFile(cpu, s, slot))) return null;
  const got: GotPfn = yield* gmemGetPfn(cpu, s, gfn, slot, isPrivate);
  if (got === '-EIO') checkSpurious(cpu, s, slot);
  yield* putGmemFile(cpu, s);
  if (got === '-EIO' || got === '-ENOMEM') return null;
  let huge = d.hugeFolios && (yield cpu.readOnce(got.folio.order)) === 1;
  if (isPrivate && (huge || d.levelLookupFails)) {
    // sev_private_max_mapping_level()
    const entry = yield* snpLookupRmpentry(cpu, s, got.page);
    if (!rmpAssigned(entry) && d.levelLookupFails) {
      const message = `the fault on gfn ${gfn} fails with -EINVAL because its page was made shared meanwhile: the VM dies instead of retrying`;
      cpu.machine.violateNow('spurious-vm-exit', message, cpu, s.rmp[got.page.index], []);
    }
    if (!rmpHuge(entry)) huge = false;
  }
  return { ...got, huge };
}

/** -EIO is an answer only if the memslot or the file is going away. */
function checkSpurious(cpu: Cpu, s: State, slot: number): void {
  const { machine } = cpu;
  if (machine.peek(s.kvm.slot) !== slot || machine.peek(slotAt(s, slot).gmem_file) === 0) return;
  const message = 'a fault fails with -EIO although memslot and file are there: the VM dies';
  machine.violateNow('spurious-vm-exit', message, cpu, s.gmem.bindings[0], []);
}

/** KVM_SEV_SNP_LAUNCH_FINISH, before the first run of a vCPU. */
function* launchFinish(cpu: Cpu, s: State): Kernel {
  const { kvm } = s;
  if ((yield cpu.readOnce(kvm.pre_fault_allowed)) !== 0) return;
  yield cpu.mutexLock(kvm.lock);
  yield cpu.writeOnce(kvm.pre_fault_allowed, 1);
  yield cpu.mutexUnlock(kvm.lock);
}

/** The hardware walk of the nested page table; 0 if nothing is mapped. */
function* nestedWalk(cpu: Cpu, s: State, gfn: number): Kernel<number> {
  if (s.d.hugeFolios) {
    const region = Math.floor(gfn / HPAGE);
    const large = yield cpu.walk(s.npt2mTlb[region], s.kvm.npt_2m[region]);
    if (large !== 0) return large;
  }
  return yield cpu.walk(s.nptTlb[gfn], s.kvm.npt[gfn]);
}

/** Whether the RMP table lets a private access through a leaf pass: assigned, right gfn, and no 2M entry below a 4K leaf. */
function rmpAllows(cpu: Cpu, s: State, gfn: number, leaf: number): boolean {
  if (!hasRmp(s.d) || !nptPrivate(leaf)) return true;
  const entry = rmpNow(cpu.machine, s, nptPfn(leaf, gfn));
  if (!rmpAssigned(entry)) return false;
  if (rmpHuge(entry)) return nptHuge(leaf);
  return !nptHuge(leaf) && rmpGfn(entry) === gfn;
}

/** A vCPU writes to a gfn with the C-bit as asked, faulting until it can. */
export function* guestAccess(cpu: Cpu, s: State, gfn: number, isPrivate: boolean): Kernel {
  if (hasRmp(s.d)) yield* launchFinish(cpu, s);
  for (let i = 0; i < TRIES; i++) {
    const leaf = yield* nestedWalk(cpu, s, gfn);
    if (leaf !== 0 && nptPrivate(leaf) === isPrivate) {
      checkWalk(cpu, s, gfn, leaf);
      if (rmpAllows(cpu, s, gfn, leaf)) {
        yield cpu.writeOnce(s.pages[nptPfn(leaf, gfn)].data, 4);
        return;
      }
      yield* sevHandleRmpFault(cpu, s, gfn);
    } else if ((yield* tdpPageFault(cpu, s, gfn, isPrivate)) === 'exit') return;
    yield cpu.cpuRelax();
  }
}

/**
 * sev_handle_rmp_fault() (arch/x86/kvm/svm/sev.c, v6.11): a 4K mapping of a page with a 2M RMP entry. No mmu_lock around
 * PSMASH; other vCPUs may do the same. The 2M range is unmapped, to be faulted in again.
 */
function* sevHandleRmpFault(cpu: Cpu, s: State, gfn: number): Kernel {
  const { kvm } = s;
  yield cpu.srcuReadLock(s.srcu);
  const slot = yield cpu.rcuDereference(kvm.slot);
  if (slot !== 0 && (yield* getGmemFile(cpu, s, slot))) {
    const got: GotPfn = yield* gmemGetPfn(cpu, s, gfn, slot, true);
    yield* putGmemFile(cpu, s);
    if (got !== '-EIO' && got !== '-ENOMEM') {
      if (rmpHuge(yield* snpLookupRmpentry(cpu, s, got.page))) {
        const base = s.pages[got.page.index - (got.page.index % HPAGE)];
        const smashed = yield* psmash(cpu, s, base);
        if (smashed || !rmpHuge(yield cpu.readOnce(s.rmp[base.index]))) yield* zapGfnRange(cpu, s, gfn);
      }
      yield* folioPutRefs(cpu, s, got.folio, 1);
    }
  }
  yield cpu.srcuReadUnlock(s.srcu);
}

/** kvm_zap_gfn_range() of a 2M region. */
function* zapGfnRange(cpu: Cpu, s: State, gfn: number): Kernel {
  const start = gfn - (gfn % HPAGE);
  yield cpu.writeLock(s.kvm.mmu_lock);
  yield* mmuInvalidateBegin(cpu, s);
  yield* mmuInvalidateRangeAdd(cpu, s, start, start + HPAGE);
  yield* unmapGfnRange(cpu, s, start, start + HPAGE, 'all');
  yield* mmuInvalidateEnd(cpu, s);
  yield cpu.writeUnlock(s.kvm.mmu_lock);
}

/** KVM_PRE_FAULT_MEMORY: a private fault without a guest; refused until LAUNCH_FINISH since 5932ca411e53. */
export function* preFaultMemory(cpu: Cpu, s: State, gfn: number, isPrivate: boolean): Kernel {
  if (hasRmp(s.d) && s.d.preFaultGate && (yield cpu.readOnce(s.kvm.pre_fault_allowed)) === 0) return;
  for (let i = 0; i < TRIES; i++) {
    if ((yield cpu.readOnce(s.kvm.npt[gfn])) !== 0) return;
    if ((yield* tdpPageFault(cpu, s, gfn, isPrivate)) === 'exit') return;
    yield cpu.cpuRelax();
  }
}
