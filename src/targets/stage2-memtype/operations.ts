import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { granule, nat, oneOf, page, tag } from '../kernel/parameters.ts';
import { pteNumber } from '../kernel/pte.ts';
import type { Operation, Parameter } from '../target.ts';
import { evictLine } from './cache.ts';
import { guestAccess, guestExclusive, guestExec, guestTagAccess } from './guest.ts';
import { kinds } from './memory-kinds.ts';
import { createMemslot, deleteMemslot, moveMemslot } from './memslot.ts';
import { madviseDontneed, mmapFixed, mprotectMte, vmmLoad, vmmLoadTag, vmmStoreTag } from './mm.ts';
import { ramPage, type State } from './state.ts';
import { enableMte } from './vcpu.ts';

const to: Parameter = { name: 'to', arbitrary: nat(size => size.pages - 1) };
const memory = oneOf(
  'memory',
  kinds.map(kind => kind.name),
);

/** Lines of RAM, whose page may be free by then, are left alone. */
function* evict(cpu: Cpu, s: State, index: number): Kernel {
  const pte = cpu.machine.peek(s.mm.pte[index]);
  const frame = s.frames[pteNumber(pte)];
  if (pte !== 0 && ramPage(s, frame) === null) yield* evictLine(cpu, frame);
}

/** What VMM, guest and hardware can do. `page` is a page of the VMM's memory, or the guest frame of the same number. */
export function operationsOf(s: State): readonly Operation[] {
  return [
    {
      name: 'guest_store',
      summary: 'a vCPU stores data: walk of stage 2, kvm_handle_guest_abort(), user_mem_abort()',
      parameters: [page],
      weight: 2,
      run: (cpu, [g]) => guestAccess(cpu, s, g, true),
    },
    {
      name: 'guest_load',
      summary: 'a vCPU loads data',
      parameters: [page],
      weight: 2,
      run: (cpu, [g]) => guestAccess(cpu, s, g, false),
    },
    {
      name: 'guest_store_tag',
      summary: 'STG in the guest, if the VM has MTE: the interconnect finds the tag at (pa >> k) + offset',
      parameters: [page, granule, tag],
      weight: 2,
      run: (cpu, [g, n, t]) => guestTagAccess(cpu, s, g, n, t),
    },
    {
      name: 'guest_load_tag',
      summary: 'LDG or a checked access in the guest, if the VM has MTE',
      parameters: [page, granule],
      weight: 2,
      run: (cpu, [g, n]) => guestTagAccess(cpu, s, g, n, 0),
    },
    {
      name: 'guest_exec',
      summary: 'a vCPU fetches an instruction: an execute fault',
      parameters: [page],
      run: (cpu, [g]) => guestExec(cpu, s, g),
    },
    {
      name: 'guest_exclusive',
      summary: 'LDXR and STXR in the guest until they succeed, as in a lock; not in device registers',
      parameters: [page],
      run: (cpu, [g]) => guestExclusive(cpu, s, g),
    },
    {
      name: 'mmap',
      summary: 'the VMM maps other memory at the same address: mmap(MAP_FIXED), with the MMU notifier',
      parameters: [page, memory],
      weight: 2,
      run: (cpu, [p, kind]) => mmapFixed(cpu, s, p, kind),
    },
    {
      name: 'madvise_dontneed',
      summary:
        'a page of the VMM goes away (MADV_DONTNEED, reclaim): zap with the MMU notifier; RAM is reused',
      parameters: [page],
      run: (cpu, [p]) => madviseDontneed(cpu, s, p),
    },
    {
      name: 'mprotect_mte',
      summary: 'mprotect(PROT_MTE) by the VMM: set_pte_at() initialises tags beside sanitise_mte_tags()',
      parameters: [page],
      run: (cpu, [p]) => mprotectMte(cpu, s, p),
    },
    {
      name: 'vmm_load',
      summary: 'the VMM reads data through its own mapping, as its device models do',
      parameters: [page],
      run: (cpu, [p]) => vmmLoad(cpu, s, p),
    },
    {
      name: 'vmm_store_tag',
      summary: 'STG by the VMM through its PROT_MTE mapping',
      parameters: [page, granule, tag],
      run: (cpu, [p, n, t]) => vmmStoreTag(cpu, s, p, n, t),
    },
    {
      name: 'vmm_load_tag',
      summary: 'LDG by the VMM through its PROT_MTE mapping',
      parameters: [page, granule],
      run: (cpu, [p, n]) => vmmLoadTag(cpu, s, p, n),
    },
    {
      name: 'create_memslot',
      summary:
        'the VMM clears device memory through its mapping, then KVM_SET_USER_MEMORY_REGION: kvm_arch_prepare_memory_region()',
      parameters: [page],
      weight: 2,
      run: (cpu, [p]) => createMemslot(cpu, s, p),
    },
    {
      name: 'delete_memslot',
      summary: 'KVM_SET_USER_MEMORY_REGION with size 0: kvm_invalidate_memslot(), synchronize_srcu()',
      parameters: [page],
      run: (cpu, [p]) => deleteMemslot(cpu, s, p),
    },
    {
      name: 'move_memslot',
      summary: 'KVM_SET_USER_MEMORY_REGION with another guest address: KVM_MR_MOVE',
      parameters: [page, to],
      weight: 0.5,
      run: (cpu, [p, t]) => moveMemslot(cpu, s, p, t),
    },
    {
      name: 'enable_mte',
      summary: 'KVM_ENABLE_CAP of KVM_CAP_ARM_MTE, refused once there is a vCPU',
      parameters: [],
      weight: 2,
      run: cpu => enableMte(cpu, s),
    },
    {
      name: 'evict_line',
      summary: 'the cache lets a line of device memory go: dirty data are written back',
      parameters: [page],
      run: (cpu, [p]) => evict(cpu, s, p),
    },
  ];
}
