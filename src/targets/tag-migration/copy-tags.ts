import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { GRANULES } from '../../oracles/tag-shadow.ts';
import { putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { gup } from './host-fault.ts';
import { type Host, MEM_LOG_DIRTY_PAGES, memslotAt, type Page, type State } from './state.ts';

// KVM_ARM_MTE_COPY_TAGS: kvm_vm_ioctl_mte_copy_tags() (arch/arm64/kvm/guest.c). slots_lock is held for the whole ioctl,
// mmu_lock is not taken, vCPUs run. The user's buffer is the VMM's own and is not modelled as memory.

/** From the guest: zeros if the page is not tagged. */
export function* copyTagsFromGuest(cpu: Cpu, s: State, h: Host, gfn: number): Kernel<readonly number[]> {
  const tags: number[] = [];
  yield cpu.mutexLock(h.kvm.slots_lock);
  const page = yield* gup(cpu, s, h, gfn);
  const tagged = yield* pageMteTagged(cpu, s.mte, page);
  for (let g = 0; g < GRANULES; g++) tags.push(tagged ? yield cpu.readOnce(page.tags[g]) : 0);
  yield* putPage(cpu, h, page);
  yield cpu.mutexUnlock(h.kvm.slots_lock);
  return tags;
}

/** To the guest, tags that were read elsewhere. */
export function* copyTagsToGuest(cpu: Cpu, s: State, h: Host, gfn: number, tags: readonly number[]): Kernel {
  yield* toGuest(cpu, s, h, gfn, () => tags);
}

/** To the guest, new tags that the VMM has made up: an owner's store, unless it is refused (-EBUSY). */
export function* setTagsOfGuest(cpu: Cpu, s: State, h: Host, gfn: number, tag: number): Kernel {
  let stored: readonly number[] = [];
  const page = yield* toGuest(cpu, s, h, gfn, to => {
    s.mte.shadow.initialising(to);
    stored = to.tags.map(() => s.mte.shadow.tagFor(to, tag, false));
    return stored;
  });
  if (page !== null) s.mte.shadow.promise(page, stored);
}

/** The page whose tags were replaced; null if the ioctl was refused. */
function* toGuest(
  cpu: Cpu,
  s: State,
  h: Host,
  gfn: number,
  tagsFor: (page: Page) => readonly number[],
): Kernel<Page | null> {
  const { kvm } = h;
  yield cpu.mutexLock(kvm.slots_lock);
  const page = (yield* isRefused(cpu, s, h)) ? null : yield* gup(cpu, s, h, gfn);
  if (page !== null) {
    const tags = tagsFor(page);
    // Serialises only with an initialiser; a page that is tagged already is overwritten while it lives.
    if (s.d.tagLock) yield* tryPageMteTagging(cpu, s.mte, page);
    for (let g = 0; g < tags.length; g++) yield cpu.writeOnce(page.tags[g], tags[g]);
    if (s.d.tagLock) yield* setPageMteTagged(cpu, s.mte, page);
    else yield cpu.setBit(PG.mte_tagged, page.flags);
    yield* putPage(cpu, h, page);
  }
  yield cpu.mutexUnlock(kvm.slots_lock);
  return page;
}

/** -EBUSY while a memslot has dirty logging (e0b7de4fd18c, v6.12). */
function* isRefused(cpu: Cpu, s: State, h: Host): Kernel<boolean> {
  if (!s.d.refuseWhileLogging) return false;
  const slot = memslotAt(h, yield cpu.rcuDereference(h.kvm.memslot));
  return ((yield cpu.readDependent(slot.flags)) & MEM_LOG_DIRTY_PAGES) !== 0;
}
