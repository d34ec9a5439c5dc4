import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, setPageMteTagged, testAndSetPageBit } from '../kernel/page-tags.ts';
import type { Page, State } from './state.ts';

/** mte_ensure_page_tags_cleared() of Peter Collingbourne's patch of June 2022 (the mte-sync thread). */
export function* mteEnsurePageTagsCleared(cpu: Cpu, s: State, page: Page): Kernel {
  if (yield* testAndSetPageBit(cpu, s, PG.mte_tag_clearing, page)) {
    yield cpu.waitBit(PG.mte_tagged, page.flags);
    if (s.d.rmbInPageTagged) yield cpu.smpRmb();
  } else {
    yield* mteClearPageTags(cpu, s, page);
    yield* setPageMteTagged(cpu, s, page);
  }
}
