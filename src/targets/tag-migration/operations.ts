import { granule, nat, oneOf, page, tag } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { deviceLoad, deviceStore, restoreTags, vmmStoreTag } from './devices.ts';
import { type GuestStore, guestLoad, guestStore } from './guest.ts';
import { complete, migrate, precopyRound, requestPage } from './migration.ts';
import type { State } from './state.ts';

const gfn: Parameter = { ...page, name: 'gfn' };
const stores: readonly GuestStore[] = ['data', 'tag', 'tag-then-data'];

/** Each operation is an entry point of guest, VMM or migration thread; those of guest and devices run where the guest runs. */
export function operationsOf(s: State): readonly Operation[] {
  const { tagAccess, postCopy, uaccessChecks } = s.d;
  const maps = tagAccess === 'second-mapping' || tagAccess === 'only-mapping';
  const all: readonly (Operation & { readonly exists: boolean })[] = [
    {
      name: 'guest_store',
      summary: 'STR, STG or both by a vCPU, faulting first if need be: user_mem_abort(), mark_page_dirty()',
      parameters: [oneOf('what', stores), gfn, granule, tag],
      weight: 4,
      exists: true,
      run: (cpu, [what, p, g, t]) => guestStore(cpu, s, stores[what], p, g, t),
    },
    {
      name: 'guest_load',
      summary: 'a vCPU loads a granule and its tag',
      parameters: [gfn, granule],
      weight: 2,
      exists: true,
      run: (cpu, [p, g]) => guestLoad(cpu, s, p, g),
    },
    {
      name: 'device_store',
      summary: "device emulation stores data through the VMM's mapping and notes the page as dirty",
      parameters: [gfn, granule],
      weight: 1.5,
      exists: true,
      run: (cpu, [p, g]) => deviceStore(cpu, s, p, g, false),
    },
    {
      name: 'device_load',
      summary: "device emulation reads data through the VMM's mapping",
      parameters: [gfn, granule],
      exists: true,
      run: (cpu, [p, g]) => deviceLoad(cpu, s, p, g),
    },
    {
      name: 'device_read_syscall',
      summary: 'the same by a system call, such as pread(): the kernel copies to guest memory',
      parameters: [gfn, granule],
      exists: uaccessChecks,
      run: (cpu, [p, g]) => deviceStore(cpu, s, p, g, true),
    },
    {
      name: 'vmm_store_tag',
      summary: "the VMM's STG through its mapping with PROT_MTE",
      parameters: [gfn, granule, tag],
      weight: 1.5,
      exists: maps,
      run: (cpu, [p, g, t]) => vmmStoreTag(cpu, s, p, g, t),
    },
    {
      name: 'restore_tags',
      summary: 'another thread of the VMM writes tags: KVM_ARM_MTE_COPY_TAGS to the guest, at the source',
      parameters: [gfn, tag],
      exists: tagAccess === 'ioctl',
      run: (cpu, [p, t]) => restoreTags(cpu, s, p, t),
    },
    {
      name: 'migrate',
      summary:
        'the migration thread: dirty logging, rounds of pre-copy, pause, the last round, start of the destination',
      parameters: [{ name: 'rounds', arbitrary: nat(() => 2) }],
      weight: 4,
      exists: true,
      run: (cpu, [rounds]) => migrate(cpu, s, rounds),
    },
    {
      name: 'precopy_round',
      summary: 'one round: KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG, copy of data and tags of each dirty page',
      parameters: [],
      weight: 1.5,
      exists: true,
      run: cpu => precopyRound(cpu, s),
    },
    {
      name: 'complete',
      summary: 'pause, the last round (or switch-over to post-copy), start of the destination',
      parameters: [],
      exists: true,
      run: cpu => complete(cpu, s),
    },
    {
      name: 'request_page',
      summary: 'a second thread of post-copy places a page that the guest has asked for',
      parameters: [gfn],
      exists: postCopy !== 'none',
      run: (cpu, [p]) => requestPage(cpu, s, p),
    },
  ];
  return all.filter(operation => operation.exists);
}
