import type { Schedule } from '../../engine/schedule.ts';
import type { Program } from '../program.ts';
import type { Lab } from './lab.ts';
import { type Candidate, replaced, reproduce, without } from './program.ts';

/**
 * Runs operations on as few CPUs as show the verdict, and as many as can be in the setup, where nothing interleaves:
 * what is left on CPUs is what races. Each change moves an operation to the setup or empties a CPU.
 */
export function placeOperations(start: Candidate, lab: Lab): Candidate {
  let best = start;
  for (let again = true; again && lab.budget > 0; ) {
    again = false;
    for (const [program, schedule] of calmerPlaces(best.program, best.found.schedule)) {
      const next = reproduce(lab, best, program, best.size, schedule);
      if (next === null) continue;
      best = next;
      again = true;
      break;
    }
  }
  return best;
}

function* calmerPlaces(program: Program, schedule: Schedule): Generator<readonly [Program, Schedule]> {
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
      const steps = schedule.steps.map(step => (step.cpu === from ? { ...step, cpu: to } : step));
      yield [joined([to, from]), { ...schedule, steps }];
      yield [joined([from, to]), { ...schedule, steps }];
    }
  }
  for (const cpu of busy) {
    const list = cpus[cpu] ?? [];
    if (busy.length === 1 && list.length === 1) continue;
    yield [
      { ...program, setup: [...setup, ...list.slice(0, 1)], cpus: replaced(cpus, cpu, without(list, 0)) },
      schedule,
    ];
  }
}
