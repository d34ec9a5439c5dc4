import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { getPage } from '../kernel/page.ts';
import { pteNumber, ptePage, pteTagged } from '../kernel/pte.ts';
import { vmmLoadData } from './cache.ts';
import { checkUnmapped } from './checks.ts';
import { kinds, RAM, VM } from './memory-kinds.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './notifier.ts';
import { allocZeroedPage, putFrame } from './page.ts';
import { deviceFrame, type Frame, memoryOf, ramPage, type State, vmaAt } from './state.ts';
import { initialiseTags } from './tags.ts';

const TRIES = 4;

/** set_pte_at() of the VMM, page-table lock held: tags of a PROT_MTE page are initialised first. */
function* setPteAt(cpu: Cpu, s: State, page: number, pte: number): Kernel {
  const ram = ramPage(s, s.frames[pteNumber(pte)]);
  if (pteTagged(pte) && ram !== null) {
    yield* initialiseTags(cpu, s, ram, true);
    yield cpu.smpWmb();
  }
  yield cpu.writeOnce(s.mm.pte[page], pte);
}

/** handle_mm_fault() of the VMM: a new page of RAM, or what the driver maps. False if there is no area or no memory. */
export function* handleMmFault(cpu: Cpu, s: State, page: number): Kernel<boolean> {
  const { mm } = s;
  yield cpu.downRead(mm.mmap_lock);
  const address = yield cpu.rcuDereference(mm.vma[page]);
  let frame: Frame | null = null;
  let tagged = false;
  if (address !== 0) {
    const vma = vmaAt(s, address);
    tagged = ((yield cpu.loadPlain(vma.vm_flags)) & VM.mte) !== 0;
    const kind = cpu.machine.peek(vma.kind);
    frame = kind === RAM ? yield* allocZeroedPage(cpu, s) : deviceFrame(s, kind);
    if (frame !== null && kind !== RAM && kinds[kind].structPage) yield getPage(cpu, frame);
  }
  if (frame !== null) {
    yield cpu.spinLock(mm.ptl);
    const none = (yield cpu.readOnce(mm.pte[page])) === 0;
    if (none) yield* setPteAt(cpu, s, page, ptePage(frame.index, tagged, true));
    yield cpu.spinUnlock(mm.ptl);
    if (!none) yield* putFrame(cpu, s, frame);
  }
  yield cpu.upRead(mm.mmap_lock);
  return frame !== null;
}

/** __kvm_faultin_pfn(): the frame that the VMM has at a page, with a reference if there is a struct page. */
export function* faultinPfn(cpu: Cpu, s: State, page: number): Kernel<Frame | null> {
  const { ptl, pte } = s.mm;
  for (let i = 0; i < TRIES; i++) {
    yield cpu.spinLock(ptl);
    const entry = yield cpu.readOnce(pte[page]);
    const frame = entry === 0 ? null : s.frames[pteNumber(entry)];
    if (frame !== null && memoryOf(s, frame).structPage) yield getPage(cpu, frame);
    yield cpu.spinUnlock(ptl);
    if (frame !== null) return frame;
    if (!(yield* handleMmFault(cpu, s, page))) return null;
  }
  return null;
}

/** zap_pte_range() of one page, with the MMU notifier around it. */
function* zap(cpu: Cpu, s: State, page: number): Kernel {
  const { ptl, pte } = s.mm;
  yield* invalidateRangeStart(cpu, s, page);
  yield cpu.spinLock(ptl);
  const old = yield cpu.readOnce(pte[page]);
  if (old !== 0) {
    yield cpu.xchg(pte[page], 0);
    checkUnmapped(cpu, s, page, s.frames[pteNumber(old)]);
    yield cpu.flushTlb(s.stage1Tlb[page]);
  }
  yield cpu.spinUnlock(ptl);
  yield* invalidateRangeEnd(cpu, s, page);
  if (old !== 0) yield* putFrame(cpu, s, s.frames[pteNumber(old)]);
}

