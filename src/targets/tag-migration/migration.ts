import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { checkStart } from './checks.ts';
import { enableDirtyLog, getDirtyLog } from './dirty-log.ts';
import { fetchAllTags, placePage, prepareDestination } from './postcopy.ts';
import { flushInFlight, savePage } from './ram-save.ts';
import { pause } from './run-state.ts';
import { Phase, type State } from './state.ts';

// The migration thread of the VMM. Its whole run is one operation; its steps are operations of their own as well.

/** All of it: switch on dirty logging, so many rounds of pre-copy while the guest runs, switch over. */
export function* migrate(cpu: Cpu, s: State, rounds: number): Kernel {
  yield cpu.mutexLock(s.vm.migration_lock);
  yield* begin(cpu, s);
  for (let i = 0; i < rounds; i++) yield* round(cpu, s);
  yield* switchOver(cpu, s);
  yield cpu.mutexUnlock(s.vm.migration_lock);
}

/** One round of pre-copy, the first of which sends everything. */
export function* precopyRound(cpu: Cpu, s: State): Kernel {
  yield cpu.mutexLock(s.vm.migration_lock);
  yield* begin(cpu, s);
  yield* round(cpu, s);
  yield cpu.mutexUnlock(s.vm.migration_lock);
}

/** Switches over; without a round before, everything is sent while the guest stands still. */
export function* complete(cpu: Cpu, s: State): Kernel {
  yield cpu.mutexLock(s.vm.migration_lock);
  yield* begin(cpu, s);
  yield* switchOver(cpu, s);
  yield cpu.mutexUnlock(s.vm.migration_lock);
}

/** The second placing thread of post-copy serves the page that the guest asks for (postcopy preempt mode of QEMU). */
export function* requestPage(cpu: Cpu, s: State, gfn: number): Kernel {
  if ((yield cpu.smpLoadAcquire(s.vm.running)) === 1) yield* placePage(cpu, s, gfn);
}

/** ram_init_bitmaps(): dirty logging goes on, and every page is to be sent. */
function* begin(cpu: Cpu, s: State): Kernel {
  const { vm } = s;
  if ((yield cpu.readOnce(vm.phase)) !== Phase.none) return;
  yield cpu.writeOnce(vm.migration_bitmap, (1 << s.gfns) - 1);
  yield* enableDirtyLog(cpu, s, s.source);
  yield cpu.writeOnce(vm.phase, Phase.logging);
}

/** migration_bitmap_sync(), then every dirty page. */
function* round(cpu: Cpu, s: State): Kernel {
  if ((yield cpu.readOnce(s.vm.phase)) !== Phase.logging) return;
  yield* syncBitmap(cpu, s);
  yield* sendDirty(cpu, s);
  if (s.d.zeroCopy && s.d.roundSync) yield* flushInFlight(cpu, s);
}

/** Collects what guest and devices have dirtied. */
function* syncBitmap(cpu: Cpu, s: State): Kernel {
  const { vm } = s;
  const byGuest = yield* getDirtyLog(cpu, s, s.source);
  const byDevices = yield cpu.xchg(vm.device_dirty, 0);
  const dirty = byGuest | byDevices;
  if (dirty === 0) return;
  yield cpu.writeOnce(vm.migration_bitmap, (yield cpu.readOnce(vm.migration_bitmap)) | dirty);
  if (s.d.manualProtect)
    yield cpu.writeOnce(vm.clear_bitmap, (yield cpu.readOnce(vm.clear_bitmap)) | byGuest);
}

function* sendDirty(cpu: Cpu, s: State): Kernel {
  const dirty = yield cpu.readOnce(s.vm.migration_bitmap);
  for (let gfn = 0; gfn < s.gfns; gfn++) {
    if ((dirty & (1 << gfn)) === 0) continue;
    yield cpu.clearBit(gfn, s.vm.migration_bitmap);
    yield* savePage(cpu, s, gfn);
  }
}

/** migration_completion(), or postcopy_start(). */
function* switchOver(cpu: Cpu, s: State): Kernel {
  const { vm, d } = s;
  if ((yield cpu.readOnce(vm.phase)) !== Phase.logging) return;
  if (d.tagsFetched === 'before-pause') yield* fetchAllTags(cpu, s);
  yield* pause(cpu, s);
  yield* syncBitmap(cpu, s);
  const postCopy = d.postCopy !== 'none';
  if (postCopy) {
    if (d.tagsFetched === 'at-switch-over') yield* fetchAllTags(cpu, s);
    yield* prepareDestination(cpu, s);
  } else yield* sendDirty(cpu, s);
  if (d.zeroCopy) yield* flushInFlight(cpu, s);
  yield cpu.writeOnce(vm.phase, Phase.completed);
  yield cpu.smpStoreRelease(vm.running, 1);
  checkStart(cpu, s);
  if (!postCopy) return;
  for (let gfn = 0; gfn < s.gfns; gfn++) yield* placePage(cpu, s, gfn);
}
