import type { Code } from './access.ts';
import type { Cpu } from './cpu.ts';

/** An operation with its arguments, as the machine runs it. */
export interface BoundOperation {
  readonly name: string;
  readonly args: readonly number[];
  start(cpu: Cpu): Code;
}

/** What a machine runs: operations for each CPU, interrupts that may arrive, and a sequential prologue. */
export interface BoundProgram {
  /** Run one after the other on CPU 0 before the CPUs start, with the calmest decisions. */
  readonly setup: readonly BoundOperation[];
  readonly cpus: readonly (readonly BoundOperation[])[];
  /** Interrupt handlers that may be injected, per CPU, in order; they need not arrive. */
  readonly interrupts: readonly (readonly BoundOperation[])[];
}

/** How an execution ended. */
export const End = {
  Done: 0,
  /** An oracle judged; see `machine.violation`. */
  Violation: 1,
  /** More accesses than the limit while operations went on completing: no verdict. */
  Long: 2,
} as const;
