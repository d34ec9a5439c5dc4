import { type Instance, type Layout, lock, type SlabCache, word, words } from '../../engine/layout.ts';
import type { Size } from '../target.ts';
import { type Page, pageSpec, zeroPageSpec } from './page-spec.ts';

/** Pages of a large folio: two stand for the 512 of a PMD. */
export const SUBPAGES = 2;
/** Large folios of a kind that memory has: one that is used, and one with which it is replaced. */
const FOLIOS = 2;

/** What is in no small page: one area of each kind, in every address space. */
export const areaNames = ['thp', 'hugetlb', 'hole'] as const;
export type AreaName = (typeof areaNames)[number];

/** A large folio: whether it was split, and who keeps its frames (mapped subpages, and a split under way). */
const folioSpec = { split: word(), live: word() };
const hugetlbSpec = { fault_mutex: lock('Mutex', 'hugetlb_fault_mutex'), folio: word() };

/**
 * Areas beyond the small pages: a transparent huge page (private anonymous memory), a shared mapping of hugetlb
 * memory, and private memory without large folios whose reads map the zero page. Each page of an area has an index as
 * small pages have, always an odd one, as it is not in the memfd; the even ones between stay unused.
 */
export interface Areas {
  /** Index of the first page, and the number of indices that page tables need. */
  readonly first: number;
  readonly indices: number;
  readonly of: Readonly<Record<AreaName, readonly number[]>>;
  /** The frames, as pairs: those of THPs, of hugetlb folios, of the huge zero folio; and the zero page. */
  readonly thpPages: readonly Page[];
  readonly hugetlbPages: readonly Page[];
  readonly hugeZeroPages: readonly Page[];
  readonly zeroPage: Page;
  readonly thpCache: SlabCache;
  readonly hugetlbCache: SlabCache;
  readonly thpFolios: readonly Instance<typeof folioSpec>[];
  /** Page flags of each hugetlb page's own struct, also where the folio's are used for all its pages. */
  readonly hugetlbOwnFlags: readonly number[];
  /** Per address space: 1 while its THP area is mapped by a PMD. */
  readonly pmd: readonly number[];
  readonly hugetlb: Instance<typeof hugetlbSpec>;
  /** 0: there is no huge zero folio; 1: it is being made; 2: it can be mapped. */
  readonly hugeZeroState: number;
}

/** Index of the page `sub` of an area; those of one page have no other. */
export function areaIndex(areas: Areas, area: AreaName, sub: number): number {
  const indices = areas.of[area];
  return indices[Math.min(sub, indices.length - 1)];
}

/** Area of an index. */
export function areaOf(areas: Areas, index: number): AreaName {
  if (index >= areas.of.hole[0]) return 'hole';
  return index >= areas.of.hugetlb[0] ? 'hugetlb' : 'thp';
}

/** Lays out the areas; frames are numbered from `firstFrame`. */
export function buildAreas(layout: Layout, size: Size, firstFrame: number, folioFlags: boolean): Areas {
  const first = size.pages | 1;
  const indices = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => first + 2 * (from + i));
  const frames = (name: string, from: number, count: number) => {
    const pages = layout.array(name, count, pageSpec);
    pages.forEach((page: { index: number }, i) => {
      page.index = firstFrame + from + i;
    });
    return pages;
  };
  const pairs = FOLIOS * SUBPAGES;
  const thpPages = frames('thp_page', 0, pairs);
  const hugetlbPages = frames('hugetlb_page', pairs, pairs);
  const hugetlbOwnFlags = hugetlbPages.map(page => page.flags);
  for (let i = 0; i < pairs; i++) joinFolio(hugetlbPages, i, folioFlags);
  const zeroPage = layout.struct('zero_page', zeroPageSpec, firstFrame + 2 * pairs + SUBPAGES);
  layout.initialise(zeroPage.refcount, 1);
  const globals = layout.struct('thp', { pmd: words(size.mms), huge_zero: word() });
  return {
    first,
    indices: first + 2 * (2 * SUBPAGES) + 1,
    of: { thp: indices(0, SUBPAGES), hugetlb: indices(SUBPAGES, SUBPAGES), hole: indices(2 * SUBPAGES, 1) },
    thpPages,
    hugetlbPages,
    hugeZeroPages: frames('huge_zero_page', 2 * pairs, SUBPAGES),
    zeroPage,
    thpCache: layout.cacheOf('thp', thpPages, SUBPAGES),
    hugetlbCache: layout.cacheOf('hugetlb', hugetlbPages, SUBPAGES),
    thpFolios: layout.array('thp_folio', FOLIOS, folioSpec),
    hugetlbOwnFlags,
    pmd: globals.pmd,
    hugetlb: layout.struct('hugetlbfs', hugetlbSpec),
    hugeZeroState: globals.huge_zero,
  };
}

/** Pages of a hugetlb folio share its references and, from v6.13 on, the flags of its head. */
function joinFolio(pages: readonly Page[], i: number, folioFlags: boolean): void {
  const page: { flags: number; refcount: number } = pages[i];
  const head = pages[i - (i % SUBPAGES)];
  page.refcount = head.refcount;
  if (folioFlags) page.flags = head.flags;
}

function among(pages: readonly Page[], page: number): boolean {
  return page >= pages[0].index && page <= pages[pages.length - 1].index;
}
export function isThp(areas: Areas, page: number): boolean {
  return among(areas.thpPages, page);
}
export function isHugetlb(areas: Areas, page: number): boolean {
  return among(areas.hugetlbPages, page);
}
/** The zero page, or one of the huge zero folio: mapped by special entries, which set_pte_at() does not look at. */
export function isZeroPage(areas: Areas, page: number): boolean {
  return page >= areas.hugeZeroPages[0].index;
}

/** The pages of the large folio that a page belongs to; itself alone if it is small. */
export function folioPages(areas: Areas, page: Page): readonly Page[] {
  for (const pages of [areas.thpPages, areas.hugetlbPages, areas.hugeZeroPages]) {
    if (!among(pages, page.index)) continue;
    const at = page.index - pages[0].index;
    const head = at - (at % SUBPAGES);
    return pages.slice(head, head + SUBPAGES);
  }
  return [page];
}

/** The large folio of a THP's page. */
export function thpFolio(areas: Areas, page: Page): Instance<typeof folioSpec> {
  return areas.thpFolios[Math.floor((page.index - areas.thpPages[0].index) / SUBPAGES)];
}
