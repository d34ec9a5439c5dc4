import type { Case } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { callCount } from '../program.ts';
import { MachineLab } from './lab.ts';

/** How large a case is, in the order in which the minimiser wants it small. */
export interface CaseSize {
  /** Operations, setup and interrupts included. */
  readonly operations: number;
  /** CPUs that run something after the setup. */
  readonly cpus: number;
  readonly pages: number;
  /** Switches between CPUs that need not be. */
  readonly preemptions: number;
  /** Stale reads and TLB entries used, delayed stores, commits chosen. */
  readonly weak: number;
  /** Failed allocations, interrupts, other choices. */
  readonly failures: number;
}

/** The size of a case on the machine of its design; null if it does not show its verdict. */
export function caseSize(executor: Executor, one: Case): CaseSize | null {
  const lab = new MachineLab(executor, one.expect, 1, () => true);
  const schedule = parseSchedule(one.schedule, name => executor.machine.layout.find(name));
  const found = lab.follow(one.program, one.size, schedule, one.size);
  if (found === null) return null;
  const [preemptions = 0, weak = 0, failures = 0] = found.cost;
  const busy = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;
  const { cpus, interrupts } = one.program;
  return {
    operations: callCount(one.program),
    cpus: cpus.filter((list, i) => busy(list) || busy(interrupts[i])).length,
    pages: one.size.pages,
    preemptions,
    weak,
    failures,
  };
}

/** Below 0 if `a` is smaller, above 0 if it is larger: the first figure that differs decides. */
export function compareSizes(a: CaseSize, b: CaseSize): number {
  return (
    a.operations - b.operations ||
    a.cpus - b.cpus ||
    a.pages - b.pages ||
    a.preemptions - b.preemptions ||
    a.weak - b.weak ||
    a.failures - b.failures
  );
}
