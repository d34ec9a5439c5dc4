import type { Size } from '../../targets/target.ts';
import { type Case, sameVerdict } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { callCount } from '../program.ts';
import { replayCase } from '../replay.ts';
import type { CaseSize } from '../statistics/snapshot.ts';
import { arrangeCalls } from './arrange.ts';
import { type Candidate, slight, thorough } from './candidate.ts';
import { orderCpus } from './cpu-order.ts';
import { fewerOperations } from './fewer.ts';
import { MachineLab } from './lab.ts';
import { placeOperations } from './placement.ts';
import { dropOperations, shrinkMachine, simplifyArguments } from './program.ts';
import { calmSchedule } from './schedule.ts';
import { sizeOf } from './size.ts';

/** What the minimiser made of a case. */
export interface Minimized {
  readonly case: Case;
  /** How much the case consisted of, and consists of now. */
  readonly before: CaseSize;
  readonly now: CaseSize;
  /** One line for each stage: what shrank, by how much. */
  readonly log: readonly string[];
  readonly executions: number;
  /** True if nothing smaller was found in any dimension before the budget or the user ended it. */
  readonly complete: boolean;
}

/**
 * Minimises a case while its verdict stays: fewest operations, then on the fewest CPUs, then pages and address spaces,
 * then simplest arguments, then the calmest schedule; then once more fewer operations, if there are few by then, and if
 * that succeeds all over again.
 * Deterministic; `beat` is called at every execution and ends it by returning false, with the best so far. Returns null
 * if the case does not show its verdict to begin with.
 *
 * @param progress gets the size as found and after each stage.
 */
export function minimizeCase(
  executor: Executor,
  one: Case,
  budget: number,
  beat: () => boolean,
  progress: (size: CaseSize) => void = () => {},
): Minimized | null {
  const lab = new MachineLab(executor, one.expect, budget, beat);
  const { size } = one;
  const home = lab.executor(size);
  const schedule = parseSchedule(one.schedule, name => home.machine.layout.find(name));
  const found = lab.follow(one.program, size, schedule, size);
  if (found === null) return null;
  let best: Candidate = { program: one.program, size, found };
  const before = sizeOf(best);
  progress(before);
  const log: string[] = [];
  const stage = (name: string, step: (from: Candidate, lab: MachineLab) => Candidate): void => {
    const from = best;
    const left = lab.budget;
    best = step(best, lab);
    progress(sizeOf(best));
    log.push(`${name}: ${change(from, best)} (${left - lab.budget} executions)`);
  };
  for (let fewer = true; fewer && lab.budget > 0; ) {
    for (let round = 1; round <= 4 && lab.budget > 0; round++) {
      const { program } = best;
      const effort = round === 1 ? thorough : slight;
      stage('operations', from => dropOperations(from, lab, effort));
      stage('placement', from => placeOperations(from, lab, effort));
      stage('machine', shrinkMachine);
      stage('arguments', simplifyArguments);
      if (best.program === program) break;
    }
    stage('schedule', calmSchedule);
    stage('order of CPUs', orderCpus);
    stage('arrangement', arrangeCalls);
    const { program } = best;
    stage('fewer operations', from => fewerOperations(from, lab, sizesFor(from.size, size)));
    fewer = best.program !== program;
  }
  const complete = lab.budget > 0;
  const smallest = lab.executor(best.size);
  const result = smallest.toCase(best.program, best.found.schedule, one.expect);
  const replayed = replayCase(smallest, result);
  if (replayed.diverged !== null || !sameVerdict(replayed.verdict, one.expect)) {
    log.push('the minimised case did not replay; the original is kept');
    return { case: one, before, now: before, log, executions: budget - lab.budget, complete: false };
  }
  return { case: result, before, now: sizeOf(best), log, executions: budget - lab.budget, complete };
}

/** Machines on which fewer operations are looked for: the smaller one, and the one of the case, where more can be asked for. */
function sizesFor(small: Size, first: Size): readonly Size[] {
  const same = small.cpus === first.cpus && small.pages === first.pages && small.mms === first.mms;
  return same ? [small] : [small, first];
}

/** `4 -> 2 operations, 2 -> 1 pages` */
function change(before: Candidate, after: Candidate): string {
  const parts = sizesOf(before).flatMap(([name, was], i) => {
    const now = sizesOf(after)[i]?.[1] ?? was;
    return now === was ? [] : [`${was} -> ${now} ${name}`];
  });
  if (parts.length > 0) return parts.join(', ');
  return before.program === after.program ? 'nothing smaller' : 'simpler values';
}

function sizesOf({ program, size, found }: Candidate): readonly (readonly [name: string, value: number])[] {
  const [switches = 0, weak = 0, rest = 0, steps = 0] = found.cost;
  return [
    ['operations', callCount(program)],
    ['operations on CPUs', program.cpus.flat().length],
    ['busy CPUs', program.cpus.filter(list => list.length > 0).length],
    ['CPUs', size.cpus],
    ['pages', size.pages],
    ['address spaces', size.mms],
    ['switches', switches],
    ['stale reads, delays and commits', weak],
    ['failures, interrupts and choices', rest],
    ['accesses', steps],
  ];
}
