/** An answer other than an actor, given while a step ran; `kind` is one of `Choice`. */
export interface Pick {
  readonly kind: number;
  readonly value: number;
}

/**
 * Who acts in a step: a CPU runs its access, a delayed store of a CPU is committed, an interrupt arrives, or RCU does
 * what comes next for the callbacks of a CPU: it starts a grace period, or runs the oldest one.
 */
export type ActorKind = 'cpu' | 'commit' | 'irq' | 'rcu';

/** One step of an execution: its actor, and what was answered while it ran where that was not calm. */
export interface Step {
  readonly actor: ActorKind;
  readonly cpu: number;
  /** Of a commit: the address of the store; else 0. */
  readonly address: number;
  readonly picks: readonly Pick[];
}

/**
 * The decisions of an execution by what they mean rather than by their numbers, so that people can read them and
 * edits elsewhere keep them valid. Answers that are not listed are calm; after the last step all are.
 */
export interface Schedule {
  /** Answered before the first step, by model code ahead of its first access. */
  readonly before: readonly Pick[];
  readonly steps: readonly Step[];
}

export const calmSchedule: Schedule = { before: [], steps: [] };
