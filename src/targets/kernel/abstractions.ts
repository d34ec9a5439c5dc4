import type { Abstraction } from '../target.ts';

/** References beyond this many make no difference to coverage. */
const MANY = 3;
/** Bits of a page-table entry below the page or slot number: see `Pte`. */
const ATTRIBUTES = 0xff;

/** A count as coverage sees it: 0, 1, 2 or many. */
export function few(count: number): number {
  return Math.max(0, Math.min(MANY, count));
}

/** Each page by its flags and references. */
export function pagesOf(
  kind: string,
  pages: readonly { readonly flags: number; readonly refcount: number }[],
): Abstraction {
  return {
    kind,
    objects: pages.map(({ flags, refcount }) => [flags, refcount]),
    state(words, object) {
      const { flags, refcount } = pages[object];
      return (words[flags] << 2) | few(words[refcount]);
    },
  };
}

/** Each word by what a function makes of its value. */
export function wordsOf(
  kind: string,
  addresses: readonly number[],
  state: (value: number) => number,
): Abstraction {
  return {
    kind,
    objects: addresses.map(address => [address]),
    state: (words, object) => state(words[addresses[object]]),
  };
}

/** Each page-table entry by its kind and attributes. */
export function entriesOf(kind: string, addresses: readonly number[]): Abstraction {
  return wordsOf(kind, addresses, pte => pte & ATTRIBUTES);
}

/** Bits that are set. */
export function bitsIn(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
