import type { Program } from '../program.ts';
import { orders } from './arrange.ts';
import { firstShown } from './calmest.ts';
import type { Candidate } from './candidate.ts';
import { lessCost } from './cost.ts';
import type { Lab } from './lab.ts';
import { renumbered } from './places.ts';
import { notCalm, polished } from './schedule.ts';

/** Machines with more CPUs are left in their order: there are too many others. */
const MOST = 4;
/** Executions for one order, at most. */
const SWEEP = 3_000;

/** Numbers the CPUs such that the schedule is calmest: the one that goes first is CPU 0, or to go there is a switch. */
export function orderCpus(start: Candidate, lab: Lab): Candidate {
  let best = start;
  const { program, size } = start;
  if (size.cpus < 2 || size.cpus > MOST) return best;
  const own = Array.from({ length: size.cpus }, (_, cpu) => cpu);
  for (const order of orders(own)) {
    if (lab.budget <= 0) break;
    if (order.every((cpu, i) => cpu === i)) continue;
    const next = withCpus(program, order);
    const followed = lab.follow(next, size, renumbered(start.found.schedule, order), size);
    if (followed !== null) {
      const found = polished({ program: next, size, found: followed }, lab);
      if (lessCost(found.cost, best.found.cost)) best = { program: next, size, found };
    }
    const { cost } = best.found;
    const most = notCalm(best.found);
    const { found } = firstShown(lab, next, size, { executions: SWEEP, most, below: cost });
    if (found !== null) best = { program: next, size, found };
  }
  return best;
}

/** The program with what CPU `order[0]` runs on CPU 0, and so on. */
export function withCpus(program: Program, order: readonly number[]): Program {
  const of = <T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] =>
    lists.length === 0 ? [] : order.map(cpu => lists[cpu] ?? []);
  return { setup: program.setup, cpus: of(program.cpus), interrupts: of(program.interrupts) };
}
