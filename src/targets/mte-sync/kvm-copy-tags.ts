import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { putPage } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { folioPages, isHugetlb } from './areas.ts';
import { handleMmFault } from './fault.ts';
import { gup } from './kvm.ts';
import { VMM } from './kvm-notifier.ts';
import { filePage, type Page, type State } from './state.ts';

/** KVM_ARM_MTE_COPY_TAGS to the guest; `short` stops after one granule, as a user buffer that ends does. */
export function* copyTagsToGuest(cpu: Cpu, s: State, index: number, tag: number, short: boolean): Kernel {
  yield cpu.mutexLock(s.kvm.slots_lock);
  const got = yield* gup(cpu, s, index, true, s.d.copyTagsPins);
  if (got !== null) {
    // No kernel looks at the area again; which page get_user_pages() finds is up to the VMM.
    if (!s.d.copyTagsChecksVma || mayHaveTags(s, got.page)) {
      yield* storeTags(cpu, s, got.page, index, tag, short);
    }
    if (s.d.copyTagsPins) yield cpu.atomicFetchAdd(got.page.pins, -1);
    yield* putPage(cpu, s, got.page);
  }
  yield cpu.mutexUnlock(s.kvm.slots_lock);
}

/** Whether areas with VM_MTE_ALLOWED map such pages. */
function mayHaveTags(s: State, page: Page): boolean {
  return page !== filePage(s) && (s.d.hugetlb !== 'refused' || !isHugetlb(s.areas, page.index));
}

function* storeTags(cpu: Cpu, s: State, page: Page, index: number, tag: number, short: boolean): Kernel {
  const locks = s.d.protocol === 'lock';
  // v6.2: serialises only with an initialiser; a page that is valid already is overwritten while it lives.
  const won = locks && (yield* tryPageMteTagging(cpu, s, page));
  if (won && s.d.hugetlbInitialisesAll) yield* clearRestOfFolio(cpu, s, page);
  s.shadow.initialising(page);
  const granules = short ? 1 : page.tags.length;
  const stored: number[] = [];
  for (let g = 0; g < granules; g++) {
    if (s.d.bufferMayFault) yield* faultInBuffer(cpu, s, index);
    stored.push(s.shadow.tagFor(page, tag, false));
    yield cpu.writeOnce(page.tags[g], stored[g]);
  }
  if (locks) {
    // Before c3b37c2d77a2 (v6.2-rc) the tags of the kernel's memory at the struct page were cleared instead.
    if (short && s.d.copyFailureClears)
      for (const word of page.tags) yield cpu.writeOnce(word, s.shadow.tagFor(page, 0, false));
    yield* setPageMteTagged(cpu, s, page);
  } else if (!short && s.d.protocol !== 'always-zero') yield* setPageMteTagged(cpu, s, page);
  if (!short) promise(cpu, s, page, index, stored);
  if (s.d.dirtyBeforePut) yield cpu.setBit(PG.dirty, page.flags);
}

/** The ioctl succeeds: the tags are in the page, and that is still the VMM's, unless something else took its place. */
function promise(cpu: Cpu, s: State, page: Page, index: number, stored: readonly number[]): void {
  s.shadow.promise(page, stored);
  const entry = cpu.machine.peek(s.mms[VMM].pte[index]);
  if (ptePresent(entry)) s.shadow.promisedIn(cpu, s.pages[pteNumber(entry)], page, stored);
}

/** A proposed fix of hazard D3: whoever flags a hugetlb folio initialises all of it. */
function* clearRestOfFolio(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.hugetlb !== 'folio-flags' || !isHugetlb(s.areas, page.index)) return;
  for (const other of folioPages(s.areas, page)) {
    if (other !== page) yield* mteClearPageTags(cpu, s, other);
  }
}

/** copy_from_user() of a buffer that lies in another page of the VMM and may have to be faulted in. */
function* faultInBuffer(cpu: Cpu, s: State, index: number): Kernel {
  const buffer = (index + 1) % s.size.pages;
  if (buffer === index) return;
  const pte = yield cpu.walk(s.stage1[VMM][buffer], s.mms[VMM].pte[buffer]);
  if (!ptePresent(pte)) yield* handleMmFault(cpu, s, VMM, buffer, false);
}

/** KVM_ARM_MTE_COPY_TAGS from the guest: zeros if the page is not tagged. */
export function* copyTagsFromGuest(cpu: Cpu, s: State, index: number): Kernel {
  yield cpu.mutexLock(s.kvm.slots_lock);
  const got = yield* gup(cpu, s, index, false);
  if (got !== null) {
    const { page } = got;
    if (page !== filePage(s)) {
      const tagged = s.d.protocol === 'always-zero' || (yield* pageMteTagged(cpu, s, page));
      for (let g = 0; g < page.tags.length; g++) {
        if (tagged) s.shadow.loaded(cpu, page, g, yield cpu.readOnce(page.tags[g]));
        else s.shadow.loaded(cpu, page, g, 0);
      }
    }
    yield* putPage(cpu, s, page);
  }
  yield cpu.mutexUnlock(s.kvm.slots_lock);
}
