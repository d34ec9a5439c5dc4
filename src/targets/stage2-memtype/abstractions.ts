import { entriesOf, few, pagesOf, wordsOf } from '../kernel/abstractions.ts';
import type { Abstraction } from '../target.ts';
import { isDirty } from './entries.ts';
import type { State } from './state.ts';

/**
 * What coverage follows: flags and references of each frame, whether its cache line is there and dirty, the type of each
 * stage-2 leaf (LOCKED included), the attributes of the VMM's entries, each memslot's state, and invalidations.
 */
export function abstractionsOf(s: State): readonly Abstraction[] {
  const { frames, kvm } = s;
  return [
    pagesOf('frame', frames),
    wordsOf(
      'cache line',
      frames.map(frame => frame.line),
      line => (line === 0 ? 0 : isDirty(line) ? 2 : 1),
    ),
    entriesOf('stage-2 leaf', kvm.stage2),
    entriesOf('page-table entry', s.mm.pte),
    wordsOf('memslot pointer', kvm.memslot, slot => Number(slot !== 0)),
    wordsOf(
      'memslot flags',
      s.slots.map(slot => slot.flags),
      flags => flags,
    ),
    wordsOf('invalidations', [kvm.mmu_invalidate_in_progress, kvm.mn_active_invalidate_count], few),
  ];
}
