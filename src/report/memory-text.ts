import type { MemoryName } from '../engine/memory/index.ts';

/** What a memory model allows, for readers who do not know this program; docs/memory-models.md has the rules. */
export const memoryText: Readonly<Record<MemoryName, string>> = {
  sc: 'sequential consistency: accesses act at once, in program order',
  tso: 'x86: each CPU has a FIFO store buffer, nothing else is reordered',
  arm64: 'delayed stores and stale loads, other-multi-copy-atomic; loads are not delayed past later stores',
  lkmm: 'as weak as the Linux-kernel memory model allows, but for loads delayed past later stores',
};
