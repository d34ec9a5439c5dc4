import type { ActorKind } from '../../engine/schedule.ts';
import type { Observation } from '../../engine/violation.ts';
import type { Case, Verdict } from '../case/case.ts';
import type { Replayed } from '../replay.ts';
import type { AccessEvent, Trace, TraceEvent } from '../trace.ts';

/** A word of memory that a step gave another value, both as the layout shows them. */
export interface Change {
  readonly address: number;
  readonly location: string;
  readonly from: string;
  readonly to: string;
  /** Whether it is the oracles' own, which no access reads or writes. */
  readonly ghost: boolean;
}

/** What decides whether a CPU may sleep; depths as the kernel counts them. */
export interface CpuContext {
  readonly preempt: number;
  readonly softirq: number;
  readonly hardirq: number;
  /** A softirq runs; else `softirq` counts how often bottom halves were disabled. */
  readonly inSoftirq: boolean;
  readonly rcu: number;
  readonly irqsOff: boolean;
  readonly maySleep: boolean;
}

/** A CPU between two steps. */
export interface CpuMoment {
  /** The operation that runs, and the interrupt handler on top of it. */
  readonly running: readonly string[];
  /** `stopped`: the execution ended inside its model code. */
  readonly state: 'ready' | 'waits' | 'done' | 'stopped';
  /** Its next access; null if it has none. */
  readonly next: AccessEvent | null;
  /** What the next access waits for; empty unless `waits`. */
  readonly waitsFor: string;
  /** Older values that the next access, a load, could return in place of the newest, youngest first. */
  readonly mayRead: readonly string[];
  readonly held: readonly string[];
  readonly context: CpuContext;
}

/** A store that has not reached memory. */
export interface DelayedStore {
  readonly address: number;
  readonly location: string;
  readonly value: string;
}

/** A location that a CPU loads in this execution, and of which it could still read older values. */
export interface OlderValues {
  readonly address: number;
  readonly location: string;
  readonly newest: string;
  /** Youngest first. */
  readonly older: readonly string[];
}

/** A TLB entry that is no longer what the page table says. */
export interface StaleTranslation {
  readonly name: string;
  readonly entry: string;
  readonly memory: string;
}

/** The machine between two steps; lists are by CPU. */
export interface Moment {
  readonly cpus: readonly CpuMoment[];
  /** Oldest first. */
  readonly delayed: readonly (readonly DelayedStore[])[];
  readonly older: readonly (readonly OlderValues[])[];
  readonly tlb: readonly (readonly StaleTranslation[])[];
  /** RCU callbacks that were queued and have not begun, in the order of their calls: `drop_page waits for ...`. */
  readonly callbacks: readonly (readonly string[])[];
}

/** One step of an execution: an access of a CPU, a delayed store that commits, an interrupt that arrives, the end. */
export interface ExecutionStep {
  /** `end`: all CPUs are done, what is still delayed reaches memory, and the final checks run. */
  readonly actor: ActorKind | 'end';
  /** -1 at the end. */
  readonly cpu: number;
  readonly setup: boolean;
  readonly events: readonly TraceEvent[];
  readonly changes: readonly Change[];
}

/** A word that the execution used, and what it held in the beginning. */
export interface UsedWord {
  readonly address: number;
  readonly location: string;
  readonly initial: string;
  readonly ghost: boolean;
}

/** An execution with the state of the machine between its steps: `moments[i]` lies before `steps[i]`. */
export interface ExecutionSteps {
  readonly steps: readonly ExecutionStep[];
  /** One more than there are steps. */
  readonly moments: readonly Moment[];
  /** How many of the steps belong to the setup. */
  readonly setup: number;
  readonly words: readonly UsedWord[];
  readonly trace: Trace;
}

/** A case and its execution, step by step. */
export interface Stepped {
  readonly case: Case;
  readonly execution: ExecutionSteps;
  readonly verdict: Verdict;
  /** Accesses executed, setup included. */
  readonly accesses: number;
  readonly observations: readonly Observation[];
  readonly diverged: Replayed['diverged'];
}
