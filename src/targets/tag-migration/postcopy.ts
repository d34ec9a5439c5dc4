import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { GRANULES } from '../../oracles/tag-shadow.ts';
import { putPage } from '../kernel/page.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import { copyTagsToGuest } from './copy-tags.ts';
import { isMemfd } from './design.ts';
import { storeData, storeTagsThrough } from './ram-load.ts';
import { readData, readTags } from './ram-save.ts';
import type { State } from './state.ts';
import { uffdContinue, uffdCopy, uffdWake } from './userfault.ts';

/** The tags of all pages in one go, for post-copy. */
export function* fetchAllTags(cpu: Cpu, s: State): Kernel {
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    const tags = yield* readTags(cpu, s, gfn);
    for (let g = 0; g < GRANULES; g++) {
      yield cpu.writeOnce(s.vm.fetched_tags[gfn * GRANULES + g], tags === null ? 0 : tags[g]);
    }
  }
}

/**
 * What the destination does before it starts: pages that were dirtied since they came are dropped
 * (postcopy_ram_discard_range()), then guest memory is registered with userfaultfd.
 */
export function* prepareDestination(cpu: Cpu, s: State): Kernel {
  const missing = yield cpu.readOnce(s.vm.migration_bitmap);
  if (s.d.discardsStale) {
    for (let gfn = 0; gfn < s.gfns; gfn++) if ((missing & (1 << gfn)) !== 0) yield* discardPage(cpu, s, gfn);
  }
  yield cpu.writeOnce(s.destination.mm.uffd, 1);
}

/** MADV_DONTNEED, or a hole punched in the memfd; nobody runs there yet. */
function* discardPage(cpu: Cpu, s: State, gfn: number): Kernel {
  const h = s.destination;
  const { mm } = h;
  for (const [ptl, pte, tlb] of [
    [mm.ptl, mm.pte[gfn], h.tlb[gfn]],
    [mm.alias_ptl, mm.alias[gfn], h.aliasTlb[gfn]],
  ]) {
    const entry = yield cpu.readOnce(pte);
    if (!ptePresent(entry)) continue;
    yield cpu.spinLock(ptl);
    yield cpu.writeOnce(pte, 0);
    yield cpu.spinUnlock(ptl);
    yield cpu.flushTlb(tlb);
    yield* putPage(cpu, h, h.pages[pteNumber(entry)]);
  }
  if (!isMemfd(s.d)) return;
  yield cpu.spinLock(mm.xa_lock);
  const cached = yield cpu.readOnce(mm.i_pages[gfn]);
  yield cpu.writeOnce(mm.i_pages[gfn], 0);
  yield cpu.spinUnlock(mm.xa_lock);
  if (cached !== 0) yield* putPage(cpu, h, h.pages[cached - 1]);
}

/** Sends and places one page, if nobody else has. */
export function* placePage(cpu: Cpu, s: State, gfn: number): Kernel {
  if ((yield cpu.testAndClearBit(gfn, s.vm.migration_bitmap)) === 0) return;
  const h = s.destination;
  const data = yield* readData(cpu, s, gfn);
  const tags = yield* tagsToPlace(cpu, s, gfn);
  switch (s.d.postCopy) {
    case 'copy-then-tags':
      yield* uffdCopy(cpu, s, h, gfn, data, null);
      if (s.d.copyWakes) yield* uffdWake(cpu, h, gfn);
      yield* copyTagsToGuest(cpu, s, h, gfn, tags);
      break;
    case 'tags-then-copy':
      yield* copyTagsToGuest(cpu, s, h, gfn, tags);
      yield* uffdCopy(cpu, s, h, gfn, data, null);
      break;
    case 'alias-then-copy':
      yield* storeTagsThrough(cpu, s, gfn, tags, 'alias');
      // -EEXIST counts as: there already.
      yield* uffdCopy(cpu, s, h, gfn, data, null);
      break;
    case 'copy-with-tags':
      yield* uffdCopy(cpu, s, h, gfn, data, tags);
      break;
    case 'continue':
      // Data first: the second mapping checks tags, and the VMM's pointer has tag 0.
      yield* storeData(cpu, s, gfn, data, 'alias');
      yield* storeTagsThrough(cpu, s, gfn, tags, 'alias');
      yield* uffdContinue(cpu, s, h, gfn);
      break;
    case 'none':
      return;
  }
  yield* uffdWake(cpu, h, gfn);
}

function* tagsToPlace(cpu: Cpu, s: State, gfn: number): Kernel<readonly number[]> {
  if (s.d.tagsFetched === 'with-page') return (yield* readTags(cpu, s, gfn)) ?? [];
  const tags: number[] = [];
  for (let g = 0; g < GRANULES; g++) tags.push(yield cpu.readOnce(s.vm.fetched_tags[gfn * GRANULES + g]));
  return tags;
}
