import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DATA } from '../../oracles/migration-shadow.ts';
import { GRANULES } from '../../oracles/tag-shadow.ts';
import { copyTagsFromGuest } from './copy-tags.ts';
import { clearDirtyLog } from './dirty-log.ts';
import { fetchSavedTags } from './dump.ts';
import { loadPage, loadZeroPage } from './ram-load.ts';
import type { State } from './state.ts';
import { checkTag, touch } from './vmm-mapping.ts';

/** The VMM reads a page's data through its mapping. */
export function* readData(cpu: Cpu, s: State, gfn: number): Kernel<readonly number[]> {
  const page = yield* touch(cpu, s, s.source, gfn, 'main');
  const data: number[] = [];
  for (let i = 0; i < DATA; i++) {
    yield* checkTag(cpu, s, page, i, 'main');
    data.push(yield cpu.readDependent(page.data[i]));
  }
  return data;
}

/** The VMM reads a page's tags, by design; null if it gets none. */
export function* readTags(cpu: Cpu, s: State, gfn: number): Kernel<readonly number[] | null> {
  if (s.d.tagAccess === 'ioctl') return yield* copyTagsFromGuest(cpu, s, s.source, gfn);
  if (s.d.tagAccess === 'dump') return yield* fetchSavedTags(cpu, s, s.source, gfn);
  const page = yield* touch(cpu, s, s.source, gfn, s.d.tagAccess === 'only-mapping' ? 'main' : 'alias');
  const tags: number[] = [];
  for (let g = 0; g < GRANULES; g++) tags.push(yield cpu.readDependent(page.tags[g]));
  return tags;
}

/** ram_save_host_page(): sends a page; with manual protection its dirty bit is cleared on the way. */
export function* savePage(cpu: Cpu, s: State, gfn: number): Kernel {
  const { d } = s;
  let data = d.dataAfterClear ? null : yield* readData(cpu, s, gfn);
  let tags = d.tagsAfterClear ? null : yield* readTags(cpu, s, gfn);
  if (d.manualProtect && (yield cpu.testAndClearBit(gfn, s.vm.clear_bitmap)) === 1) {
    yield* clearDirtyLog(cpu, s, s.source, 1 << gfn);
  }
  if (d.zeroCopy) return yield* sendZeroCopy(cpu, s, gfn);
  data ??= yield* readData(cpu, s, gfn);
  if (d.zeroPageByData && data.every(word => word === 0)) return yield* loadZeroPage(cpu, s, gfn);
  const unchanged = yield* isUnchanged(cpu, s, gfn, data);
  if (unchanged && d.skipUnchangedPage) return;
  if (d.tagsAfterClear && !(unchanged && d.skipUnchangedTags)) tags = yield* readTags(cpu, s, gfn);
  yield* loadPage(cpu, s, gfn, data, tags);
}

/** Whether data equal what was sent last; remembers them. */
function* isUnchanged(cpu: Cpu, s: State, gfn: number, data: readonly number[]): Kernel<boolean> {
  if (!s.d.skipUnchangedPage && !s.d.skipUnchangedTags) return false;
  let same = (yield cpu.readOnce(s.vm.sent[gfn])) === 1;
  for (let i = 0; i < DATA; i++) {
    const cached = s.vm.sent_data[gfn * DATA + i];
    if ((yield cpu.readOnce(cached)) === data[i]) continue;
    same = false;
    yield cpu.writeOnce(cached, data[i]);
  }
  yield cpu.writeOnce(s.vm.sent[gfn], 1);
  return same;
}

/** MSG_ZEROCOPY: the tags are captured now, the data leave guest memory now or later. */
function* sendZeroCopy(cpu: Cpu, s: State, gfn: number): Kernel {
  const tags = (yield* readTags(cpu, s, gfn)) ?? [];
  if (cpu.choose(2) === 1 && (yield cpu.readOnce(s.vm.in_flight[gfn])) === 0) {
    for (let g = 0; g < GRANULES; g++) yield cpu.writeOnce(s.vm.in_flight_tags[gfn * GRANULES + g], tags[g]);
    yield cpu.writeOnce(s.vm.in_flight[gfn], 1);
  } else yield* loadPage(cpu, s, gfn, yield* readData(cpu, s, gfn), tags);
}

/** Waits for everything that is on its way: what was sent last may arrive last. */
export function* flushInFlight(cpu: Cpu, s: State): Kernel {
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    if ((yield cpu.readOnce(s.vm.in_flight[gfn])) === 0) continue;
    const tags: number[] = [];
    for (let g = 0; g < GRANULES; g++) tags.push(yield cpu.readOnce(s.vm.in_flight_tags[gfn * GRANULES + g]));
    yield cpu.writeOnce(s.vm.in_flight[gfn], 0);
    yield* loadPage(cpu, s, gfn, yield* readData(cpu, s, gfn), tags);
  }
}
