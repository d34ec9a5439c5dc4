import type { Case } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { callCount } from '../program.ts';
import type { CaseSize } from '../statistics/snapshot.ts';
import type { Candidate } from './candidate.ts';
import { MachineLab } from './lab.ts';

export function sizeOf({ program, size, found }: Candidate): CaseSize {
  const [switches = 0, weak = 0, choices = 0, accesses = 0] = found.cost;
  const cpus = program.cpus.filter(list => list.length > 0).length;
  return { operations: callCount(program), cpus, pages: size.pages, switches, weak, choices, accesses };
}

/** The size of a case on the machine of its design; null if it does not show its verdict. */
export function caseSize(executor: Executor, one: Case): CaseSize | null {
  const { program, size } = one;
  const lab = new MachineLab(executor, one.expect, 1, () => true);
  const schedule = parseSchedule(one.schedule, name => executor.machine.layout.find(name));
  const found = lab.follow(program, size, schedule, size);
  return found === null ? null : sizeOf({ program, size, found });
}

/**
 * Below 0 if `a` is smaller, above 0 if it is larger: the first figure that differs decides, accesses left out. Operations
 * that all stand in the setup run on a CPU as well.
 */
export function compareSizes(a: CaseSize, b: CaseSize): number {
  return (
    a.operations - b.operations ||
    Math.max(1, a.cpus) - Math.max(1, b.cpus) ||
    a.pages - b.pages ||
    a.switches - b.switches ||
    a.weak - b.weak ||
    a.choices - b.choices
  );
}
