import type { Code } from '../access.ts';

/** What a `call_rcu` has queued: see callbacks.ts. */
export interface QueuedCallback {
  readonly cpu: number;
  /** Site of the call. */
  readonly site: number;
  /** In kernel spelling. */
  readonly name: string;
  start(): Code;
  /** Its place among the calls of the execution, from 1. */
  readonly number: number;
  /** Number of its call among those of sections and grace periods. */
  readonly call: number;
  /** Number of its grace period; 0 while that has not started. */
  grace: number;
  /** Per CPU: the section that the grace period waits for; 0 if none. */
  waitsFor: readonly number[];
  running: boolean;
}

/** A callback that has not ended, for people. */
export interface WaitingCallback {
  readonly cpu: number;
  /** In kernel spelling. */
  readonly name: string;
  /** `waits for its grace period to start` */
  readonly what: string;
  readonly running: boolean;
}

export function waitingText({ cpu, name, what }: WaitingCallback): string {
  return `the RCU callback ${name} of CPU${cpu} ${what}`;
}
