import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DATA } from '../../oracles/migration-shadow.ts';
import { setTagsOfGuest } from './copy-tags.ts';
import { enter, exit } from './run-state.ts';
import type { Host, State } from './state.ts';
import { checkTag, isTagged, type Mapping, touch } from './vmm-mapping.ts';

// Threads of the VMM that use guest memory. Their stores go past KVM's dirty log, so the VMM keeps a bitmap of its own,
// which migration collects with the dirty log.

/** Device emulation stores a word: memcpy() to guest memory, or a system call that copies there (`uaccess`). */
export function* deviceStore(cpu: Cpu, s: State, gfn: number, i: number, uaccess: boolean): Kernel {
  const h = yield* enter(cpu, s, 'device');
  if (!s.d.dirtyAfterStore) yield* setDeviceDirty(cpu, s, h, gfn);
  const page = yield* touch(cpu, s, h, gfn, 'main');
  yield* checkTag(cpu, s, page, i, 'main', uaccess);
  const value = s.content.nextData();
  if (h === s.destination) s.content.willStore(gfn, i, value);
  yield cpu.writeOnce(page.data[i], value);
  if (s.d.dirtyAfterStore) yield* setDeviceDirty(cpu, s, h, gfn);
  yield* exit(cpu, s, 'device', h);
}

/** Device emulation reads a word of guest memory, to send it out. */
export function* deviceLoad(cpu: Cpu, s: State, gfn: number, i: number): Kernel {
  const h = yield* enter(cpu, s, 'device');
  const page = yield* touch(cpu, s, h, gfn, 'main');
  yield* checkTag(cpu, s, page, i, 'main');
  const value = yield cpu.readDependent(page.data[i]);
  if (h === s.destination) s.content.loaded(cpu, gfn, i, value);
  yield* exit(cpu, s, 'device', h);
}

/** cpu_physical_memory_set_dirty_range() (QEMU): an atomic OR, fully ordered. */
function* setDeviceDirty(cpu: Cpu, s: State, h: Host, gfn: number): Kernel {
  if (h !== s.source) return;
  if (s.d.dirtyOrdered) yield cpu.testAndSetBit(gfn, s.vm.device_dirty);
  else yield cpu.setBit(gfn, s.vm.device_dirty);
}

/** The VMM's STG through a mapping with PROT_MTE. */
export function* vmmStoreTag(cpu: Cpu, s: State, gfn: number, granule: number, tag: number): Kernel {
  const mapping: Mapping = isTagged(s, 'main') ? 'main' : 'alias';
  const h = yield* enter(cpu, s, 'device');
  const page = yield* touch(cpu, s, h, gfn, mapping);
  const value = s.mte.shadow.tagFor(page, tag);
  if (h === s.destination) s.content.willStore(gfn, DATA + granule, value);
  yield cpu.writeOnce(page.tags[granule], value);
  if (s.d.vmmTagsDirty) yield* setDeviceDirty(cpu, s, h, gfn);
  yield* exit(cpu, s, 'device', h);
}

/** A thread of the VMM restores tags of the running source by KVM_ARM_MTE_COPY_TAGS: a snapshot, a second migration. */
export function* restoreTags(cpu: Cpu, s: State, gfn: number, tag: number): Kernel {
  const h = yield* enter(cpu, s, 'device');
  if (h === s.source) yield* setTagsOfGuest(cpu, s, h, gfn, tag);
  yield* exit(cpu, s, 'device', h);
}
