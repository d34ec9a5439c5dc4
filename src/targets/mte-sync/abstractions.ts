import type { Abstraction } from '../target.ts';
import type { State } from './state.ts';

/** Bits of a page-table entry below the page or slot number. */
const ATTRIBUTES = 0xff;
/** References beyond this many make no difference to coverage. */
const MANY = 3;

/** What coverage follows: each page's flags and references, and what kind of entry each page table has. */
export function abstractionsOf(s: State): readonly Abstraction[] {
  // The pages of a large folio share words.
  const pages = s.pages.filter((page, i) => s.pages.findIndex(one => sharesWords(one, page)) === i);
  const entries = [...new Set([...s.mms.flatMap(mm => mm.pte), ...s.kvm.stage2])];
  return [
    {
      kind: 'page',
      objects: pages.map(page => [page.flags, page.refcount]),
      state(words, object) {
        const { flags, refcount } = pages[object];
        return (words[flags] << 2) | Math.max(0, Math.min(MANY, words[refcount]));
      },
    },
    {
      kind: 'page-table entry',
      objects: entries.map(entry => [entry]),
      state: (words, object) => words[entries[object]] & ATTRIBUTES,
    },
  ];
}

function sharesWords(one: State['pages'][number], other: State['pages'][number]): boolean {
  return one.flags === other.flags || one.refcount === other.refcount;
}
