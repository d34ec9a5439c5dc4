import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { putPage } from '../kernel/page.ts';
import { pteExclusive, pteMigration, pteNumber, ptePresent, pteSwap, pteWrite } from '../kernel/pte.ts';
import { swapDuplicate } from '../kernel/swap-map.ts';
import { invalidateRangeEnd, invalidateRangeStart } from './kvm-notifier.ts';
import { isShared, type Page, type State } from './state.ts';
import { setPteAt } from './sync.ts';

/**
 * What became of the entries of a page. `dirty`: one was writable and thus may be dirty: hardware marks it with the store, of
 * data or tags. `pinned`: one had to stay.
 */
export type Unmapped = 'clean' | 'dirty' | 'pinned';

/**
 * try_to_unmap() of a locked page in every address space: the entry becomes a swap entry of `slot`, or nothing if
 * `slot` is -1 (page cache). MMU notifiers run around each entry of the address space that KVM uses.
 */
export function* unmapEverywhere(
  cpu: Cpu,
  s: State,
  page: Page,
  index: number,
  slot: number,
): Kernel<Unmapped> {
  let unmapped: Unmapped = 'clean';
  for (const mm of s.mms) {
    yield* invalidateRangeStart(cpu, s, mm.index, index);
    yield cpu.spinLock(mm.ptl);
    const old = yield cpu.readOnce(mm.pte[index]);
    const mapped = ptePresent(old) && pteNumber(old) === page.index;
    let stays = false;
    if (mapped) {
      yield cpu.xchg(mm.pte[index], 0);
      if (s.d.flushBeforeSwap) yield cpu.flushTlb(s.stage1[mm.index][index]);
      stays = slot >= 0 && (yield* staysPinned(cpu, s, page, mm.pte[index], old));
      if (slot >= 0 && !stays) {
        yield* swapDuplicate(cpu, s, slot);
        yield cpu.writeOnce(mm.pte[index], pteSwap(slot, pteExclusive(old)));
      }
      if (stays) unmapped = 'pinned';
      else if (pteWrite(old)) unmapped = 'dirty';
    }
    yield cpu.spinUnlock(mm.ptl);
    yield* invalidateRangeEnd(cpu, s, mm.index);
    if (mapped && !stays) yield* putPage(cpu, s, page);
    // It is exclusive: nobody else maps it.
    if (stays) break;
  }
  return unmapped;
}

/**
 * folio_try_share_anon_rmap_pte(): an exclusive page that may be pinned keeps its entry, as fork() would share it otherwise
 * (v5.19; before, shrink_page_list() left pinned pages alone, feb889fb40fa). Nothing is pinned unless COPY_TAGS pins.
 */
function* staysPinned(cpu: Cpu, s: State, page: Page, pte: number, old: number): Kernel<boolean> {
  if (!s.d.copyTagsPins || !pteExclusive(old) || (yield cpu.readOnce(page.pins)) === 0) return false;
  yield* setPteAt(cpu, s, pte, old);
  return true;
}

/** try_to_migrate(): entries become migration entries, which hold no reference. False if one had to stay. */
export function* unmapForMigration(cpu: Cpu, s: State, page: Page, index: number): Kernel<boolean> {
  for (const mm of s.mms) {
    yield* invalidateRangeStart(cpu, s, mm.index, index);
    yield cpu.spinLock(mm.ptl);
    const old = yield cpu.readOnce(mm.pte[index]);
    const mapped = ptePresent(old) && pteNumber(old) === page.index;
    let stays = false;
    if (mapped) {
      yield cpu.xchg(mm.pte[index], 0);
      yield cpu.flushTlb(s.stage1[mm.index][index]);
      stays = !isShared(index) && (yield* staysPinned(cpu, s, page, mm.pte[index], old));
      if (!stays) yield cpu.writeOnce(mm.pte[index], pteMigration(page.index, old));
    }
    yield cpu.spinUnlock(mm.ptl);
    yield* invalidateRangeEnd(cpu, s, mm.index);
    if (mapped && !stays) yield* putPage(cpu, s, page);
    if (stays) return false;
  }
  return true;
}
