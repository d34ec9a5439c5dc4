import { flags, type Instance, shown, watched, word, words } from '../../engine/layout.ts';
import { GRANULES, taggedPageFields } from '../../oracles/tag-shadow.ts';
import { pageFlags } from '../kernel/page-flags.ts';

/** struct page, with the allocation tags of the page frame and what the oracles follow them with. */
export const pageSpec = {
  flags: flags(pageFlags),
  refcount: word(),
  /** References taken with FOLL_PIN, which the kernel counts in the upper bits of the other word. */
  pins: word(),
  ...taggedPageFields,
};

/** The zero page: its tags were cleared at boot. */
export const zeroPageSpec: typeof pageSpec = {
  ...pageSpec,
  tags: words(
    GRANULES,
    shown(watched(), value => String(value & 15)),
  ),
};

export type Page = Instance<typeof pageSpec>;
