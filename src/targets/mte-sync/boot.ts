import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteClearPageTags, pageMteTagged, setPageMteTagged, tryPageMteTagging } from '../kernel/page-tags.ts';
import type { State } from './state.ts';

// The zero page at boot (section 3.17), for designs that flag it.

/** cpu_enable_mte(): clears the tags of the zero page and, up to v6.17, flags it. */
export function* cpuEnableMte(cpu: Cpu, s: State): Kernel {
  const page = s.areas.zeroPage;
  if (yield* pageMteTagged(cpu, s, page)) return;
  if (s.d.protocol === 'lock' && !(yield* tryPageMteTagging(cpu, s, page))) return;
  yield* mteClearPageTags(cpu, s, page);
  yield* setPageMteTagged(cpu, s, page);
}

/**
 * __init_single_page() and __SetPageReserved() of the zero page's struct, as CONFIG_DEFERRED_STRUCT_PAGE_INIT does them:
 * flags are built by plain read-modify-writes, on the assumption that nobody uses the page yet.
 */
export function* initStructPage(cpu: Cpu, s: State): Kernel {
  const { flags } = s.areas.zeroPage;
  yield cpu.writeOnce(flags, 0);
  const zone = yield cpu.readOnce(flags);
  yield cpu.writeOnce(flags, zone | (1 << PG.uptodate));
}
