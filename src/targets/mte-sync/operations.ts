import { granule, mm, page, tag, yes } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { freezable } from './hibernate.ts';
import { guestLoadTag, guestStoreTag, userMemAbort } from './kvm.ts';
import { copyTagsFromGuest, copyTagsToGuest } from './kvm-copy-tags.ts';
import { migratePage } from './migrate.ts';
import { fork, madviseDontneed, mprotectMte, punchHole, remap } from './mm.ts';
import { areaOperationsOf } from './operations-area.ts';
import { hibernateOperation, rareOperationsOf } from './operations-rare.ts';
import { swapOut } from './reclaim.ts';
import { isShared, type State } from './state.ts';
import { userFault, userLoadTag, userStoreTag } from './user.ts';

const child: Parameter = { ...mm, name: 'child' };
const write = yes('write');

/** The kernel entry points of the model. Page i is in the shared memfd if i is even, private anonymous if odd. */
export function operationsOf(s: State): readonly Operation[] {
  const frozen = [...pageOperationsOf(s), ...areaOperationsOf(s), ...rareOperationsOf(s)].map(operation => {
    return {
      ...operation,
      run: (cpu, args) => freezable(cpu, s, operation.run, args),
    } satisfies Operation;
  });
  return [...frozen, hibernateOperation(s)];
}

function pageOperationsOf(s: State): readonly Operation[] {
  const user: Operation[] = [
    {
      name: 'fault',
      summary: 'a user thread touches a page until it is mapped: handle_mm_fault()',
      parameters: [mm, page, write],
      run: (cpu, [m, p, w]) => userFault(cpu, s, m, p, w === 1),
    },
    {
      name: 'store_tag',
      summary: 'STG by a user thread through a PROT_MTE mapping; faults first if need be',
      parameters: [mm, page, granule, tag],
      weight: 3,
      run: (cpu, [m, p, g, t]) => userStoreTag(cpu, s, m, p, g, t),
    },
    {
      name: 'load_tag',
      summary: 'LDG or a checked access by a user thread through a PROT_MTE mapping',
      parameters: [mm, page, granule],
      weight: 3,
      run: (cpu, [m, p, g]) => userLoadTag(cpu, s, m, p, g),
    },
    {
      name: 'mprotect_mte',
      summary: 'mprotect(PROT_MTE): change_pte_range() with mmap_lock held for write',
      parameters: [mm, page],
      weight: 2,
      run: (cpu, [m, p]) => mprotectMte(cpu, s, m, p),
    },
    {
      name: 'fork',
      summary: 'fork() of mm 0: copy_present_pte(), or copy_present_page() for a pinned page',
      parameters: [child, page, yes('pinned')],
      run: (cpu, [c, p, pinned]) => fork(cpu, s, c, p, pinned === 1),
    },
    {
      name: 'madvise_dontneed',
      summary: 'madvise(MADV_DONTNEED): zap_pte_range(); private memory is freed and reused',
      parameters: [mm, page],
      run: (cpu, [m, p]) => madviseDontneed(cpu, s, m, p),
    },
    {
      name: 'remap',
      summary: 'munmap() and mmap() at the same address, of a regular file or of the old kind of memory',
      parameters: [mm, page, yes('file')],
      weight: 0.5,
      run: (cpu, [m, p, file]) => remap(cpu, s, m, p, file === 1),
    },
    {
      name: 'punch_hole',
      summary: 'fallocate(PUNCH_HOLE) on the memfd: shmem_undo_range(); the page is freed and reused',
      parameters: [page],
      run: (cpu, [p]) => (isShared(p) ? punchHole(cpu, s, p) : madviseDontneed(cpu, s, 0, p)),
    },
    {
      name: 'swap_out',
      summary: 'reclaim writes a page to swap: shrink_folio_list(), mte_save_tags()',
      parameters: [mm, page],
      weight: 2,
      run: (cpu, [m, p]) => swapOut(cpu, s, m, p),
    },
    {
      name: 'migrate',
      summary: 'page migration with migration entries, copy and retry: migrate_pages()',
      parameters: [mm, page],
      run: (cpu, [m, p]) => migratePage(cpu, s, m, p),
    },
  ];
  if (!s.d.kvm) return user;
  return [
    ...user,
    {
      name: 'kvm_fault',
      summary: 'a vCPU faults on a guest page: user_mem_abort(), sanitise_mte_tags()',
      parameters: [page, write],
      run: (cpu, [p, w]) => userMemAbort(cpu, s, p, w === 1),
    },
    {
      name: 'guest_store_tag',
      summary: 'STG in the guest, faulting first if need be',
      parameters: [page, granule, tag],
      weight: 2,
      run: (cpu, [p, g, t]) => guestStoreTag(cpu, s, p, g, t),
    },
    {
      name: 'guest_load_tag',
      summary: 'LDG in the guest',
      parameters: [page, granule],
      weight: 2,
      run: (cpu, [p, g]) => guestLoadTag(cpu, s, p, g),
    },
    {
      name: 'copy_tags_to_guest',
      summary: 'KVM_ARM_MTE_COPY_TAGS towards the guest; short: the user buffer ends after one tag',
      parameters: [page, tag, yes('short')],
      run: (cpu, [p, t, short]) => copyTagsToGuest(cpu, s, p, t, short === 1),
    },
    {
      name: 'copy_tags_from_guest',
      summary: 'KVM_ARM_MTE_COPY_TAGS from the guest: zeros if the page is not tagged',
      parameters: [page],
      run: (cpu, [p]) => copyTagsFromGuest(cpu, s, p),
    },
  ];
}
