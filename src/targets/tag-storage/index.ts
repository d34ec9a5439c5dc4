import type { Machine } from '../../engine/machine.ts';
import { PG } from '../kernel/page-flags.ts';
import { HAS_CACHE } from '../kernel/swap-map.ts';
import type { Model, Settings, Size, Target } from '../target.ts';
import { abstractionsOf } from './abstractions.ts';
import { designOf } from './design.ts';
import { migrateFrame } from './migrate.ts';
import { operationsOf } from './operations.ts';
import { freePage } from './page.ts';
import { BDEV, buildState, type State, XA_ZERO_ENTRY } from './state.ts';
import { switches, variants } from './variants.ts';

/** At the beginning all memory is free; address space 0 has no PROT_MTE, the others have. */
function begin(s: State, machine: Machine): void {
  const { memory } = machine;
  memory.poke(s.k.free, (1 << s.ordinary) - 1);
  memory.poke(s.k.free_cma, (1 << s.geometry.tagPages) - 1);
  for (const mm of s.mms) for (const word of mm.vm_mte) memory.poke(word, mm.index > 0 ? 1 : 0);
  for (const page of s.pages.slice(s.firstTagPage)) machine.ghostStore(page.disallowed, 1);
  // Never free, or not at the beginning: the block device's page and the frames of the huge page.
  for (let pfn = s.huge; pfn < s.firstTagPage; pfn++) machine.slab.allocate(s.frames[pfn], 0);
  const bdev = s.pages[s.bdev];
  memory.poke(bdev.refcount, 1);
  memory.poke(bdev.mapping, BDEV);
  memory.poke(s.k.bdev_page, s.bdev + 1);
  if (!s.d.bufferHeadTagged) return;
  const b = s.geometry.hardwareBlock(s.bdev);
  memory.poke(bdev.flags, (1 << PG.mte_lock) | (1 << PG.mte_tagged) | (1 << PG.tag_storage_reserved));
  for (const tag of bdev.tags) memory.poke(tag, 0);
  memory.poke(s.blocks[b].reserved, 1);
  memory.poke(s.blocks[b].refcount, 2);
  memory.poke(
    s.k.free_cma,
    memory.words[s.k.free_cma] & ~(((1 << s.geometry.blockPages) - 1) << (b * s.geometry.blockPages)),
  );
  s.storage.holdsTags(b);
  s.shadow.fresh(bdev);
}

/** Tags are kept for a page, and will be written when its storage is reserved: once it is, nobody does so again. */
function willBeRestored(s: State, machine: Machine, pfn: number): boolean {
  const entry = machine.peek(s.kept[pfn].entry);
  const reserved = (machine.peek(s.pages[pfn].flags) & (1 << PG.tag_storage_reserved)) !== 0;
  return entry !== 0 && entry !== XA_ZERO_ENTRY && !reserved;
}

/** The page is in the swap cache, and its slot has tags that every fault on it will look at. */
function keptInSlot(s: State, machine: Machine, pfn: number): boolean {
  return s.slots.some(slot => machine.peek(slot.cached) - 1 === pfn && machine.peek(slot.tags) !== 0);
}

/** Final checks: tags are there or kept, blocks balance, nothing is kept for free pages. */
function done(s: State, machine: Machine): void {
  s.shadow.done(
    machine,
    page =>
      (machine.peek(s.pages.find(p => p.content === page.content)?.flags ?? 0) & (1 << PG.mte_tagged)) !== 0,
    page => {
      const pfn = s.pages.findIndex(p => p.content === page.content);
      return willBeRestored(s, machine, pfn) || keptInSlot(s, machine, pfn);
    },
    s.slots.map((slot, i) => {
      const map = machine.peek(slot.map);
      return [s.slotShadows[i], map !== 0 && (map & HAS_CACHE) === 0, machine.peek(slot.tags) !== 0] as const;
    }),
  );
  s.storage.done(machine);
  checkBlocks(s, machine);
  checkKept(s, machine);
}

/** I6: a block's references are one for itself and one for each of its pages that is reserved. */
function checkBlocks(s: State, machine: Machine): void {
  for (const [b, block] of s.blocks.entries()) {
    let users = 0;
    for (const page of s.pages.slice(0, s.firstTagPage)) {
      const reserved = (machine.peek(page.flags) & (1 << PG.tag_storage_reserved)) !== 0;
      if (reserved && s.geometry.findBlock(page.index) === b) users++;
    }
    const expected = users === 0 ? 0 : users + 1;
    const count = machine.peek(block.refcount);
    if (count === expected) continue;
    const message = `block ${b} has ${count} references at the end, but ${users} of its pages are reserved`;
    machine.report('block-balance', message, -1, block.refcount, [machine.memory.lastSite[block.refcount]]);
  }
}

/** I4: what is kept for a page does not outlive it, and no slot stays reserved that nobody will use. */
function checkKept(s: State, machine: Machine): void {
  for (const [pfn, { entry }] of s.kept.entries()) {
    const value = machine.peek(entry);
    if (value === 0) continue;
    const free = machine.peek(s.pages[pfn].refcount) === 0;
    if (!free && (value !== XA_ZERO_ENTRY || s.d.copyMemory === 'at-allocation')) continue;
    const what = value === XA_ZERO_ENTRY ? 'a reserved slot' : 'a tag buffer';
    const message = `${what} for ${free ? 'free ' : ''}page ${pfn} is left in tags_by_pfn`;
    machine.report('leak', message, -1, entry, [machine.memory.lastSite[entry]]);
  }
}

function build(settings: Settings, size: Size): Model {
  const s = buildState(designOf(settings), size, { migrateFrame, freePage });
  return {
    layout: s.layout,
    operations: operationsOf(s),
    abstractions: abstractionsOf(s),
    attach(machine) {
      s.shadow.attach(machine);
      s.storage.attach(machine);
      machine.onBegin = () => begin(s, machine);
      machine.onDone = () => done(s, machine);
    },
  };
}

export const tagStorage: Target = {
  name: 'tag-storage',
  summary: 'arm64 MTE: dynamic tag storage, swapped tags kept by pfn, and copies that must not sleep',
  description: `Where do a page's tags live? The RFC gives unused tag storage to the page allocator and takes a block back
when one of its pages is tagged. The thread (February 2024) is about patch 28 of RFC v3: tags of a page that is swapped
in without storage are kept in an xarray by pfn. Try tag-storage/rfc-v2 (tags are lost: the bit is set before they are
written back), tag-storage/rfc-v3 (sleeping in atomic context, as Peter Collingbourne found, and more), the three
proposals fix1-atomic-cache, fix2-prepare-end and fix3-at-allocation, and one-section-fixed with a switch, such as
one-section-fixed+no-deferral: tags written over somebody's data. Page 0 is in a shared memfd, page 1 is private
anonymous memory; address space 0 has no PROT_MTE, address space 1 has. A tag page serves 2 pages here, 32 in hardware.
Try: pagestorm fuzz tag-storage/rfc-v3 --memory sc --ops store_tag,mprotect_mte,fork --time 20s`,
  memory: 'arm64',
  size: { cpus: 2, pages: 2, mms: 2 },
  variants,
  switches,
  oracles: [
    'storage-corruption',
    'block-balance',
    'tag-loss',
    'stale-tags',
    'uninitialised-tags',
    'disallowed-tags',
    'sleeping-in-atomic',
    'deadlock',
    'livelock',
    'lock-order',
    'irq-lock-state',
    'use-after-free',
    'double-free',
    'leak',
    'warn',
  ],
  build,
};
