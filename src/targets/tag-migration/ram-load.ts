import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DATA } from '../../oracles/migration-shadow.ts';
import { copyTagsToGuest } from './copy-tags.ts';
import type { State } from './state.ts';
import { checkTag, type Mapping, touch } from './vmm-mapping.ts';

// The destination's VMM, before the guest runs there. The network is a function call: what is sent has arrived.

/** ram_load_precopy() of a page: data through the VMM's mapping, then the tags, if there are any. */
export function* loadPage(
  cpu: Cpu,
  s: State,
  gfn: number,
  data: readonly number[],
  tags: readonly number[] | null,
): Kernel {
  yield* storeData(cpu, s, gfn, data, 'main');
  if (tags !== null) yield* storeTags(cpu, s, gfn, tags);
}

/** ram_handle_zero(): clears data that are not zero; knows nothing of tags. */
export function* loadZeroPage(cpu: Cpu, s: State, gfn: number): Kernel {
  const page = yield* touch(cpu, s, s.destination, gfn, 'main');
  for (const word of page.data) {
    if ((yield cpu.readDependent(word)) !== 0) yield cpu.writeOnce(word, 0);
  }
}

/** Stores data through a mapping of the destination's VMM. */
export function* storeData(
  cpu: Cpu,
  s: State,
  gfn: number,
  data: readonly number[],
  mapping: Mapping,
): Kernel {
  const page = yield* touch(cpu, s, s.destination, gfn, mapping);
  for (let i = 0; i < DATA; i++) {
    yield* checkTag(cpu, s, page, i, mapping);
    yield cpu.writeOnce(page.data[i], data[i]);
  }
}

/** Restores tags, by design. */
export function* storeTags(cpu: Cpu, s: State, gfn: number, tags: readonly number[]): Kernel {
  const { tagAccess } = s.d;
  if (tagAccess === 'ioctl' || tagAccess === 'dump') {
    yield* copyTagsToGuest(cpu, s, s.destination, gfn, tags);
  } else yield* storeTagsThrough(cpu, s, gfn, tags, tagAccess === 'only-mapping' ? 'main' : 'alias');
}

/** STG by the VMM. */
export function* storeTagsThrough(
  cpu: Cpu,
  s: State,
  gfn: number,
  tags: readonly number[],
  mapping: Mapping,
): Kernel {
  const page = yield* touch(cpu, s, s.destination, gfn, mapping);
  for (let g = 0; g < tags.length; g++) yield cpu.writeOnce(page.tags[g], tags[g]);
}
