import type { Size } from '../../targets/target.ts';
import type { Call, Program } from '../program.ts';
import { type Candidate, type Effort, quickly, reproduce, slight, thorough } from './candidate.ts';
import { withCpus } from './cpu-order.ts';
import type { Lab } from './lab.ts';
import { type PlacedSchedule, renumbered, withoutCpu, withoutOperation } from './places.ts';

/**
 * Drops operations one by one, last first, and whole lists before that, as long as the verdict stays: first those without
 * which the schedule at hand still shows it, then those that need another schedule.
 */
export function dropOperations(start: Candidate, lab: Lab, effort: Effort): Candidate {
  return dropAll(dropAll(start, lab, null), lab, effort);
}

function dropAll(start: Candidate, lab: Lab, effort: Effort | null): Candidate {
  let best = start;
  for (let before: Candidate | null = null; before !== best && lab.budget > 0; ) {
    before = best;
    // After a success the next of the smaller program: what could not be dropped before it can hardly be now.
    for (let i = 0; ; ) {
      const next = [...smallerPrograms(best.program, best.found.schedule)][i];
      if (next === undefined) break;
      const [program, schedule] = next;
      const shown =
        effort === null
          ? quickly(lab, best, program, best.size, schedule)
          : reproduce(lab, best, program, best.size, schedule, effort);
      if (shown === null) i++;
      else best = shown;
    }
  }
  return best;
}

/** Drops CPUs without operations and the pages and address spaces that no argument names. */
export function shrinkMachine(start: Candidate, lab: Lab): Candidate {
  let best = start;
  const used = best.program.cpus.flatMap((list, cpu) =>
    list.length > 0 || (best.program.interrupts[cpu]?.length ?? 0) > 0 ? [cpu] : [],
  );
  if (used.length > 0 && used.length < best.size.cpus) {
    const program = withCpus(best.program, used);
    const schedule = renumbered(best.found.schedule, used);
    best = reproduce(lab, best, program, { ...best.size, cpus: used.length }, schedule, thorough) ?? best;
  }
  for (const part of ['pages', 'mms'] as const) {
    while (best.size[part] > 1) {
      const size: Size = { ...best.size, [part]: best.size[part] - 1 };
      if (!lab.legal(best.program, size)) break;
      const next = reproduce(lab, best, best.program, size, best.found.schedule, thorough);
      if (next === null) break;
      best = next;
    }
  }
  return best;
}

/**
 * Moves arguments toward 0 by the shrinking of their arbitraries: first all of one name that share a value (a race
 * on page 1 becomes one on page 0), then each on its own.
 */
export function simplifyArguments(start: Candidate, lab: Lab): Candidate {
  let best = start;
  for (const program of renamedValues(best.program, lab, best.size)) {
    if (lab.budget <= 0) break;
    const next = reproduce(lab, best, program, best.size, best.found.schedule, slight);
    if (next !== null && argumentSum(next.program) < argumentSum(best.program)) best = next;
  }
  for (const place of argumentPlaces(best.program)) {
    for (let again = true; again && lab.budget > 0; ) {
      again = false;
      const call = callAt(best.program, place);
      const value = call.args[place.argument] ?? 0;
      for (const simpler of lab.simpler(call.operation, place.argument, value, best.size)) {
        const args = call.args.map((one, i) => (i === place.argument ? simpler : one));
        const program = withCall(best.program, place, { operation: call.operation, args });
        const next = reproduce(lab, best, program, best.size, best.found.schedule, slight);
        if (next === null) continue;
        best = next;
        again = true;
        break;
      }
    }
  }
  return best;
}

