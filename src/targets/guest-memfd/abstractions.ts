import type { Abstraction } from '../target.ts';
import { nptPrivate, rmpAssigned } from './entries.ts';
import type { State } from './state.ts';

/** References beyond this many make no difference to coverage. */
const MANY = 3;

/** What coverage follows: each frame's RMP entry with its owner, flags and references, and each nested entry. */
export function abstractionsOf(s: State): readonly Abstraction[] {
  const { pages, rmp } = s;
  const { npt } = s.kvm;
  return [
    {
      kind: 'frame',
      objects: pages.map((page, i) => [page.flags, page.refcount, page.owner, rmp[i]]),
      state(words, object) {
        const { flags, refcount, owner } = pages[object];
        const references = Math.max(0, Math.min(MANY, words[refcount]));
        const assigned = rmpAssigned(words[rmp[object]]) ? 1 : 0;
        return (words[flags] << 8) | (words[owner] << 4) | (references << 1) | assigned;
      },
    },
    {
      kind: 'nested entry',
      objects: npt.map(entry => [entry]),
      state(words, object) {
        const leaf = words[npt[object]];
        if (leaf === 0) return 0;
        return nptPrivate(leaf) ? 2 : 1;
      },
    },
  ];
}
