import { granule, mm, nat, page, tag, yes } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { bufferMigrate, collapse, fork } from './atomic-copies.ts';
import { hugeFree, hugeLoadTag, hugeStoreTag } from './huge.ts';
import { anyReserve, userMemAbort } from './kvm.ts';
import { dmaComplete, madviseDontneed, migratePage, mprotectMte, punchHole, swapoff } from './mm.ts';
import { swapOut } from './reclaim.ts';
import { isShared, type State } from './state.ts';
import { userLoadTag, userStoreData, userStoreTag } from './user.ts';

const part: Parameter = { name: 'part', arbitrary: nat(() => 3), focus: true };

/** The kernel entry points of the model. Page i is in the shared memfd if i is even, private anonymous if odd. */
export function operationsOf(s: State): readonly Operation[] {
  const last = s.size.mms - 1;
  const all: Operation[] = [
    {
      name: 'store_data',
      summary: 'a user thread stores data; the page may come out of tag storage',
      parameters: [mm, page, { ...granule, name: 'at' }],
      weight: 2,
      run: (cpu, [m, p, at]) => userStoreData(cpu, s, m, p, at),
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
      summary: 'mprotect(PROT_MTE): a page without tag storage gets an entry that faults on access',
      parameters: [mm, page],
      weight: 1.5,
      run: (cpu, [m, p]) => mprotectMte(cpu, s, m, p),
    },
    {
      name: 'swap_out',
      summary: 'reclaim writes a page to swap: mte_save_page_tags_by_swp_entry()',
      parameters: [mm, page],
      weight: 2,
      run: (cpu, [m, p]) => swapOut(cpu, s, m, p),
    },
    {
      name: 'swapoff',
      summary: 'swapoff() brings a private page back: unuse_pte()',
      parameters: [mm, page],
      run: (cpu, [m, p]) => swapoff(cpu, s, m, p),
    },
    {
      name: 'migrate',
      summary: 'compaction moves a page to one without tag storage: migrate_pages(), copy_highpage()',
      parameters: [mm, page],
      run: (cpu, [m, p]) => migratePage(cpu, s, m, p),
    },
    {
      name: 'fork',
      summary: 'fork() shares a private page, or copies one that is pinned: copy_highpage() under two ptls',
      parameters: [{ ...mm, name: 'parent' }, page, yes('pinned')],
      run: (cpu, [m, p, pinned]) => fork(cpu, s, m, p, pinned === 1),
    },
    {
      name: 'buffer_migrate',
      summary: '__buffer_migrate_folio(): copy_highpage() under mapping->private_lock',
      parameters: [],
      weight: 0.5,
      run: cpu => bufferMigrate(cpu, s),
    },
    {
      name: 'collapse',
      summary: 'khugepaged collapses a private page: copy_highpage() in an RCU section',
      parameters: [mm, page],
      run: (cpu, [m, p]) => collapse(cpu, s, m, p),
    },
    {
      name: 'madvise_dontneed',
      summary: 'madvise(MADV_DONTNEED); io: a device keeps the last reference until its interrupt',
      parameters: [mm, page, yes('io')],
      run: (cpu, [m, p, io]) => madviseDontneed(cpu, s, m, p, io === 1),
    },
    {
      name: 'punch_hole',
      summary: 'fallocate(PUNCH_HOLE) on the memfd: the page is freed and reused',
      parameters: [page],
      run: (cpu, [p]) => (isShared(p) ? punchHole(cpu, s, p) : madviseDontneed(cpu, s, last, p, false)),
    },
    {
      name: 'kvm_fault',
      summary: 'user_mem_abort(): storage is reserved before mmu_lock, tags are cleared under it',
      parameters: [mm, page],
      weight: 0.5,
      run: (cpu, [m, p]) => userMemAbort(cpu, s, m, p),
    },
    {
      name: 'huge_store_tag',
      summary: 'STG to a part of a huge page, whose tags lie in more than one block',
      parameters: [part, tag],
      weight: 0.7,
      run: (cpu, [i, t]) => hugeStoreTag(cpu, s, i, t),
    },
    {
      name: 'huge_load_tag',
      summary: 'LDG from a part of a huge page',
      parameters: [part],
      weight: 0.5,
      run: (cpu, [i]) => hugeLoadTag(cpu, s, i),
    },
    {
      name: 'huge_free',
      summary: 'the huge page is unmapped and freed, as a whole or (split) page by page',
      parameters: [yes('split')],
      weight: 0.5,
      run: (cpu, [split]) => hugeFree(cpu, s, split === 1),
    },
    {
      name: 'dma_complete',
      summary: 'interrupt: a device drops its references, which frees pages and their tag storage',
      parameters: [],
      interrupt: true,
      run: cpu => dmaComplete(cpu, s),
    },
  ];
  if (!s.d.anyReserver) return all;
  return [
    ...all,
    {
      name: 'any_reserve',
      summary: 'hypothetical: storage is reserved for a page by somebody who does not map it',
      parameters: [],
      weight: 2,
      run: cpu => anyReserve(cpu, s),
    },
  ];
}