/** Programs with fewer operations, the smallest first, each with what is left of a schedule. */
function* smallerPrograms(
  program: Program,
  schedule: PlacedSchedule,
): Generator<readonly [Program, PlacedSchedule]> {
  const { setup, cpus, interrupts } = program;
  if (setup.length > 1) yield [{ ...program, setup: [] }, schedule];
  for (const [cpu, list] of cpus.entries()) {
    if (list.length > 1) yield [{ ...program, cpus: replaced(cpus, cpu, []) }, withoutCpu(schedule, cpu)];
  }
  for (let i = setup.length - 1; i >= 0; i--) yield [{ ...program, setup: without(setup, i) }, schedule];
  for (const [cpu, list] of interrupts.entries()) {
    for (let i = list.length - 1; i >= 0; i--) {
      yield [{ ...program, interrupts: replaced(interrupts, cpu, without(list, i)) }, schedule];
    }
  }
  for (const [cpu, list] of cpus.entries()) {
    for (let i = list.length - 1; i >= 0; i--) {
      const fewer = replaced(cpus, cpu, without(list, i));
      yield [{ ...program, cpus: fewer }, withoutOperation(schedule, cpu, i)];
    }
  }
}

export function without<T>(list: readonly T[], at: number): readonly T[] {
  return list.filter((_, i) => i !== at);
}

export function replaced<T>(list: readonly T[], at: number, value: T): readonly T[] {
  return list.map((one, i) => (i === at ? value : one));
}

function argumentSum(program: Program): number {
  const lists = [program.setup, ...program.cpus, ...program.interrupts];
  return lists.flat().reduce((sum, { args }) => args.reduce((all, value) => all + Math.abs(value), sum), 0);
}

/** Programs in which a value of a parameter, wherever it stands, changes places with a smaller one. */
function* renamedValues(program: Program, lab: Lab, size: Size): Generator<Program> {
  const lists = [program.setup, ...program.cpus, ...program.interrupts];
  const used = new Map<string, Set<number>>();
  for (const { operation, args } of lists.flat()) {
    for (const [i, name] of lab.parameters(operation, size).entries()) {
      used.set(name, (used.get(name) ?? new Set()).add(args[i] ?? 0));
    }
  }
  for (const [name, values] of used) {
    for (const value of values) {
      for (let to = 0; to < value; to++) {
        const swap = (one: number): number => (one === value ? to : one === to ? value : one);
        const renamed = ({ operation, args }: Call): Call => {
          const names = lab.parameters(operation, size);
          return { operation, args: args.map((one, i) => (names[i] === name ? swap(one) : one)) };
        };
        const next: Program = {
          setup: program.setup.map(renamed),
          cpus: program.cpus.map(list => list.map(renamed)),
          interrupts: program.interrupts.map(list => list.map(renamed)),
        };
        if (argumentSum(next) < argumentSum(program) && lab.legal(next, size)) yield next;
      }
    }
  }
}

interface ArgumentPlace {
  readonly part: 'setup' | 'cpus' | 'interrupts';
  readonly list: number;
  readonly call: number;
  readonly argument: number;
}

function argumentPlaces(program: Program): readonly ArgumentPlace[] {
  const of = (part: ArgumentPlace['part'], lists: readonly (readonly Call[])[]): readonly ArgumentPlace[] =>
    lists.flatMap((calls, list) =>
      calls.flatMap(({ args }, call) => args.map((_, argument) => ({ part, list, call, argument }))),
    );
  return [
    ...of('setup', [program.setup]),
    ...of('cpus', program.cpus),
    ...of('interrupts', program.interrupts),
  ];
}

function listsOf(program: Program, part: ArgumentPlace['part']): readonly (readonly Call[])[] {
  return part === 'setup' ? [program.setup] : program[part];
}

function callAt(program: Program, place: ArgumentPlace): Call {
  return listsOf(program, place.part)[place.list]?.[place.call] ?? { operation: '', args: [] };
}

function withCall(program: Program, place: ArgumentPlace, call: Call): Program {
  const lists = listsOf(program, place.part);
  const list = replaced(lists[place.list] ?? [], place.call, call);
  if (place.part === 'setup') return { ...program, setup: list };
  return { ...program, [place.part]: replaced(lists, place.list, list) };
}
