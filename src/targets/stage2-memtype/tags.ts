import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import { checkHostAlias, reportWildTag } from './checks.ts';
import { type Frame, type Page, ramPage, type State } from './state.ts';

/** Initialises the tags of a page if nobody has: sanitise_mte_tags() and mte_sync_tags(); mte-sync has the whole protocol. */
export function* initialiseTags(cpu: Cpu, s: State, page: Page, flagFirst: boolean): Kernel {
  const of = s.tagState;
  if (s.d.tagLock) {
    if (!(yield* tryPageMteTagging(cpu, of, page))) return;
  } else {
    // v6.1: the PTE's side sets the flag and then clears, the fault's clears and then sets the flag.
    if (yield* pageMteTagged(cpu, of, page)) return;
    if (flagFirst && (yield cpu.testAndSetBit(PG.mte_tagged, page.flags)) === 1) return;
  }
  yield* mteClearPageTags(cpu, of, page);
  if (s.d.tagLock || !flagFirst) yield* setPageMteTagged(cpu, of, page);
}

/** sanitise_mte_tags() (arch/arm64/kvm/mmu.c), under mmu_lock: the host clears tags through the linear map. */
export function* sanitiseMteTags(cpu: Cpu, s: State, frame: Frame): Kernel {
  const page = ramPage(s, frame);
  if (page !== null) {
    yield* initialiseTags(cpu, s, page, false);
    return;
  }
  const address = tagAddress(s, frame, 0);
  yield cpu.writeOnce(address, 0);
  checkHostAlias(cpu, s, frame, 'mte_clear_page_tags()');
  reportWildTag(cpu, frame, address, 'sanitise_mte_tags() clears');
}

/** The interconnect's (pa >> k) + offset: the tag's own word for boot RAM, else something unrelated. */
function tagAddress(s: State, frame: Frame, granule: number): number {
  const page = ramPage(s, frame);
  return page === null ? s.behindTagStorage[s.kindOf[frame.index]] : page.tags[granule];
}

/** STG of the guest through a Normal-WB translation. */
export function* guestStg(cpu: Cpu, s: State, frame: Frame, granule: number, tag: number): Kernel {
  const address = tagAddress(s, frame, granule);
  const page = ramPage(s, frame);
  const value = page === null ? tag : s.shadow.tagFor(page, tag);
  yield cpu.writeOnce(address, value);
  if (page === null) reportWildTag(cpu, frame, address, 'the guest stores');
}

/** LDG of the guest, or the load of an allocation tag for a checked access. */
export function* guestLdg(cpu: Cpu, s: State, frame: Frame, granule: number): Kernel {
  const address = tagAddress(s, frame, granule);
  const page = ramPage(s, frame);
  const value = yield cpu.readDependent(address);
  if (page === null) reportWildTag(cpu, frame, address, 'the guest loads');
  else s.shadow.loaded(cpu, page, granule, value);
}
