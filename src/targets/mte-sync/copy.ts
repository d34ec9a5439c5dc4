import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteCopyPageTags, pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import type { Page, State } from './state.ts';

/**
 * copy_highpage() (arch/arm64/mm/copypage.c), the tags of it: may run under page-table locks, must not sleep and
 * must not fail. The caller has told the shadow what the destination now holds.
 */
export function* copyHighpage(cpu: Cpu, s: State, to: Page, from: Page): Kernel {
  switch (s.d.protocol) {
    case 'flag-first':
    case 'flag-first-if-init':
    case 'spinlock':
      if (!(yield* pageMteTagged(cpu, s, from))) return;
      yield cpu.setBit(PG.mte_tagged, to.flags);
      yield* mteCopyPageTags(cpu, s, to, from);
      return;
    case 'tag-clearing':
      if (!(yield* pageMteTagged(cpu, s, from))) return;
      if (s.d.flagFirst) yield cpu.setBit(PG.mte_tagged, to.flags);
      yield* mteCopyPageTags(cpu, s, to, from);
      if (!s.d.flagFirst) yield* setPageMteTagged(cpu, s, to);
      return;
    case 'tags-first':
      if (!(yield* pageMteTagged(cpu, s, from))) return;
      yield* mteCopyPageTags(cpu, s, to, from);
      yield* setPageMteTagged(cpu, s, to);
      return;
    case 'lock': {
      if (!(yield* pageMteTagged(cpu, s, from))) return;
      const won = yield* tryPageMteTagging(cpu, s, to);
      // v6.2 to v6.17; since b98c94eed4a9 (v6.18) a migration that retries into the same page is fine.
      if (s.d.copyWarns) cpu.warnOn(!won, 'copy_highpage(): the destination is tagged already', to.flags);
      yield* mteCopyPageTags(cpu, s, to, from);
      yield* setPageMteTagged(cpu, s, to);
      return;
    }
    case 'always-zero':
      yield* mteCopyPageTags(cpu, s, to, from);
  }
}
