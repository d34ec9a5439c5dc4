import { EngineError } from '../../engine/errors.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Model, Settings, Size, Target } from '../target.ts';
import { abstractionsOf } from './abstractions.ts';
import { checkEnd } from './checks.ts';
import { designOf } from './design.ts';
import { slotPinsFile } from './lifetime.ts';
import { operationsOf } from './operations.ts';
import { attributeOf, buildState, Owner, PGOFF, type State } from './state.ts';
import { switches } from './switches.ts';
import { variants } from './variants.ts';

/**
 * The VM exists, its memslot is bound to the open file, no page is allocated. Where the RMP table follows the
 * attributes all gfns begin shared; elsewhere private, as VMMs declare their memory before the launch. With in-place
 * conversion gfn 0 begins shared.
 */
function begin(s: State, machine: Machine): void {
  const { memory, slab } = machine;
  const slot = slab.allocate(s.slotCache, 0);
  if (slab.allocate(s.kvmCache, 0) === 0 || slab.allocate(s.gmemCache, 0) === 0 || slot === 0) {
    throw new EngineError('a cache is too small');
  }
  memory.poke(s.slots[0].flags, 0);
  memory.poke(s.slots[0].gmem_file, s.gmemFile.base);
  memory.poke(s.kvm.slot, slot);
  memory.poke(s.kvm.users_count, s.d.kvmRef ? 2 : 1);
  memory.poke(s.vmFile.private_data, s.kvm.base);
  memory.poke(s.gmemFile.f_count, slotPinsFile(s) ? 2 : 1);
  memory.poke(s.gmemFile.private_data, s.gmem.base);
  for (let index = PGOFF; index < s.indices; index++) memory.poke(s.gmem.bindings[index], slot);
  const isPrivate = s.d.privateAt !== 'ioctl' && !s.d.initShared;
  for (let gfn = s.d.inPlace ? 1 : 0; gfn < s.gfns; gfn++)
    memory.poke(attributeOf(s, gfn), isPrivate ? 1 : 0);
  for (const page of s.pages.slice(-s.gfns)) memory.poke(page.owner, Owner.user);
  memory.poke(s.kernelPage.owner, Owner.kernel);
}

function build(settings: Settings, size: Size): Model {
  const s = buildState(designOf(settings), size);
  return {
    layout: s.layout,
    operations: operationsOf(s),
    abstractions: abstractionsOf(s),
    attach(machine) {
      machine.onBegin = () => begin(s, machine);
      machine.onDone = () => checkEnd(machine, s);
    },
  };
}

export const guestMemfd: Target = {
  name: 'guest-memfd',
  summary: 'KVM guest_memfd with SEV-SNP: punch hole, memory attributes, the RMP table, #NPF, teardown',
  description: `Who may change the RMP table, and under which lock? In the thread "Rename restrictedmem => guardedmem?" (May
2023) Mike Roth asks how to place the RMPUPDATE hooks: kvm_gmem_punch_hole() makes pages shared before it frees
them, kvm_vm_ioctl_set_mem_attributes() makes them private in between, and the host blows up touching private
pages. Start with guest-memfd/attr-hook (the two hooks and no common lock: the mail's diagram), then see slots-lock
(his quick and lazy solution), rmp-under-mmu-lock (why not), prepare-in-get-pfn (Sean's answer), v6.11 and v7.0
(what was merged), and what the switches break. gmem-solo is the code of the mail with all its other bugs.
gfn i is page i + 2 of the file; where the model says 2M, two pages stand for it.
Try: pagestorm fuzz guest-memfd/attr-hook --ops punch_hole,set_mem_attributes,fallocate --pages 1 --time 20s`,
  memory: 'tso',
  size: { cpus: 2, pages: 2, mms: 1 },
  variants,
  switches,
  oracles: [
    'host-private-access',
    'private-after-free',
    'stale-npt',
    'lost-invalidation',
    'unprepared-mapping',
    'unbalanced-invalidation',
    'spurious-vm-exit',
    'sleeping-in-atomic',
    'deadlock',
    'livelock',
    'lock-order',
    'use-after-free',
    'double-free',
    'leak',
    'warn',
  ],
  build,
};
