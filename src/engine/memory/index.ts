import type { Layout } from '../layout.ts';
import { Arm64 } from './arm64.ts';
import { Lkmm } from './lkmm.ts';
import type { Memory, MemoryHost } from './memory.ts';
import { Sc } from './sc.ts';
import { Tso } from './tso.ts';

type MemoryFactory = (layout: Layout, cpus: number, host: MemoryHost) => Memory;

/** The memory models by name. Adding one: a file beside this one and a line here. */
export const memoryModels = {
  sc: (layout, cpus, host) => new Sc(layout, cpus, host),
  tso: (layout, cpus, host) => new Tso(layout, cpus, host),
  arm64: (layout, cpus, host) => new Arm64(layout, cpus, host),
  lkmm: (layout, cpus, host) => new Lkmm(layout, cpus, host),
} as const satisfies Record<string, MemoryFactory>;

export type MemoryName = keyof typeof memoryModels;

export const memoryNames: readonly MemoryName[] = ['sc', 'tso', 'arm64', 'lkmm'];

export function isMemoryName(name: string): name is MemoryName {
  return Object.hasOwn(memoryModels, name);
}
