import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import type { Page, State } from './state.ts';

// Who initialises tags. What breaks if the steps are ordered otherwise is the matter of the target mte-sync.

/** mte_sync_tags() of a page (arch/arm64/kernel/mte.c): with PG_mte_lock, or (before v6.2) the flag first. */
export function* mteSyncTags(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.tagLock) return yield* clearTagsOnce(cpu, s, page);
  if ((yield cpu.testAndSetBit(PG.mte_tagged, page.flags)) === 0) yield* mteClearPageTags(cpu, s.mte, page);
}

/** sanitise_mte_tags() of a page (arch/arm64/kvm/mmu.c): with PG_mte_lock, or (v5.14 to v6.1) the tags first. */
export function* sanitiseMteTags(cpu: Cpu, s: State, page: Page): Kernel {
  if (s.d.tagLock) return yield* clearTagsOnce(cpu, s, page);
  if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 1) return;
  yield* mteClearPageTags(cpu, s.mte, page);
  yield cpu.setBit(PG.mte_tagged, page.flags);
}

function* clearTagsOnce(cpu: Cpu, s: State, page: Page): Kernel {
  if (!(yield* tryPageMteTagging(cpu, s.mte, page))) return;
  yield* mteClearPageTags(cpu, s.mte, page);
  yield* setPageMteTagged(cpu, s.mte, page);
}
