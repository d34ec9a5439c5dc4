import { EngineError } from '../../engine/errors.ts';
import type { Machine } from '../../engine/machine.ts';
import { pageAt } from '../kernel/page.ts';
import { PG } from '../kernel/page-flags.ts';
import { ptePage } from '../kernel/pte.ts';
import type { Model, Settings, Size, Target } from '../target.ts';
import { abstractionsOf } from './abstractions.ts';
import { checkEnd } from './checks.ts';
import { designOf, isMemfd } from './design.ts';
import { mainIsTagged } from './mapping.ts';
import { operationsOf } from './operations.ts';
import { buildState, type State } from './state.ts';
import { switches } from './switches.ts';
import { variants } from './variants.ts';

/**
 * Both hosts have a memslot without dirty logging. The guest has used its even gfns: they are mapped and their tags are
 * cleared; odd ones were never touched.
 */
function begin(s: State, machine: Machine): void {
  const { memory, slab } = machine;
  for (const { kvm, slotCache, slots } of [s.source, s.destination]) {
    const slot = slab.allocate(slotCache, 0);
    if (slot === 0) throw new EngineError('the cache of memslots is too small');
    memory.poke(slots[0].flags, 0);
    memory.poke(slots[0].dirty_bitmap, 0);
    memory.poke(kvm.memslot, slot);
  }
  for (let gfn = 0; gfn < s.gfns; gfn += 2) populate(s, machine, gfn);
}

function populate(s: State, machine: Machine, gfn: number): void {
  const { memory, slab } = machine;
  const { mm, kvm } = s.source;
  const page = pageAt(s.source, slab.allocate(s.source.pageCache, 0));
  if (page === null) throw new EngineError('the cache of pages is too small');
  s.content.allocated(page, gfn);
  s.mte.shadow.fresh(page);
  memory.poke(page.refcount, isMemfd(s.d) ? 2 : 1);
  memory.poke(page.flags, (1 << PG.mte_tagged) | (s.d.tagLock ? 1 << PG.mte_lock : 0));
  for (const word of [...page.tags, ...page.data]) memory.poke(word, 0);
  if (isMemfd(s.d)) memory.poke(mm.i_pages[gfn], page.index + 1);
  memory.poke(mm.pte[gfn], ptePage(page.index, mainIsTagged(s), true));
  memory.poke(kvm.stage2[gfn], ptePage(page.index, true, true));
}

function build(settings: Settings, size: Size): Model {
  const s = buildState(designOf(settings), size);
  return {
    layout: s.layout,
    operations: operationsOf(s),
    abstractions: abstractionsOf(s),
    attach(machine) {
      s.mte.shadow.attach(machine);
      s.content.attach(machine);
      machine.onBegin = () => begin(s, machine);
      machine.onDone = () => checkEnd(machine, s);
    },
  };
}

export const tagMigration: Target = {
  name: 'tag-migration',
  summary: 'live migration of KVM guests with MTE: dirty log, data and tags, pre-copy, post-copy',
  description: `How does a VMM get at the allocation tags of a running guest? In the thread "MTE support for KVM guest" (December
2020) Marc Zyngier and Catalin Marinas weigh an ioctl per page, a dump of the tags "at the point where the page is
flagged as clean", and two mappings of the guest's memory; reading tags may race with the VM dirtying the page, "but I
don't think the current migration code cares about this. If dirtied, it copies it again". Start with
tag-migration/copy-before-clear (that race with the two steps in the wrong order: a tag is lost; the case
corpus/tag-migration/M1-mail.yaml is its shortest diagram), then see per-page-ioctl (the mail's proposal, which
survives), dump-when-clean, second-mapping and one-mapping (the other proposals, each with what goes wrong and a form
that survives), v6.11 and v6.12 (what was merged), the postcopy-* designs, and what the switches break. One VM with its
source and its destination host; guest and devices run at the source until the VMM pauses them, then at the
destination. Even gfns are in use when it begins, odd ones were never touched.
Try: pagestorm fuzz tag-migration/copy-before-clear --memory sc --ops guest_store,migrate --pages 1 --time 20s`,
  memory: 'arm64',
  size: { cpus: 2, pages: 2, mms: 1 },
  variants,
  switches,
  oracles: [
    'migration-divergence',
    'tag-check-fault',
    'tag-loss',
    'stale-tags',
    'uninitialised-tags',
    'sleeping-in-atomic',
    'deadlock',
    'livelock',
    'lock-order',
    'data-race',
    'use-after-free',
    'double-free',
    'leak',
    'warn',
  ],
  build,
};
