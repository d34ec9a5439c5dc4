import { type Message, nothing, type Reach, unreached, type View } from './lkmm-messages.ts';

/** Floors that a value carries: those of the loads that it was computed from. */
export interface Floors {
  readonly l: View;
  readonly t: View;
}

export const free: Floors = { l: nothing, t: nothing };

/** The message that a read-modify-write read and directly follows; null for the initial value. */
export interface Modified {
  readonly message: Message | null;
}

/** What the model keeps per CPU; see memory-semantics, section 2. */
export class CpuViews {
  /** Last message read or written, per slot. */
  coherence: number[] = [];
  /** Floors of the earlier accesses to a location, per slot. */
  own: Floors[] = [];
  l: View = nothing;
  t: View = nothing;
  /** What smp_rmb adds for later loads, smp_wmb for later stores. */
  loadL: View = nothing;
  loadT: View = nothing;
  storeL: View = nothing;
  storeT: View = nothing;
  /** What every later store carries. */
  carried: View = nothing;
  /** All earlier accesses, loads that smp_rmb orders, stores. */
  all: Reach = unreached;
  loads: Reach = unreached;
  stores: Reach = unreached;
  /** All value-returning loads: what a store depends on when nothing better is known. */
  read: Floors = free;
  /** The last load. */
  lastRead: Floors = free;
  /** `all` at certain points. */
  atRmw: Reach = unreached;
  atLock: Reach = unreached;
  atUnlock: Reach = unreached;
  unlockBeforeLock: Reach = unreached;
  beforeAtomic: Reach | null = null;
  unlocked = false;
  storesAtUnlock: View = nothing;
  /** pv and hv of the unlocks that this CPU's locks have read. */
  unlocksRead: View = nothing;
  /** Objects whose address was loaded, and the floors of those loads. */
  readonly objects = new Map<number, Floors>();
  /** Number of floors of the last pointer load. */
  pointer = 0;
  /** Number of floors of what the next store depends on; -1: not known. */
  dependency = -1;
  sectionsAtGrace = 0;
  /** Sections that this CPU is in, and some that have ended before the others. */
  openSections: number[] = [];
  sectionDepth = 0;
  /** Barriers and handed-over locks so far, and the accesses logged at the end of the last grace period. */
  strong = 0;
  rmb = 0;
  wmb = 0;
  handovers = 0;
  graceEnd = 0;
  /** Accesses logged when each CPU last started a grace period before this CPU's section. */
  startedBefore: readonly number[] = [];
  streakAddress = 0;
  streak = 0;
}
