import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { folioTrylock, folioUnlock, getPage, putPage } from '../kernel/page.ts';
import { isSwapEntry, Pte, pteNumber, pteWrite } from '../kernel/pte.ts';
import { swapDuplicate } from '../kernel/swap-map.ts';
import { bdevGetPage } from './buffer-head.ts';
import { copyHighpage, copyHighpageEnd, copyHighpagePrepare, ENOMEM } from './copy.ts';
import { mappingOf, migrateHeld } from './migrate.ts';
import { allocPage } from './page.ts';
import { ptePresent } from './pte.ts';
import { mappedPage, setPteAt } from './set-pte.ts';
import { FORKED, isShared, type Mm, type Page, type State } from './state.ts';

// The three callers of copy_highpage() that must not sleep: chains A, B and C of section 3 of the fact sheet.

/** A destination page that copy_pte_range() has allocated, with what fix 2 prepared for it. */
interface Spare {
  readonly page: Page;
  left: number;
}

/**
 * Chain A: fork() of a private page into the other address space. A page that may be pinned for DMA is copied at once
 * (copy_present_page()), which needs a page; without one it says -EAGAIN, the locks are dropped, one is allocated, and
 * the entry is looked at again. Other pages are shared read-only. Locks of the two are always taken in one order here:
 * a child is new, so theirs cannot be taken the other way round.
 */
export function* fork(cpu: Cpu, s: State, from: number, index: number, pinned: boolean): Kernel {
  const parent = s.mms[from];
  const child = s.mms[(from + 1) % s.mms.length];
  if (child === parent || isShared(index)) return;
  const [outer, inner] = parent.index > child.index ? [parent, child] : [child, parent];
  yield cpu.downWrite(outer.mmap_lock);
  yield cpu.downWrite(inner.mmap_lock);
  const tagged = (yield cpu.readOnce(parent.vm_mte[index])) === 1;
  let spare: Spare | null = null;
  let again = (yield cpu.readOnce(child.pte[index])) === 0;
  // A child whose area has VM_MTE although the parent's has not called mprotect(PROT_MTE) at once.
  const childTagged = tagged || (yield cpu.readOnce(child.vm_mte[index])) === 1;
  if (again && tagged) yield cpu.writeOnce(child.vm_mte[index], 1);
  while (again) {
    again = yield* copyPteRange(cpu, s, parent, child, index, childTagged, pinned, spare);
    if (!again) break;
    const page = yield* allocPage(cpu, s, tagged);
    if (page === null) break;
    const left = yield* copyHighpagePrepare(cpu, s, page);
    spare = { page, left };
    if (left === ENOMEM) break;
  }
  yield cpu.upWrite(inner.mmap_lock);
  yield cpu.upWrite(outer.mmap_lock);
  if (spare === null) return;
  if (s.d.endOnExit) yield* copyHighpageEnd(cpu, s, spare.page, spare.left);
  // The child's entry has a reference of its own.
  yield* putPage(cpu, s, spare.page);
}

/** copy_pte_range() of one entry; true is -EAGAIN. */
function* copyPteRange(
  cpu: Cpu,
  s: State,
  parent: Mm,
  child: Mm,
  index: number,
  tagged: boolean,
  pinned: boolean,
  spare: Spare | null,
): Kernel<boolean> {
  const [outer, inner] = parent.index > child.index ? [child, parent] : [parent, child];
  let again = false;
  yield cpu.rcuReadLock();
  yield cpu.spinLock(outer.ptl);
  yield cpu.spinLock(inner.ptl);
  const entry = yield cpu.readOnce(parent.pte[index]);
  const from = ptePresent(entry) ? s.pages[pteNumber(entry)] : null;
  if (isSwapEntry(entry)) {
    // copy_nonpresent_pte()
    yield* swapDuplicate(cpu, s, pteNumber(entry));
    yield cpu.writeOnce(child.pte[index], entry);
  } else if (from !== null && !pinned) {
    // copy_present_pte(): ptep_set_wrprotect() and a reference for the child.
    yield cpu.writeOnce(parent.pte[index], entry & ~Pte.Write);
    yield cpu.flushTlb(s.tlb[parent.index][index]);
    yield getPage(cpu, from);
    yield cpu.writeOnce(from.mapping, FORKED | (index << 8));
    yield* setPteAt(cpu, s, child.pte[index], from, tagged, false);
  } else if (from !== null && spare === null) again = true;
  else if (from !== null && spare !== null) {
    s.shadow.copied(cpu, spare.page, from, from.flags);
    spare.left = yield* copyHighpage(cpu, s, spare.page, from, spare.left);
    yield cpu.smpWmb();
    yield getPage(cpu, spare.page);
    yield cpu.writeOnce(spare.page.mapping, mappingOf(child.index, index));
    yield* setPteAt(cpu, s, child.pte[index], spare.page, tagged);
  }
  yield cpu.spinUnlock(inner.ptl);
  yield cpu.spinUnlock(outer.ptl);
  yield cpu.rcuReadUnlock();
  return again;
}

