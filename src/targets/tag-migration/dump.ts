import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { mteSavePageTags, pageMteTagged } from '../kernel/page-tags.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import type { Host, State } from './state.ts';

// Alternative B of the tag-migration thread: KVM saves the tags of a page "at the point where the page is flagged as clean"
// and discards them "as the page is dirtied". The mail says no more; where the buffers come from, and whether the tags are
// read before or after the TLB flush, is a setting.

function bufferOf(s: State, address: number): readonly number[] {
  return s.mte.tagBufferTags.get(address) ?? [];
}

/** With buffers that are kept: allocates them when dirty logging is switched on, where sleeping is allowed. */
export function* allocateSavedTags(cpu: Cpu, s: State, h: Host): Kernel {
  for (const saved of h.kvm.saved_tags) {
    if ((yield cpu.readOnce(saved)) !== 0) continue;
    yield cpu.writeOnce(saved, yield cpu.kmalloc(s.tagBufferCache, Gfp.Kernel | Gfp.Nofail));
  }
}

/**
 * Saves the tags of a page that has just been flagged clean; a page that the guest has not mapped has none. With
 * slots_lock held; `GFP_KERNEL` in the write-protection path sleeps with mmu_lock held, `GFP_ATOMIC` may fail, and then
 * nothing is saved.
 */
export function* saveTags(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  const { saved_tags, saved, stage2 } = h.kvm;
  const leaf = yield cpu.readOnce(stage2[gfn]);
  if (!ptePresent(leaf)) return;
  let address: number;
  if (s.d.dumpBuffers === 'kept') address = yield cpu.rcuDereference(saved_tags[gfn]);
  else {
    address = yield cpu.kmalloc(s.tagBufferCache, s.d.dumpBuffers === 'gfp-kernel' ? Gfp.Kernel : Gfp.Atomic);
    if (address === 0) return;
  }
  const page = h.pages[pteNumber(leaf)];
  if (yield* pageMteTagged(cpu, s.mte, page)) yield* mteSavePageTags(cpu, s.mte, page, address);
  else for (const word of bufferOf(s, address)) yield cpu.writeOnce(word, 0);
  if (s.d.dumpBuffers === 'kept') yield cpu.smpStoreRelease(saved[gfn], 1);
  else yield cpu.kfree(yield cpu.xchg(saved_tags[gfn], address));
}

/** The page is dirtied: its saved tags are worth nothing. */
export function* discardSavedTags(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  const { saved_tags, saved } = h.kvm;
  if (s.d.dumpBuffers === 'kept') yield cpu.writeOnce(saved[gfn], 0);
  else yield cpu.kfree(yield cpu.xchg(saved_tags[gfn], 0));
}

/** The VMM asks for the tags that were saved; null if the page has none or was dirtied since. */
export function* fetchSavedTags(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<readonly number[] | null> {
  const { saved_tags, saved, slots_lock } = h.kvm;
  yield cpu.mutexLock(slots_lock);
  const holds = s.d.dumpBuffers !== 'kept' || (yield cpu.smpLoadAcquire(saved[gfn])) === 1;
  const address = holds ? yield cpu.rcuDereference(saved_tags[gfn]) : 0;
  let tags: number[] | null = null;
  if (address !== 0) {
    tags = [];
    for (const word of bufferOf(s, address)) tags.push(yield cpu.readDependent(word));
  }
  yield cpu.mutexUnlock(slots_lock);
  return tags;
}
