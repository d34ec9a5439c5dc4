import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import {
  mteCopyPageTags,
  mteRestorePageTags,
  mteSavePageTags,
  pageMteTagged,
  tryPageMteTagging,
} from '../kernel/page-tags.ts';
import {
  hasKeptTags,
  mteSaveTagsForPfn,
  tagsByPfnLock,
  tagsByPfnUnlock,
  takeReserve,
  xaErase,
  xaRelease,
  xaReserve,
} from './kept-tags.ts';
import { FORKED, isTagStorage, type Page, type State, XA_ZERO_ENTRY } from './state.ts';
import { copyBuffer, pageTagStorageReserved, setPageMteTagged } from './tags.ts';

/** Looks at a source that other processes may tag meanwhile before the copy gives up. */
const LOOKS = 3;
/** What copyHighpagePrepare() returns when there is no memory. */
export const ENOMEM = -1;

/**
 * Fix 2: copy_highpage_prepare(), in a context that may sleep: a buffer, and a slot in tags_by_pfn, for a destination
 * that has no storage. 0 if nothing is needed (or the design has no such function), or ENOMEM.
 */
export function* copyHighpagePrepare(cpu: Cpu, s: State, to: Page): Kernel<number> {
  if (s.d.copyMemory !== 'prepare-end' || (yield* pageTagStorageReserved(cpu, to))) return 0;
  const buffer = yield cpu.kmalloc(s.buffers, Gfp.Kernel);
  if (buffer === 0) return ENOMEM;
  if (yield* xaReserve(cpu, s, to.index, Gfp.Kernel)) return buffer;
  yield cpu.kfree(buffer);
  return ENOMEM;
}

/** Fix 2: copy_highpage_end(): releases what copy_highpage() did not use. */
export function* copyHighpageEnd(cpu: Cpu, s: State, to: Page, unused: number): Kernel {
  if (unused <= 0) return;
  yield cpu.kfree(unused);
  yield* xaRelease(cpu, s, to.index, false);
}

/**
 * copy_highpage() (arch/arm64/mm/copypage.c), data and tags. The caller has told the shadow what the destination now
 * holds. `prepared` is the buffer of fix 2; returns what is left of it.
 */
export function* copyHighpage(cpu: Cpu, s: State, to: Page, from: Page, prepared = 0): Kernel<number> {
  yield cpu.writeOnce(to.data, yield cpu.readOnce(from.data));
  for (let i = 0; i < LOOKS; i++) {
    const left = yield* tryTransferSavedTags(cpu, s, to, from, prepared);
    if (left >= 0) return left;
    if (!(yield* pageMteTagged(cpu, s, from))) return prepared;
    if (s.d.transferRetests && !(yield* pageTagStorageReserved(cpu, to))) continue;
    const won = yield* tryPageMteTagging(cpu, s, to);
    cpu.warnOn(!won, 'copy_highpage(): the destination is tagged already', to.flags);
    yield* mteCopyPageTags(cpu, s, to, from);
    yield* setPageMteTagged(cpu, s, to);
    return prepared;
  }
  return prepared;
}

/**
 * try_transfer_saved_tags(): keeps the tags of `from` for `to` if that has no storage. Returns -1 if the ordinary copy
 * has to be done, else what is left of the prepared buffer.
 */
function* tryTransferSavedTags(cpu: Cpu, s: State, to: Page, from: Page, prepared: number): Kernel<number> {
  if (s.d.warnPreemptible)
    cpu.warnOn(cpu.inAtomic() || cpu.irqsOff, 'try_transfer_saved_tags(): not preemptible', from.flags);
  if (yield* pageMteTagged(cpu, s, from)) {
    if (yield* pageTagStorageReserved(cpu, to)) return -1;
    const buffer = yield* bufferFor(cpu, s, to, prepared);
    if (buffer === 0) return yield* cannotSave(cpu, s, to, from, prepared);
    yield* mteSavePageTags(cpu, s, from, buffer);
    return yield* keep(cpu, s, to, from, buffer, prepared);
  }
  if (s.d.mandatory && !isTagStorage(s, from)) return -1;
  return s.d.transferMoves
    ? yield* moveKept(cpu, s, to, from, prepared)
    : yield* copyKept(cpu, s, to, from, prepared);
}

/** RFC v3: takes the entry of `from` away and gives it to `to`. */
function* moveKept(cpu: Cpu, s: State, to: Page, from: Page, prepared: number): Kernel<number> {
  const irq = yield* tagsByPfnLock(cpu, s);
  const buffer = yield* xaErase(cpu, s, from.index);
  yield* tagsByPfnUnlock(cpu, s, irq);
  if (buffer === 0) return -1;
  if (yield* pageTagStorageReserved(cpu, to)) {
    yield* writeKept(cpu, s, to, buffer);
    yield cpu.kfree(buffer);
    return prepared;
  }
  const left = yield* keep(cpu, s, to, from, buffer, 0);
  return left < 0 ? left : prepared;
}

