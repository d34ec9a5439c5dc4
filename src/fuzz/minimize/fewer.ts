import type { Size } from '../../targets/target.ts';
import { type Call, callCount, type Program } from '../program.ts';
import { firstShown } from './calmest.ts';
import type { Candidate } from './candidate.ts';
import type { Lab } from './lab.ts';
import { without } from './program.ts';

/** Operations of programs that others are looked for beside: as these stand, and placed otherwise too. */
const MOST = 6;
const MOST_PLACED = 4;
/** Executions of programs that only lack an operation, and of those in which something else differs too. */
const LACKING = 20_000;
const NEAR = 18_000;
/** Values of an argument that are tried. */
const VALUES = 4;

/** A call, and where it stands: on a CPU, or in the setup (-1). */
interface Placed {
  readonly cpu: number;
  readonly call: Call;
}

/**
 * Looks for a program with one operation less, or on fewer CPUs, that is no part of the one at hand: an operation elsewhere,
 * with other arguments, or another in its place. What a crash shows with three operations another two may show as well, and
 * no way leads there by dropping alone. Programs are tried from the nearest on, their executions from the calmest on.
 */
export function fewerOperations(start: Candidate, lab: Lab, sizes: readonly Size[]): Candidate {
  if (callCount(start.program) > MOST) return start;
  return lacking(start, lab, sizes) ?? near(start, lab, sizes) ?? start;
}

/** One that only lacks an operation, the others placed anew; each gets its share of the executions. */
function lacking({ program, size: small }: Candidate, lab: Lab, sizes: readonly Size[]): Candidate | null {
  const count = callCount(program);
  // What runs on one CPU may need an operation less where two can race.
  const size = { ...small, cpus: Math.max(...sizes.map(({ cpus }) => cpus)) };
  if (count < 2 || count > MOST_PLACED) return null;
  const last = Math.max(0, lab.budget - LACKING);
  const programs = [...dropped(program, size)];
  for (const [i, next] of programs.entries()) {
    const share = Math.floor((lab.budget - last) / (programs.length - i));
    const end = lab.budget - share;
    const { found, all } = firstShown(lab, next, size, { executions: Math.ceil(share / 4) });
    const shown = found ?? (all ? null : lab.search(next, size, lab.budget - end));
    if (shown !== null) return { program: next, size, found: shown };
  }
  return null;
}

/** One in which a call differs too; the passes widen what differs, and how far from calm its execution may be. */
function near({ program }: Candidate, lab: Lab, sizes: readonly Size[]): Candidate | null {
  const few = callCount(program) <= MOST_PLACED;
  const passes = [
    { isPlaced: false, same: true, most: 1, sweep: 60 },
    { isPlaced: false, same: false, most: 1, sweep: 60 },
    { isPlaced: true, same: true, most: 1, sweep: 60 },
    { isPlaced: false, same: true, most: 2, sweep: 400 },
    { isPlaced: true, same: false, most: 1, sweep: 60 },
    { isPlaced: true, same: true, most: 2, sweep: 400 },
    { isPlaced: true, same: false, most: 2, sweep: 400 },
  ];
  const last = Math.max(0, lab.budget - NEAR);
  for (const { isPlaced, same, most, sweep } of passes) {
    for (const size of !isPlaced || few ? sizes : []) {
      for (const next of exchanged(program, size, lab, same, isPlaced)) {
        if (lab.budget <= last) return null;
        const executions = Math.min(sweep, lab.budget - last);
        const { found } = firstShown(lab, next, size, { executions, most });
        if (found !== null) return { program: next, size, found };
      }
    }
  }
  return null;
}

/** Programs that lack one operation, in every way in which the others stand on two CPUs. */
function* dropped(program: Program, size: Size): Generator<Program> {
  const calls = callsOf(program);
  const seen = new Set<string>();
  for (let i = 0; i < calls.length; i++) {
    for (const next of onTwoCpus(without(calls, i), program, size)) {
      const key = JSON.stringify(next.cpus);
      if (!seen.has(key)) yield next;
      seen.add(key);
    }
  }
}

/**
 * Programs with one call changed, its arguments only (`same`) or its operation too, that lack another call, or stand on one
 * CPU instead of two.
 */
function* exchanged(
  program: Program,
  size: Size,
  lab: Lab,
  same: boolean,
  isPlaced: boolean,
): Generator<Program> {
  const calls = callsOf(program);
  const own = [...new Set(calls.map(({ call }) => call.operation))];
  // With one operation left all those of the model are worth a try.
  const others = calls.length === 2 ? lab.operations(size) : own;
  const changed = function* (rest: readonly Placed[]): Generator<readonly Placed[]> {
    for (const [at, { cpu, call }] of rest.entries()) {
      for (const operation of same ? [call.operation] : others) {
        if (!same && operation === call.operation) continue;
        for (const args of argumentsOf(operation, size, lab)) {
          if (same && args.join() === call.args.join()) continue;
          yield rest.map((one, i) => (i === at ? { cpu, call: { operation, args } } : one));
        }
      }
    }
  };
  for (let i = 0; i < calls.length; i++) {
    for (const next of changed(without(calls, i))) {
      if (isPlaced) yield* onTwoCpus(next, program, size);
      else yield built(next, program, size);
    }
  }
  const busy = program.cpus.filter(list => list.length > 0);
  if (isPlaced || busy.length < 2) return;
  for (const next of changed(calls))
    yield built(
      next.map(one => ({ ...one, cpu: 0 })),
      program,
      size,
    );
}

/** Setup first, then CPU by CPU. */
function callsOf({ setup, cpus }: Program): readonly Placed[] {
  return [
    ...setup.map(call => ({ cpu: -1, call })),
    ...cpus.flatMap((list, cpu) => list.map(call => ({ cpu, call }))),
  ];
}

function built(calls: readonly Placed[], { interrupts }: Program, { cpus }: Size): Program {
  const on = (cpu: number): readonly Call[] => calls.filter(one => one.cpu === cpu).map(({ call }) => call);
  return { setup: on(-1), cpus: Array.from({ length: cpus }, (_, cpu) => on(cpu)), interrupts };
}

/** Calls in their order on two CPUs, the first one on CPU 0: none in the setup, whose end may matter. */
function* onTwoCpus(calls: readonly Placed[], program: Program, size: Size): Generator<Program> {
  const ways = size.cpus < 2 ? 1 : 1 << (calls.length - 1);
  for (let way = 0; way < ways; way++) {
    const placed = calls.map(({ call }, i) => ({ call, cpu: i === 0 ? 0 : (way >> (i - 1)) & 1 }));
    yield built(placed, program, size);
  }
}

/** Arguments of an operation, each of few values. */
function* argumentsOf(operation: string, size: Size, lab: Lab): Generator<readonly number[]> {
  const values = lab
    .parameters(operation, size)
    .map((_, i) => lab.values(operation, i, size).slice(0, VALUES));
  const from = function* (at: number): Generator<readonly number[]> {
    if (at === values.length) yield [];
    for (const value of values[at] ?? []) for (const rest of from(at + 1)) yield [value, ...rest];
  };
  yield* from(0);
}
