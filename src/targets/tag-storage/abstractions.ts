import { bitsIn, entriesOf, few, pagesOf, wordsOf } from '../kernel/abstractions.ts';
import type { Abstraction } from '../target.ts';
import { type State, XA_ZERO_ENTRY } from './state.ts';

/**
 * What coverage follows: each page's flags and references, each block's role, what is kept for a page, the kind of each
 * page-table and page-cache entry, and how much memory is free.
 */
export function abstractionsOf(s: State): readonly Abstraction[] {
  const { blocks, kept, k } = s;
  return [
    pagesOf('page', s.pages),
    {
      kind: 'tag block',
      objects: blocks.map(({ reserved, node, refcount }) => [reserved, node, refcount]),
      state(words, object) {
        const { reserved, node, refcount } = blocks[object];
        return (few(words[refcount]) << 2) | (words[node] === 0 ? 0 : 2) | (words[reserved] === 0 ? 0 : 1);
      },
    },
    {
      kind: 'kept tags',
      objects: kept.map(({ entry, node }) => [entry, node]),
      state(words, object) {
        const { entry, node } = kept[object];
        return 2 * keptKind(words[entry]) + Number(words[node] !== 0);
      },
    },
    entriesOf('page-table entry', [...s.mms.flatMap(mm => mm.pte), k.pmd]),
    wordsOf('page-cache entry', s.i_pages, entry => Math.sign(entry)),
    wordsOf('free memory', [k.free, k.free_cma, k.isolated], set => few(bitsIn(set))),
  ];
}

/** NULL, the zero entry that a reservation leaves, or a buffer. */
function keptKind(entry: number): number {
  if (entry === 0) return 0;
  return entry === XA_ZERO_ENTRY ? 1 : 2;
}
