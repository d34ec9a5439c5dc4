import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { PG } from '../kernel/page-flags.ts';
import {
  mteClearPageTags,
  pageMteTagged,
  setPageMteTagged,
  testAndSetPageBit,
  tryPageMteTagging,
} from '../kernel/page-tags.ts';
import { isMigrationEntry, isSwapEntry, pteNumber, pteTagged } from '../kernel/pte.ts';
import { isZeroPage } from './areas.ts';
import { pageKasanTagReset } from './kasan.ts';
import { filePage, type Page, type State } from './state.ts';
import { mteRestoreTags } from './swap-tags.ts';
import { mteEnsurePageTagsCleared } from './tag-clearing.ts';

/** set_pte_at() of arm64 for a present entry: tags first, then the entry. The caller holds the page-table lock. */
export function* setPteAt(cpu: Cpu, s: State, ptep: number, pte: number): Kernel {
  const old = yield cpu.readOnce(ptep);
  const page = s.pages[pteNumber(pte)];
  const swapLike = isSwapEntry(old) || isMigrationEntry(old);
  const oldMatters = swapLike && !s.d.restoreOnlyTagged && s.d.restoreIn !== 'do-swap-page';
  const special = page === filePage(s) || isZeroPage(s.areas, page.index);
  if ((pteTagged(pte) || oldMatters) && !special) {
    yield* mteSyncTags(cpu, s, page, old, pteTagged(pte));
  }
  yield cpu.writeOnce(ptep, pte);
}

/** mte_sync_tags(), by design; ends with the smp_wmb of 1d0cb4c8864a (v5.18) where the design has it. */
export function* mteSyncTags(cpu: Cpu, s: State, page: Page, old: number, tagged: boolean): Kernel {
  switch (s.d.protocol) {
    case 'flag-first':
      if (!(yield* testAndSetPageBit(cpu, s, PG.mte_tagged, page))) {
        if (!(yield* restoreFromPte(cpu, s, page, old)) && tagged) {
          if (s.d.kasanTags) yield* pageKasanTagReset(cpu, page);
          yield* mteClearPageTags(cpu, s, page);
        }
      }
      break;
    case 'flag-first-if-init':
      if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) {
        if ((yield* restoreFromPte(cpu, s, page, old)) || !tagged) break;
        if (!(yield* testAndSetPageBit(cpu, s, PG.mte_tagged, page))) yield* mteClearPageTags(cpu, s, page);
      }
      break;
    case 'tags-first':
      if (!(yield* pageMteTagged(cpu, s, page))) {
        if ((yield* restoreFromPte(cpu, s, page, old)) || !tagged) break;
        if (yield* pageMteTagged(cpu, s, page)) break;
        yield* mteClearPageTags(cpu, s, page);
        yield* setPageMteTagged(cpu, s, page);
      }
      break;
    case 'lock':
      yield* syncWithLock(cpu, s, page, old, tagged);
      break;
    case 'tag-clearing':
      yield* syncWithTagClearing(cpu, s, page, old, tagged);
      break;
    case 'spinlock':
      if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) {
        yield* syncUnderSpinlock(cpu, s, page, old, tagged);
      }
      break;
    case 'always-zero':
      // The tags were zeroed or restored when the page was allocated.
      break;
  }
  if (s.d.wmbBeforePte) yield cpu.smpWmb();
}

/** v6.2 to v6.5 (with a look at the old entry), and from v6.6 (without). */
function* syncWithLock(cpu: Cpu, s: State, page: Page, old: number, tagged: boolean): Kernel {
  if (s.d.restoreIn !== 'do-swap-page' || s.d.setWithoutInit) {
    if (yield* pageMteTagged(cpu, s, page)) return;
    yield* restoreFromPte(cpu, s, page, old);
  }
  if (tagged && (yield* tryPageMteTagging(cpu, s, page))) {
    yield* mteClearPageTags(cpu, s, page);
    yield* setPageMteTagged(cpu, s, page);
  }
  if (s.d.setWithoutInit) yield* setPageMteTagged(cpu, s, page);
}

/** Peter Collingbourne's v1: the base still sets PG_mte_tagged first; `wmbInSetTagged` belongs to the fixed form. */
function* syncWithTagClearing(cpu: Cpu, s: State, page: Page, old: number, tagged: boolean): Kernel {
  if (s.d.flagFirst) {
    if (yield* testAndSetPageBit(cpu, s, PG.mte_tagged, page)) return;
  } else if (yield* pageMteTagged(cpu, s, page)) return;
  if (!(yield* restoreFromPte(cpu, s, page, old)) && tagged) yield* mteEnsurePageTagsCleared(cpu, s, page);
}

/** Steven Price's tag_sync_lock (2021): recheck, restore or clear, flag, with interrupts off. */
export function* syncUnderSpinlock(cpu: Cpu, s: State, page: Page, old: number, tagged: boolean): Kernel {
  yield cpu.spinLockIrq(s.tagSyncLock);
  if ((yield cpu.testBit(PG.mte_tagged, page.flags)) === 0) {
    if (yield* restoreFromPte(cpu, s, page, old)) {
      yield* setPageMteTagged(cpu, s, page);
    } else if (tagged) {
      yield* mteClearPageTags(cpu, s, page);
      yield* setPageMteTagged(cpu, s, page);
    }
  }
  yield cpu.spinUnlockIrq(s.tagSyncLock);
}

/** Restores saved tags if the old entry is a real swap entry that has some. */
function* restoreFromPte(cpu: Cpu, s: State, page: Page, old: number): Kernel<boolean> {
  if (s.d.restoreIn === 'do-swap-page' || !isSwapEntry(old)) return false;
  return yield* mteRestoreTags(cpu, s, pteNumber(old), page, true);
}
