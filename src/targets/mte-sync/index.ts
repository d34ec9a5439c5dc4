import { EngineError } from '../../engine/errors.ts';
import type { Machine } from '../../engine/machine.ts';
import type { TaggedPage } from '../../oracles/tag-shadow.ts';
import { PG } from '../kernel/page-flags.ts';
import { HAS_CACHE } from '../kernel/swap-map.ts';
import type { Model, Settings, Size, Target } from '../target.ts';
import { abstractionsOf } from './abstractions.ts';
import { designOf } from './design.ts';
import { operationsOf } from './operations.ts';
import { buildState, filePage, isShared, type State, VM } from './state.ts';
import { switches, variants } from './variants.ts';

/** Areas at the beginning: address space 0 (the VMM) has no PROT_MTE, the others have. */
function begin(s: State, machine: Machine): void {
  s.mms.forEach((mm, m) => {
    for (let index = 0; index < s.size.pages; index++) {
      const area = machine.slab.allocate(s.vmas, 0);
      if (area === 0) throw new EngineError('the cache of areas is too small');
      const shared = isShared(index) ? VM.shared : 0;
      machine.memory.poke(area, VM.mte_allowed | shared | (m > 0 ? VM.mte : 0));
      machine.memory.poke(mm.vma[index], area);
    }
  });
  const file = filePage(s);
  machine.memory.poke(file.refcount, 1);
  machine.ghostStore(file.disallowed, 1);
}

/** Nothing flags the zero page in designs that keep it unflagged, or KSM never merges anything with it again. */
function checkZeroPage(s: State, machine: Machine): void {
  const { flags } = s.areas.zeroPage;
  if (s.d.zeroPage === 'flagged' || (machine.peek(flags) & (1 << PG.mte_tagged)) === 0) return;
  const message =
    'the zero page is flagged PG_mte_tagged: pages_identical() calls every page different from it';
  machine.report('warn', message, -1, flags, [machine.memory.lastSite[flags]]);
}

/** Final checks: the owners' tags are still there, in pages or saved. */
function done(s: State, machine: Machine): void {
  const flagged = s.d.protocol !== 'always-zero';
  const flagsOf = (page: TaggedPage) => s.pages.find(each => each.base === page.base)?.flags ?? page.base;
  s.shadow.done(
    machine,
    page => !flagged || (machine.peek(flagsOf(page)) & (1 << PG.mte_tagged)) !== 0,
    page =>
      s.slots.some(
        slot =>
          machine.peek(slot.cached) - 1 === s.pages.findIndex(p => p.base === page.base) &&
          machine.peek(slot.tags) !== 0,
      ),
    s.slots.map((slot, i) => {
      const map = machine.peek(slot.map);
      return [s.slotShadows[i], map !== 0 && (map & HAS_CACHE) === 0, machine.peek(slot.tags) !== 0] as const;
    }),
  );
}

function build(settings: Settings, size: Size): Model {
  const s = buildState(designOf(settings), size);
  return {
    layout: s.layout,
    operations: operationsOf(s),
    abstractions: abstractionsOf(s),
    attach(machine) {
      s.shadow.attach(machine);
      machine.onBegin = () => begin(s, machine);
      machine.onDone = () => {
        checkZeroPage(s, machine);
        done(s, machine);
      };
    },
  };
}

export const mteSync: Target = {
  name: 'mte-sync',
  summary: 'arm64 MTE: PG_mte_tagged, PG_mte_lock and the initialisation of tags',
  description: `When is a page's tag memory valid? The thread "KVM: arm64: permit MAP_SHARED mappings with MTE enabled"
(June 2022) asks what happens when several CPUs initialise the tags of one page: flag first and tags later, or
the other way round, with or without a second flag, and which barriers. Start with mte-sync/v5.19 (the flag comes
first: stale tags are visible, tags are lost) and mte-sync/tag-clearing-v1 (the patch of the thread), then see
mte-sync/v6.2 and what its switches break. Page 0 is in a shared memfd, page 1 is private anonymous memory;
address space 0 is also the VMM of a guest.
Try: pagestorm fuzz mte-sync/v5.19 --memory sc --ops store_tag,load_tag,mprotect_mte --time 20s`,
  memory: 'arm64',
  size: { cpus: 2, pages: 2, mms: 2 },
  variants,
  switches,
  oracles: [
    'tag-loss',
    'stale-tags',
    'uninitialised-tags',
    'disallowed-tags',
    'sleeping-in-atomic',
    'deadlock',
    'livelock',
    'lock-order',
    'irq-lock-state',
    'data-race',
    'use-after-free',
    'double-free',
    'leak',
    'warn',
  ],
  build,
};