/** Chain B: compaction moves a page of a block device. */
export function* bufferMigrate(cpu: Cpu, s: State): Kernel {
  const page = yield* bdevGetPage(cpu, s);
  if (!(yield* migrateHeld(cpu, s, page, false, false))) yield* putPage(cpu, s, page);
}

/**
 * Chain C: collapse_huge_page(), of one page here. The page is unmapped under the page-table lock, copied within the
 * RCU section of pte_offset_map(), and mapped anew; a machine check abandons the copy. Patch 31 of RFC v3 leaves VM_MTE
 * areas alone.
 */
export function* collapse(cpu: Cpu, s: State, mm: number, index: number): Kernel {
  if (isShared(index)) return;
  const { mmap_lock, vm_mte } = s.mms[mm];
  const page = yield* allocPage(cpu, s, false);
  if (page === null) return;
  const prepared = yield* copyHighpagePrepare(cpu, s, page);
  let left = prepared;
  if (prepared !== ENOMEM) {
    yield cpu.downWrite(mmap_lock);
    const tagged = (yield cpu.readOnce(vm_mte[index])) === 1;
    if (!tagged || s.d.collapseMte) left = yield* collapseLocked(cpu, s, mm, index, page, prepared, tagged);
    yield cpu.upWrite(mmap_lock);
  }
  yield* copyHighpageEnd(cpu, s, page, left);
  yield* putPage(cpu, s, page);
}

function* collapseLocked(
  cpu: Cpu,
  s: State,
  mm: number,
  index: number,
  to: Page,
  prepared: number,
  tagged: boolean,
): Kernel<number> {
  const { ptl, pte } = s.mms[mm];
  yield cpu.rcuReadLock();
  yield cpu.spinLock(ptl);
  const old = yield cpu.readOnce(pte[index]);
  const from = ptePresent(old) ? yield* mappedPage(cpu, s, mm, index) : null;
  // __collapse_huge_page_isolate(): the folio lock, and no references but the mapping's.
  const isolated = from !== null && (yield folioTrylock(cpu, s, from)) === 1;
  const alone = isolated && from !== null && (yield cpu.readOnce(from.refcount)) === 1;
  if (alone) {
    yield cpu.writeOnce(pte[index], 0);
    yield cpu.flushTlb(s.tlb[mm][index]);
  }
  yield cpu.spinUnlock(ptl);
  let left = prepared;
  let copied = false;
  if (alone && from !== null) {
    s.shadow.copied(cpu, to, from, from.flags);
    left = yield* copyHighpage(cpu, s, to, from, prepared);
    // copy_mc_user_highpage() may fail.
    copied = cpu.choose(4) !== 3;
  }
  yield cpu.rcuReadUnlock();
  if (alone && from !== null) {
    yield cpu.spinLock(ptl);
    if (copied) {
      yield getPage(cpu, to);
      yield cpu.writeOnce(to.mapping, mappingOf(mm, index));
    }
    yield* setPteAt(cpu, s, pte[index], copied ? to : from, tagged, copied || pteWrite(old));
    yield cpu.spinUnlock(ptl);
  }
  if (isolated && from !== null) yield folioUnlock(cpu, from);
  if (copied && from !== null) yield* putPage(cpu, s, from);
  return left;
}
