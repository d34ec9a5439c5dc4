import { EngineError } from '../../engine/errors.ts';
import type { Model, Operation, Size } from '../../targets/target.ts';
import type { Call, Program } from '../program.ts';

/** Which programs a proof is about: one operation on each CPU, after a setup of at most so many. */
export interface ProgramBound {
  readonly setup: number;
}

/** Values of a parameter are looked for from 0 up to this. */
const MAX_VALUE = 64;

/**
 * Every operation that CPUs may be given, with every tuple of arguments that is legal on this machine.
 *
 * @throws EngineError if the values of a parameter cannot all be listed: a proof without some of them would be none.
 */
export function allCalls(model: Model, size: Size, only: readonly string[]): readonly Call[] {
  const chosen = model.operations.filter(
    one => one.interrupt !== true && (only.length > 0 ? only.includes(one.name) : (one.weight ?? 1) > 0),
  );
  return chosen.flatMap(one => tuples(one, size).map(args => ({ operation: one.name, args })));
}

/** The values of a parameter are those that its arbitrary would shrink, as a file's are checked. */
function tuples(operation: Operation, size: Size): readonly (readonly number[])[] {
  return operation.parameters.reduce<readonly (readonly number[])[]>(
    (prefixes, parameter) => {
      const arbitrary = parameter.arbitrary(size);
      const values = Array.from({ length: MAX_VALUE }, (_, v) => v).filter(v =>
        arbitrary.canShrinkWithoutContext(v),
      );
      if (values.length === 0 || [-1, MAX_VALUE].some(v => arbitrary.canShrinkWithoutContext(v))) {
        throw new EngineError(
          `${operation.name}: ${parameter.name}: a proof needs values from 0 to ${MAX_VALUE - 1} that its arbitrary knows`,
        );
      }
      return prefixes.flatMap(prefix => values.map(value => [...prefix, value]));
    },
    [[]],
  );
}

/** How many programs `programAt` counts; CPUs are told apart, as the setup runs on the first. */
export function programCount(calls: readonly Call[], cpus: number, { setup }: ProgramBound): number {
  let setups = 0;
  for (let length = 0; length <= setup; length++) setups += calls.length ** length;
  return setups * calls.length ** cpus;
}

/** The program with a number, short setups first. */
export function programAt(calls: readonly Call[], cpus: number, number: number): Program {
  const n = calls.length;
  const digits = (value: number, count: number): readonly Call[] =>
    Array.from({ length: count }, (_, i) => calls[Math.floor(value / n ** i) % n]);
  const perSetup = n ** cpus;
  let rest = Math.floor(number / perSetup);
  let length = 0;
  while (rest >= n ** length) {
    rest -= n ** length;
    length++;
  }
  return {
    setup: digits(rest, length),
    cpus: digits(number % perSetup, cpus).map(call => [call]),
    interrupts: [],
  };
}
