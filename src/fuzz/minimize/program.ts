import type { Schedule } from '../../engine/schedule.ts';
import type { Size } from '../../targets/target.ts';
import type { Call, Program } from '../program.ts';
import type { Found, Lab } from './lab.ts';

/** A program that shows the verdict, on a machine, with an execution that does. */
export interface Candidate {
  readonly program: Program;
  readonly size: Size;
  readonly found: Found;
}

/** Random executions spent on a smaller program when the schedule at hand no longer shows the verdict. */
const SEARCH = 1_500;

/** Drops operations one by one, last first, and whole lists before that, as long as the verdict stays. */
export function dropOperations(start: Candidate, lab: Lab): Candidate {
  let best = start;
  for (let again = true; again && lab.budget > 0; ) {
    again = false;
    for (const program of smallerPrograms(best.program)) {
      const next = reproduce(lab, best, program, best.size, best.found.schedule);
      if (next === null) continue;
      best = next;
      again = true;
      break;
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
    const program: Program = {
      setup: best.program.setup,
      cpus: used.map(cpu => best.program.cpus[cpu] ?? []),
      interrupts:
        best.program.interrupts.length === 0 ? [] : used.map(cpu => best.program.interrupts[cpu] ?? []),
    };
    const schedule = renumbered(best.found.schedule, used);
    best = reproduce(lab, best, program, { ...best.size, cpus: used.length }, schedule) ?? best;
  }
  for (const part of ['pages', 'mms'] as const) {
    while (best.size[part] > 1) {
      const size: Size = { ...best.size, [part]: best.size[part] - 1 };
      if (!lab.legal(best.program, size)) break;
      const next = reproduce(lab, best, best.program, size, best.found.schedule);
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
    const next = reproduce(lab, best, program, best.size, best.found.schedule);
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
        const next = reproduce(lab, best, program, best.size, best.found.schedule);
        if (next === null) continue;
        best = next;
        again = true;
        break;
      }
    }
  }
  return best;
}

/** An execution of another program with the verdict, near the best so far or by search; null if there is none. */
export function reproduce(
  lab: Lab,
  best: Candidate,
  program: Program,
  size: Size,
  schedule: Schedule,
): Candidate | null {
  const found =
    lab.follow(program, size, schedule, best.size) ??
    lab.answer(program, size, best.found.answers) ??
    lab.search(program, size, SEARCH);
  return found === null ? null : { program, size, found };
}

/** Programs with fewer operations, the smallest first. */
function* smallerPrograms(program: Program): Generator<Program> {
  const { setup, cpus, interrupts } = program;
  if (setup.length > 1) yield { ...program, setup: [] };
  for (const [cpu, list] of cpus.entries()) {
    if (list.length > 1) yield { ...program, cpus: replaced(cpus, cpu, []) };
  }
  for (let i = setup.length - 1; i >= 0; i--) yield { ...program, setup: without(setup, i) };
  for (const [cpu, list] of interrupts.entries()) {
    for (let i = list.length - 1; i >= 0; i--) {
      yield { ...program, interrupts: replaced(interrupts, cpu, without(list, i)) };
    }
  }
  for (const [cpu, list] of cpus.entries()) {
    for (let i = list.length - 1; i >= 0; i--)
      yield { ...program, cpus: replaced(cpus, cpu, without(list, i)) };
  }
}

export function without<T>(list: readonly T[], at: number): readonly T[] {
  return list.filter((_, i) => i !== at);
}

export function replaced<T>(list: readonly T[], at: number, value: T): readonly T[] {
  return list.map((one, i) => (i === at ? value : one));
}

/** The schedule of a machine that keeps only the CPUs of `used`, which become 0, 1, ... */
function renumbered(schedule: Schedule, used: readonly number[]): Schedule {
  const steps = schedule.steps.flatMap(step => {
    const cpu = used.indexOf(step.cpu);
    return cpu < 0 ? [] : [{ ...step, cpu }];
  });
  return { before: schedule.before, steps };
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
