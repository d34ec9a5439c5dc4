// What a process does in one run: its accesses, with the dependencies between them, and its fences.

import type { FenceKind } from '../program.ts';

/** Bits of an event's `flags`, named after the sets of linux-kernel.bell and lock.cat. */
export const flag = {
  write: 1,
  plain: 2,
  acquire: 4,
  release: 8,
  mb: 16,
  noreturn: 32,
  /** Event of a read-modify-write instruction, failed ones included (herd's RMW). */
  rmw: 64,
  lockRead: 128,
  lockWrite: 256,
  unlock: 512,
  srcuLock: 1024,
  srcuUnlock: 2048,
} as const;

/** One memory access of a process. Dependencies list indices of earlier reads of the same process. */
export interface ThreadEvent {
  readonly flags: number;
  readonly location: number;
  /** Place among accesses and markers of the process, in program order. */
  readonly order: number;
  /** For the write of a read-modify-write or lock: the index of its read; else -1. */
  readonly partner: number;
  readonly addr: readonly number[];
  readonly data: readonly number[];
  readonly ctrl: readonly number[];
  readonly line: number;
}

/** A fence, an end of an RCU section or a grace period; `location` is the srcu_struct of a `sync-srcu`, else -1. */
export interface Marker {
  readonly kind: FenceKind | 'sync-srcu';
  readonly order: number;
  readonly location: number;
}

/** One run of a process: its accesses, the value each read or wrote, and its observed registers at the end. */
export interface Trace {
  readonly events: readonly ThreadEvent[];
  readonly markers: readonly Marker[];
  readonly values: readonly number[];
  /** Values of the program's observed registers of this process, in `observed` order. */
  readonly registers: readonly number[];
}