/** A copy of what is kept for `from`, whose entry stays until the page is freed. */
function* copyKept(cpu: Cpu, s: State, to: Page, from: Page, prepared: number): Kernel<number> {
  if (!(yield* hasKeptTags(cpu, s, from.index))) return -1;
  const reserved = yield* pageTagStorageReserved(cpu, to);
  const buffer = reserved ? 0 : yield* bufferFor(cpu, s, to, prepared);
  if (!reserved && buffer === 0) return yield* cannotSave(cpu, s, to, from, prepared);
  const irq = yield* tagsByPfnLock(cpu, s);
  const entry = yield cpu.readOnce(s.kept[from.index].entry);
  const there = entry !== 0 && entry !== XA_ZERO_ENTRY;
  if (there && reserved) yield* writeKept(cpu, s, to, entry);
  else if (there) yield* copyBuffer(cpu, s, buffer, entry);
  yield* tagsByPfnUnlock(cpu, s, irq);
  if (reserved) return there ? prepared : -1;
  if (there) return yield* keep(cpu, s, to, from, buffer, prepared);
  // Not needed this time; the caller may look again.
  if (s.d.copyMemory === 'at-allocation') yield cpu.rcuAssignPointer(to.reserve, buffer);
  else if (buffer !== prepared) yield cpu.kfree(buffer);
  return -1;
}

function* writeKept(cpu: Cpu, s: State, to: Page, buffer: number): Kernel {
  const won = yield* tryPageMteTagging(cpu, s, to);
  cpu.warnOn(!won, 'try_transfer_saved_tags(): the destination is tagged already', to.flags);
  yield* mteRestorePageTags(cpu, s, to, buffer);
  yield* setPageMteTagged(cpu, s, to);
}

/** mte_save_tags_for_pfn() of the destination, and what follows from its result. */
function* keep(cpu: Cpu, s: State, to: Page, from: Page, buffer: number, prepared: number): Kernel<number> {
  const gfp = s.d.copyMemory === 'blocking' ? Gfp.Kernel : Gfp.Atomic;
  const saved = yield* mteSaveTagsForPfn(cpu, s, buffer, to, gfp);
  if (saved === 'kept') return buffer === prepared ? 0 : prepared;
  if (saved === 'reserved') {
    // The tags of a tagged source can be copied; those that were kept for an untagged one are in the buffer alone.
    const lost = s.d.transferDrops || (yield* pageMteTagged(cpu, s, from));
    if (!lost) yield* writeKept(cpu, s, to, buffer);
    if (buffer !== prepared) yield cpu.kfree(buffer);
    return lost ? -1 : prepared;
  }
  if (buffer !== prepared) yield cpu.kfree(buffer);
  return yield* cannotSave(cpu, s, to, from, prepared);
}

/** A buffer for the tags of `to`, by design; 0 if there is none. */
function* bufferFor(cpu: Cpu, s: State, to: Page, prepared: number): Kernel<number> {
  switch (s.d.copyMemory) {
    case 'blocking':
      return yield cpu.kmalloc(s.buffers, Gfp.Kernel);
    case 'atomic-cache':
      return yield* cachedBuffer(cpu, s);
    case 'prepare-end':
      return prepared;
    case 'at-allocation':
      return yield* takeReserve(cpu, to);
  }
}

/** Fix 1: a buffer from the cache, which is refilled with a whole page (two buffers here, 32 in the kernel). */
function* cachedBuffer(cpu: Cpu, s: State): Kernel<number> {
  const irq = yield cpu.spinLockIrqsave(s.tagCache.lock);
  let buffer = 0;
  for (const slot of s.tagCache.buffer) {
    if (buffer !== 0) continue;
    buffer = yield cpu.readOnce(slot);
    if (buffer !== 0) yield cpu.writeOnce(slot, 0);
  }
  if (buffer === 0) {
    buffer = yield cpu.kmalloc(s.buffers, Gfp.Atomic);
    // The rest of the page comes with it.
    if (buffer !== 0) yield cpu.writeOnce(s.tagCache.buffer[0], yield cpu.kmalloc(s.buffers, Gfp.Atomic));
  }
  yield cpu.spinUnlockIrqrestore(s.tagCache.lock, irq);
  return buffer;
}

/**
 * There is no memory to keep the tags in. RFC v3 warns and goes on without them; fix 1 kills the processes that map
 * the page, whose tags then matter to nobody: an observation, and no violation.
 */
function* cannotSave(cpu: Cpu, s: State, to: Page, from: Page, prepared: number): Kernel<number> {
  cpu.warnOn(s.d.copyMemory === 'blocking', 'try_transfer_saved_tags(): no memory for tags', from.flags);
  if (s.d.copyMemory === 'atomic-cache' && !s.d.ignoreFailure) yield* killProcesses(cpu, s, to, from);
  return prepared;
}

function* killProcesses(cpu: Cpu, s: State, to: Page, from: Page): Kernel {
  // Migration has moved the mapping to the destination already.
  const mapping = (yield cpu.readOnce(to.mapping)) || (yield cpu.readOnce(from.mapping));
  const owner = mapping & 255;
  for (const mm of s.mms) {
    if (owner < FORKED && owner !== mm.index + 1) continue;
    yield cpu.writeOnce(mm.killed, 1);
    const name = cpu.machine.layout.objectName(from.base);
    const why = `copy_highpage() had no memory for the tags of ${name}, which mm${mm.index} maps or may map`;
    cpu.machine.observe('process killed', why, cpu.id);
  }
  s.shadow.fresh(to);
}
