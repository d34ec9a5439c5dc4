import { EngineError } from '../../engine/errors.ts';
import type { Machine } from '../../engine/machine.ts';
import { PG } from '../kernel/page-flags.ts';
import type { Model, Settings, Size, Target } from '../target.ts';
import { abstractionsOf } from './abstractions.ts';
import { checkEnd } from './checks.ts';
import { designOf } from './design.ts';
import { PREVIOUS_OWNER } from './entries.ts';
import { kinds } from './memory-kinds.ts';
import { operationsOf } from './operations.ts';
import { buildState, type Frame, memoryOf, type State, vmaAt } from './state.ts';
import { switches } from './switches.ts';
import { variants } from './variants.ts';

/** Page i begins as memory of the i-th kind; page 0, of RAM, has its memslot. MTE is off and there is no vCPU yet. */
function begin(s: State, machine: Machine): void {
  const { memory, slab } = machine;
  s.mm.vma.forEach((pointer, page) => {
    const address = slab.allocate(s.vmaCache, 0);
    if (address === 0) throw new EngineError('the cache of areas is too small');
    const vma = vmaAt(s, address);
    const kind = page % kinds.length;
    memory.poke(vma.vm_flags, kinds[kind].vmFlags);
    memory.poke(vma.vm_page_prot, kinds[kind].prot);
    memory.poke(vma.kind, kind);
    memory.poke(pointer, address);
  });
  const slot = slab.allocate(s.slotCache, 0);
  if (slot === 0) throw new EngineError('the cache of memslots is too small');
  memory.poke(s.slots[0].flags, 0);
  memory.poke(s.slots[0].userspace_page, 0);
  memory.poke(s.kvm.memslot[0], slot);
  for (const frame of s.frames.slice(s.pages.length)) {
    machine.ghostStore(frame.owner, PREVIOUS_OWNER + 1);
    if (memoryOf(s, frame).structPage) memory.poke(frame.refcount, 1);
  }
}

/** Follows where the newest data of each frame are, as stores reach memory. */
function watchData(s: State, machine: Machine): void {
  const lines = new Map<number, Frame>(s.frames.map(frame => [frame.line, frame]));
  const drams = new Map<number, Frame>(s.frames.map(frame => [frame.dram, frame]));
  const tags = machine.watcher;
  machine.watcher = (address, old, value, cpu, site) => {
    const line = lines.get(address);
    const dram = drams.get(address);
    if (line !== undefined) {
      if (value !== 0) machine.ghostStore(line.dramNewer, 0);
    } else if (dram !== undefined) machine.ghostStore(dram.dramNewer, 1);
    else tags?.(address, old, value, cpu, site);
  };
}

function build(settings: Settings, size: Size): Model {
  const s = buildState(designOf(settings), size);
  return {
    layout: s.layout,
    operations: operationsOf(s),
    abstractions: abstractionsOf(s),
    attach(machine) {
      s.shadow.attach(machine);
      watchData(s, machine);
      machine.onBegin = () => begin(s, machine);
      machine.onDone = () => {
        checkEnd(machine, s);
        const tagged = (page: { readonly tags: readonly number[] }): boolean =>
          s.pages.some(
            one => one.tags[0] === page.tags[0] && (machine.peek(one.flags) & (1 << PG.mte_tagged)) !== 0,
          );
        s.shadow.done(machine, tagged, () => false, []);
      };
    },
  };
}

export const stage2Memtype: Target = {
  name: 'stage2-memtype',
  summary: 'arm64 KVM: the memory type of stage 2, from the VMA or the pfn; MTE, memslots, MMU notifier',
  description: `What may KVM map cacheable into a guest? In the thread "KVM: arm64: determine memory type from VMA" (2023)
Ankit Agrawal and Jason Gunthorpe want the VMA to decide (its pgprot says how the VMM has mapped the memory), and
Catalin Marinas answers that this is not what the memory can do: with MTE a tag access goes to (pa >> k) + offset,
which firmware set up for boot RAM only, so that a guest with cacheable PCIe or CXL memory writes tags to "some random
address that may or may not hit an existing memory or device". Start with stage2-memtype/memtype-from-vma (the patch:
the memslot is checked for MTE, the fault is not, and the guest's STG is a wild tag access), then nc-fallback and mte-off-only (the two ways out of the mail: the first leaks
what the VMM had cleared, the second survives), v6.8 and v6.9 (what was merged first: Device or Normal-NC below a
cacheable mapping), v6.17 and no-tag-access (what came after), and what the switches break. Page 0 of the VMM is RAM and
has its memslot, page 1 is cacheable CXL or GPU memory mapped VM_PFNMAP, pages 2 to 4 (--pages 5) are a BAR of
vfio-pci, persistent memory and other device registers; mmap(page, memory) changes that. Guest frame i lies over
page i. MTE is off until enable_mte, which must come before the first access of a guest.
Try: pagestorm fuzz stage2-memtype/memtype-from-vma --ops enable_mte,create_memslot,guest_store_tag --time 20s`,
  memory: 'arm64',
  size: { cpus: 2, pages: 2, mms: 1 },
  variants,
  switches,
  oracles: [
    'wild-tag-access',
    'mismatched-attributes',
    'stale-vma-attributes',
    'stale-stage2',
    'stuck-exclusive',
    'host-unmapped-access',
    'spurious-vm-exit',
    'unbalanced-invalidation',
    'tag-loss',
    'stale-tags',
    'uninitialised-tags',
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
