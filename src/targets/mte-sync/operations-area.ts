import { mm as anyMm, granule, nat, oneOf, tag, yes } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { type AreaName, areaIndex, areaNames } from './areas.ts';
import { hugetlbMprotectMte, hugetlbPunchHole } from './hugetlb.ts';
import { guestLoadTagArea, guestStoreTagArea, setDirtyLogging } from './kvm-area.ts';
import { copyTagsFromGuest, copyTagsToGuest } from './kvm-copy-tags.ts';
import { madviseDontneed, mprotectMte } from './mm.ts';
import type { State } from './state.ts';
import { thpMprotectMte } from './thp.ts';
import { splitFolio, thpSwapOut } from './thp-split.ts';
import { userFault, userLoadTag, userStoreTag } from './user.ts';

const mm: Parameter = { ...anyMm, focus: true };
const area: Parameter = { ...oneOf('area', areaNames), focus: true };
const sub: Parameter = { name: 'sub', arbitrary: nat(() => 1) };
const whole = yes('whole');

/** Each is drawn half as often as others: together they would crowd out the operations on small pages. */
const WEIGHT = 0.5;

/** Operations on the areas beyond the small pages; `sub` is the page of a large folio. */
export function areaOperationsOf(s: State): readonly Operation[] {
  const indexOf = (a: number, page: number) => areaIndex(s.areas, areaNames[a], page);
  const is = (a: number, name: AreaName) => areaNames[a] === name;
  const user: Operation[] = [
    {
      name: 'area_fault',
      summary:
        'a user thread touches an area: a THP, a hugetlb folio, a small page, or a zero page for a read',
      parameters: [mm, area, sub, yes('write')],
      run: (cpu, [m, a, p, w]) => userFault(cpu, s, m, indexOf(a, p), w === 1),
    },
    {
      name: 'area_store_tag',
      summary: 'STG by a user thread to an area',
      parameters: [mm, area, sub, granule, tag],
      weight: 2 * WEIGHT,
      run: (cpu, [m, a, p, g, t]) => userStoreTag(cpu, s, m, indexOf(a, p), g, t),
    },
    {
      name: 'area_load_tag',
      summary: 'LDG by a user thread from an area',
      parameters: [mm, area, sub, granule],
      weight: 2 * WEIGHT,
      run: (cpu, [m, a, p, g]) => userLoadTag(cpu, s, m, indexOf(a, p), g),
    },
    {
      name: 'area_mprotect_mte',
      summary: 'mprotect(PROT_MTE) of an area, or of one page of a THP, which splits its PMD',
      parameters: [mm, area, sub, whole],
      run: (cpu, [m, a, p, all]) => {
        if (is(a, 'hugetlb')) return hugetlbMprotectMte(cpu, s, m);
        if (is(a, 'hole')) return mprotectMte(cpu, s, m, indexOf(a, p));
        return thpMprotectMte(cpu, s, m, all === 1 ? null : indexOf(a, p));
      },
    },
    {
      name: 'area_madvise_dontneed',
      summary: 'madvise(MADV_DONTNEED) of one page of an area; for hugetlb a hole is punched into the file',
      parameters: [mm, area, sub],
      run: (cpu, [m, a, p]) => {
        if (is(a, 'hugetlb')) return hugetlbPunchHole(cpu, s);
        return madviseDontneed(cpu, s, m, indexOf(a, p));
      },
    },
    {
      name: 'split_folio',
      summary: 'the THP is split: split_folio(), by deferred split or reclaim',
      parameters: [mm],
      run: (cpu, [m]) => splitFolio(cpu, s, m),
    },
    {
      name: 'thp_swap_out',
      summary: 'reclaim of one page of the THP area; the folio is split first',
      parameters: [mm, sub],
      run: (cpu, [m, p]) => thpSwapOut(cpu, s, m, indexOf(areaNames.indexOf('thp'), p)),
    },
  ];
  const guest: Operation[] = [
    {
      name: 'area_guest_store_tag',
      summary: 'STG in the guest to an area, mapped by blocks or pages',
      parameters: [area, sub, granule, tag],
      run: (cpu, [a, p, g, t]) => guestStoreTagArea(cpu, s, indexOf(a, p), g, t),
    },
    {
      name: 'area_guest_load_tag',
      summary: 'LDG in the guest from an area',
      parameters: [area, sub, granule],
      run: (cpu, [a, p, g]) => guestLoadTagArea(cpu, s, indexOf(a, p), g),
    },
    {
      name: 'area_copy_tags_to_guest',
      summary: 'KVM_ARM_MTE_COPY_TAGS towards the guest, of one page of an area',
      parameters: [area, sub, tag, yes('short')],
      run: (cpu, [a, p, t, short]) => copyTagsToGuest(cpu, s, indexOf(a, p), t, short === 1),
    },
    {
      name: 'area_copy_tags_from_guest',
      summary: 'KVM_ARM_MTE_COPY_TAGS from the guest, of one page of an area',
      parameters: [area, sub],
      run: (cpu, [a, p]) => copyTagsFromGuest(cpu, s, indexOf(a, p)),
    },
    {
      name: 'kvm_dirty_logging',
      summary: 'KVM_SET_USER_MEMORY_REGION switches dirty logging of the areas on, off, or on for a while',
      parameters: [oneOf('to', ['off', 'on', 'on and off'])],
      run: (cpu, [to]) => setDirtyLogging(cpu, s, to),
    },
  ];
  const all = s.d.kvm ? [...user, ...guest] : user;
  return all.map(operation => {
    return { ...operation, weight: operation.weight ?? WEIGHT };
  });
}