/** mmap(MAP_FIXED): the area at a page of the VMM goes, with all that maps it, and one of another kind comes. */
export function* mmapFixed(cpu: Cpu, s: State, page: number, kind: number): Kernel {
  const { mm } = s;
  const address = yield cpu.kmalloc(s.vmaCache, Gfp.Kernel);
  if (address === 0) return;
  const vma = vmaAt(s, address);
  cpu.machine.ghostStore(vma.kind, kind);
  yield cpu.storePlain(vma.vm_flags, kinds[kind].vmFlags);
  yield cpu.storePlain(vma.vm_page_prot, kinds[kind].prot);
  yield cpu.downWrite(mm.mmap_lock);
  const old = yield cpu.rcuDereference(mm.vma[page]);
  yield cpu.writeOnce(mm.vma[page], 0);
  yield* zap(cpu, s, page);
  yield cpu.kfree(old);
  yield cpu.rcuAssignPointer(mm.vma[page], address);
  yield cpu.upWrite(mm.mmap_lock);
}

/** madvise(MADV_DONTNEED): the page is unmapped; RAM is freed and reused. Reclaim and migration take it away alike. */
export function* madviseDontneed(cpu: Cpu, s: State, page: number): Kernel {
  yield cpu.downRead(s.mm.mmap_lock);
  yield* zap(cpu, s, page);
  yield cpu.upRead(s.mm.mmap_lock);
}

/** mprotect(PROT_MTE) of the VMM: an alias with tags beside the guest's. */
export function* mprotectMte(cpu: Cpu, s: State, page: number): Kernel {
  const { mmap_lock, ptl, pte } = s.mm;
  yield cpu.downWrite(mmap_lock);
  const vma = vmaAt(s, yield cpu.rcuDereference(s.mm.vma[page]));
  const vmFlags = yield cpu.loadPlain(vma.vm_flags);
  if ((vmFlags & VM.mte_allowed) !== 0) {
    yield cpu.storePlain(vma.vm_flags, vmFlags | VM.mte);
    yield* invalidateRangeStart(cpu, s, page);
    yield cpu.spinLock(ptl);
    const old = yield cpu.readOnce(pte[page]);
    if (old !== 0) {
      // ptep_modify_prot_start() and _commit(): the frame stays, so stage 2 only has to be gone between start and end.
      yield cpu.xchg(pte[page], 0);
      yield* setPteAt(cpu, s, page, ptePage(pteNumber(old), true, true));
    }
    yield cpu.spinUnlock(ptl);
    yield cpu.flushTlb(s.stage1Tlb[page]);
    yield* invalidateRangeEnd(cpu, s, page);
  }
  yield cpu.upWrite(mmap_lock);
}

/** The VMM reads its memory, as a device model does with what the guest has left there. */
export function* vmmLoad(cpu: Cpu, s: State, page: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1Tlb[page], s.mm.pte[page]);
    if (pte !== 0) {
      yield* vmmLoadData(cpu, s, s.frames[pteNumber(pte)]);
      return;
    }
    if (!(yield* handleMmFault(cpu, s, page))) return;
  }
}

/** STG of the VMM through its PROT_MTE mapping. */
export function* vmmStoreTag(cpu: Cpu, s: State, page: number, granule: number, tag: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1Tlb[page], s.mm.pte[page]);
    const ram = pte === 0 ? null : ramPage(s, s.frames[pteNumber(pte)]);
    if (pteTagged(pte) && ram !== null) {
      yield cpu.writeOnce(ram.tags[granule], s.shadow.tagFor(ram, tag));
      return;
    }
    if (pte !== 0 || !(yield* handleMmFault(cpu, s, page))) return;
  }
}

/** LDG of the VMM through its PROT_MTE mapping. */
export function* vmmLoadTag(cpu: Cpu, s: State, page: number, granule: number): Kernel {
  for (let i = 0; i < TRIES; i++) {
    const pte = yield cpu.walk(s.stage1Tlb[page], s.mm.pte[page]);
    const ram = pte === 0 ? null : ramPage(s, s.frames[pteNumber(pte)]);
    if (pteTagged(pte) && ram !== null) {
      s.shadow.loaded(cpu, ram, granule, yield cpu.readDependent(ram.tags[granule]));
      return;
    }
    if (pte !== 0 || !(yield* handleMmFault(cpu, s, page))) return;
  }
}
