import { mm, nat, page, tag } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { cpuEnableMte, initStructPage } from './boot.ts';
import { coredump } from './coredump.ts';
import { hibernate } from './hibernate.ts';
import { kernelAccess } from './kasan.ts';
import { ksmMerge } from './ksm.ts';
import { peekMteTags, pokeMteTags } from './ptrace.ts';
import type { State } from './state.ts';
import { swapoff } from './swapoff.ts';

/** Pages of the areas, counted after the small ones. */
const AREA_PAGES = 5;
const anyPage: Parameter = { name: 'page', arbitrary: nat(size => size.pages + AREA_PAGES - 1) };
const from: Parameter = { ...mm, name: 'from' };

/** Each is drawn half as often as others. */
const WEIGHT = 0.5;

/** What looks at tags, or moves pages, from outside the owner's threads. */
export function rareOperationsOf(s: State): readonly Operation[] {
  const areaIndices = Object.values(s.areas.of).flat();
  const indexOf = (n: number) => (n < s.size.pages ? n : areaIndices[n - s.size.pages]);
  const common: Operation[] = [
    {
      name: 'ptrace_peek',
      summary: 'PTRACE_PEEKMTETAGS; pages from the number of small pages on are those of the areas',
      parameters: [mm, anyPage],
      run: (cpu, [m, p]) => peekMteTags(cpu, s, m, indexOf(p)),
    },
    {
      name: 'ptrace_poke',
      summary: 'PTRACE_POKEMTETAGS: overwrites the tags of a live page',
      parameters: [mm, anyPage, tag],
      run: (cpu, [m, p, t]) => pokeMteTags(cpu, s, m, indexOf(p), t),
    },
    {
      name: 'ksm_merge',
      summary: 'ksmd merges the private pages of two address spaces: write_protect_page(), replace_page()',
      parameters: [mm, from, page],
      run: (cpu, [m, f, p]) => ksmMerge(cpu, s, m, f, p),
    },
    {
      name: 'swapoff',
      summary: 'swapoff() brings a page back: unuse_pte(), shmem_unuse()',
      parameters: [page],
      run: (cpu, [p]) => swapoff(cpu, s, p),
    },
  ];
  if (s.d.coredump !== 'none') {
    common.push({
      name: 'coredump',
      summary: 'a dying process dumps the tags of a page: mte_dump_tag_range()',
      parameters: [mm, anyPage],
      run: (cpu, [m, p]) => coredump(cpu, s, m, indexOf(p)),
    });
  }
  if (s.d.kasanTags) {
    common.push({
      name: 'kernel_access',
      summary: 'the kernel reads a page through page_address(), with the KASAN tag of its flags',
      parameters: [mm, page],
      run: (cpu, [m, p]) => kernelAccess(cpu, s, m, p),
    });
  }
  const operations = common.map(operation => {
    return { ...operation, weight: WEIGHT };
  });
  if (s.d.zeroPage === 'unflagged') return operations;
  return [
    ...operations,
    {
      name: 'boot_enable_mte',
      summary: 'at boot: cpu_enable_mte() flags the zero page',
      parameters: [],
      weight: 0,
      run: cpu => cpuEnableMte(cpu, s),
    },
    {
      name: 'boot_init_struct_page',
      summary: 'at boot: deferred initialisation of the struct page of the zero page',
      parameters: [],
      weight: 0,
      run: cpu => initStructPage(cpu, s),
    },
  ];
}

/** Hibernation freezes all other operations. */
export function hibernateOperation(s: State): Operation {
  return {
    name: 'hibernate',
    summary: 'hibernation and resume while no other operation runs: tags are saved, lost and restored',
    parameters: [],
    weight: WEIGHT / 2,
    run: cpu => hibernate(cpu, s),
  };
}
