import type { Call, Program } from '../program.ts';
import { firstShown } from './calmest.ts';
import type { Candidate } from './candidate.ts';
import type { Lab } from './lab.ts';
import { notCalm, polished } from './schedule.ts';

/** More calls than these can be arranged in too many ways. */
const MOST = 4;
/** Executions of all arrangements together. */
const SWEEP = 9_000;

/**
 * Puts the calls that race on two CPUs in another order or otherwise on these CPUs, if that needs fewer switches, or fewer
 * reorderings; where one does already there is nothing to gain.
 */
export function arrangeCalls(start: Candidate, lab: Lab): Candidate {
  const { program, size } = start;
  let best = start;
  const busy = program.cpus.filter(list => list.length > 0);
  const calls = busy.flat();
  if (busy.length !== 2 || calls.length > MOST || notCalm(start.found) < 2) return start;
  if (program.interrupts.some(list => list.length > 0)) return start;
  const last = Math.max(0, lab.budget - SWEEP);
  const others = [...arrangements(calls, program)];
  for (const [i, next] of others.entries()) {
    const executions = Math.ceil((lab.budget - last) / (others.length - i));
    if (executions <= 0) break;
    const { found } = firstShown(lab, next, size, {
      executions,
      most: notCalm(best.found),
      below: best.found.cost,
    });
    if (found !== null) best = { program: next, size, found };
  }
  return best === start ? start : { ...best, found: polished(best, lab) };
}

/** Every order of the calls, cut in two; the one at hand and equal ones left out. */
function* arrangements(calls: readonly Call[], program: Program): Generator<Program> {
  const seen = new Set([JSON.stringify(program.cpus)]);
  for (const order of orders(calls)) {
    for (let cut = 1; cut < order.length; cut++) {
      const lists = [order.slice(0, cut), order.slice(cut)];
      const cpus = program.cpus.map((_, cpu) => lists[cpu] ?? []);
      const key = JSON.stringify(cpus);
      if (seen.has(key)) continue;
      seen.add(key);
      yield { ...program, cpus };
    }
  }
}

/** All orders of a list, its own first. */
export function* orders<T>(list: readonly T[]): Generator<readonly T[]> {
  if (list.length === 0) yield [];
  for (const [i, one] of list.entries()) {
    for (const rest of orders(list.filter((_, j) => j !== i))) yield [one, ...rest];
  }
}
