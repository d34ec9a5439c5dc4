import type { Program } from '../program.ts';
import { type Candidate, type Effort, reproduce } from './candidate.ts';
import type { Lab } from './lab.ts';
import { type PlacedSchedule, withoutOperation } from './places.ts';
import { replaced, without } from './program.ts';

/**
 * Runs operations on as few CPUs as show the verdict, and as many as can be in the setup, where nothing interleaves:
 * what is left on CPUs is what races. Each change moves an operation to the setup or empties a CPU.
 */
export function placeOperations(start: Candidate, lab: Lab, effort: Effort): Candidate {
  let best = start;
  for (let again = true; again && lab.budget > 0; ) {
    again = false;
    for (const [program, schedule] of calmerPlaces(best.program, best.found.schedule)) {
      const next = reproduce(lab, best, program, best.size, schedule, effort);
      if (next === null) continue;
      best = next;
      again = true;
      break;
    }
  }
  return best;
}

function* calmerPlaces(
  program: Program,
  schedule: PlacedSchedule,
): Generator<readonly [Program, PlacedSchedule]> {
  const { setup, cpus } = program;
  const busy = cpus.flatMap((list, cpu) => (list.length > 0 ? [cpu] : []));
  for (const [i, to] of busy.entries()) {
    for (const from of busy.slice(i + 1)) {
      const joined = (one: readonly number[]): Program => {
        const [first = 0, second = 0] = one;
        const calls = [...(cpus[first] ?? []), ...(cpus[second] ?? [])];
        return { ...program, cpus: replaced(replaced(cpus, from, []), to, calls) };
      };
      // The interrupts of the emptied CPU stay where they are: dropping them is another stage's matter.
      if ((program.interrupts[from]?.length ?? 0) > 0) continue;
      yield [joined([to, from]), together(schedule, to, from, cpus[to]?.length ?? 0, to)];
      yield [joined([from, to]), together(schedule, from, to, cpus[from]?.length ?? 0, to)];
    }
  }
  for (const cpu of busy) {
    const list = cpus[cpu] ?? [];
    if (busy.length === 1 && list.length === 1) continue;
    yield [
      { ...program, setup: [...setup, ...list.slice(0, 1)], cpus: replaced(cpus, cpu, without(list, 0)) },
      withoutOperation(schedule, cpu, 0),
    ];
  }
}

/** The schedule with the steps of two CPUs on one of them, where the operations of the first come before those of the second. */
function together(
  schedule: PlacedSchedule,
  first: number,
  second: number,
  before: number,
  on: number,
): PlacedSchedule {
  const steps = schedule.steps.map(step => {
    if (step.cpu === first) return { ...step, cpu: on };
    if (step.cpu !== second) return step;
    return { ...step, cpu: on, operation: step.operation < 0 ? step.operation : step.operation + before };
  });
  return { ...schedule, steps };
}
