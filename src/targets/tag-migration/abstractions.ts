import { bitsIn, entriesOf, few, pagesOf, wordsOf } from '../kernel/abstractions.ts';
import type { Abstraction } from '../target.ts';
import type { State } from './state.ts';

/**
 * What coverage follows: flags and references of each page of both hosts, their page-table, stage-2 and page-cache
 * entries, how many gfns each bitmap names, what of each gfn was sent, saved or is in flight, and how far the VMM is.
 */
export function abstractionsOf(s: State): readonly Abstraction[] {
  const { vm, source, destination } = s;
  const hosts = [source, destination];
  return [
    pagesOf('source page', source.pages),
    pagesOf('destination page', destination.pages),
    entriesOf(
      'page-table entry',
      hosts.flatMap(({ mm }) => [...mm.pte, ...mm.alias]),
    ),
    entriesOf(
      'stage-2 entry',
      hosts.flatMap(({ kvm }) => kvm.stage2),
    ),
    wordsOf(
      'page-cache entry',
      hosts.flatMap(({ mm }) => mm.i_pages),
      entry => Number(entry !== 0),
    ),
    ...[
      ['device bitmap', [vm.device_dirty]] as const,
      ['migration bitmap', [vm.migration_bitmap]] as const,
      ['clear bitmap', [vm.clear_bitmap]] as const,
      ['dirty log', hosts.flatMap(({ slots }) => slots.map(slot => slot.dirty_bitmap))] as const,
    ].map(([kind, addresses]) => wordsOf(kind, addresses, set => few(bitsIn(set)))),
    {
      kind: 'gfn',
      objects: vm.sent.map((sent, gfn) => [sent, vm.in_flight[gfn], source.kvm.saved[gfn]]),
      state(words, gfn) {
        const parts = [vm.sent[gfn], vm.in_flight[gfn], source.kvm.saved[gfn]];
        return parts.reduce((state, address) => 2 * state + Number(words[address] !== 0), 0);
      },
    },
    {
      kind: 'migration',
      objects: [[vm.phase, vm.stop, vm.running]],
      state: words =>
        4 * words[vm.phase] + 2 * Number(words[vm.stop] !== 0) + Number(words[vm.running] !== 0),
    },
  ];
}
