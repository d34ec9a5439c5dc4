import type { Bound } from '../../engine/strategies/bounded.ts';
import type { Size } from '../../targets/target.ts';
import type { ProgramBound } from './programs.ts';

/** Every program and every execution of it that a proof is about. */
export interface ProofBound extends Bound, ProgramBound {}

/** What came of running every execution within a bound of some programs. */
export interface Proof {
  /** Programs within the bound, and the first of them that was not run to its end. */
  readonly programs: number;
  readonly next: number;
  readonly executions: number;
  /** Executions cut off for length, without a verdict: then nothing is proved. */
  readonly cutOff: number;
  /** Signatures of violations, and what the model threw. */
  readonly signatures: readonly string[];
  readonly errors: readonly string[];
}

/** Two parts of a proof, the second from where the first ended. */
export function joined(a: Proof, b: Proof): Proof {
  return {
    programs: b.programs,
    next: b.next,
    executions: a.executions + b.executions,
    cutOff: a.cutOff + b.cutOff,
    signatures: [...new Set([...a.signatures, ...b.signatures])],
    errors: [...new Set([...a.errors, ...b.errors])],
  };
}

/** Whether every execution within the bound was run, and none showed anything. */
export function isProved({ programs, next, cutOff, signatures, errors }: Proof): boolean {
  return programs > 0 && next === programs && cutOff === 0 && signatures.length === 0 && errors.length === 0;
}

/** The bound in words, complete enough to be quoted. */
export function boundText(
  job: { readonly memory: string; readonly size: Size; readonly ops: readonly string[] },
  { setup, preemptions, reorderings }: ProofBound,
  programs: number,
): string {
  const { cpus, pages, mms } = job.size;
  const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const from = job.ops.length > 0 ? ` of ${job.ops.join(', ')}` : '';
  return [
    `every program of one operation${from} with any arguments on each of ${many(cpus, 'CPU')}`,
    setup === 0 ? 'without setup' : `after a setup of at most ${many(setup, 'operation')}`,
    `(${many(programs, 'program')}; ${many(pages, 'page')}, ${many(mms, 'address space')}; no interrupts),`,
    `under ${job.memory} every execution with at most ${many(preemptions, 'preemption')}`,
    reorderings === 0
      ? 'and none reordered (no store delayed, no older value read, no TLB entry used)'
      : `and ${reorderings} reordered accesses (stores delayed or committed early, older values read, TLB entries used)`,
  ].join(' ');
}
