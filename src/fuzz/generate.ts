import type fc from 'fast-check';
import { EngineError, UsageError } from '../engine/errors.ts';
import type { Model, Operation, Parameter, Size } from '../targets/target.ts';
import { unknownName } from './names.ts';
import type { Call, Program } from './program.ts';
import type { Stream } from './stream.ts';
import { thrownText } from './thrown.ts';

/** How often a program has 0, 1, 2, 3 operations of setup, and 1, 2, 3 on a CPU. Small programs race most. */
const SETUP_WEIGHTS = [2, 2, 1.5, 1];
const CPU_WEIGHTS = [4, 3, 1.5];
/** How often a CPU may take an interrupt, where the target has handlers. */
const INTERRUPT_WEIGHTS = [2, 1];
/** How often a program draws from all operations, and how often from a random half of them. */
const SWARM_WEIGHTS = [1, 2];
/** How often an argument that is worth agreeing on is that of the program, and how often its own. */
const FOCUS_WEIGHTS = [4, 1];

/** The operations that programs are drawn from: those named, or all but those that are drawn only if they are. */
export function drawnOperations({ operations }: Model, only: readonly string[]): readonly Operation[] {
  return operations.filter(({ name, weight = 1 }) => (only.length > 0 ? only.includes(name) : weight > 0));
}

/** Draws programs of a model's operations, whose arguments come from the arbitraries they declare. */
export class ProgramGenerator {
  readonly #size: Size;
  readonly #scheduled: readonly Operation[];
  readonly #handlers: readonly Operation[];
  readonly #parameters: ReadonlyMap<string, readonly Parameter[]>;
  readonly #draw: ReadonlyMap<string, (stream: Stream, home: Map<string, number>) => readonly number[]>;

  /** @throws UsageError if `only` names an operation that the model lacks, or leaves nothing to run. */
  constructor(model: Model, size: Size, only: readonly string[] = []) {
    const known = model.operations.map(operation => operation.name);
    for (const name of only) {
      if (!known.includes(name)) throw new UsageError(`--ops: ${unknownName('operation', name, known)}`);
    }
    const chosen = drawnOperations(model, only);
    this.#size = size;
    this.#scheduled = chosen.filter(operation => operation.interrupt !== true);
    this.#handlers = chosen.filter(operation => operation.interrupt === true);
    if (this.#scheduled.length === 0) {
      throw new UsageError(
        only.length > 0
          ? '--ops: only interrupt handlers are named; name an operation that a CPU can run as well'
          : 'the model has no operation that a CPU can run: all are interrupt handlers, or have no weight',
      );
    }
    this.#parameters = new Map(chosen.map(({ name, parameters }) => [name, parameters]));
    this.#draw = new Map(
      chosen.map(operation => {
        const parameters = operation.parameters.map(parameter => {
          return { ...parameter, from: arbitraryOf(operation, parameter, size) };
        });
        return [
          operation.name,
          (stream, home) =>
            parameters.map(({ name, focus, from }) => {
              const value = drawn(operation, name, from, stream);
              if (focus !== true) return value;
              const common = home.get(name);
              if (common === undefined) home.set(name, value);
              return common === undefined || stream.weighted(FOCUS_WEIGHTS) === 1 ? value : common;
            }),
        ];
      }),
    );
  }

  draw(stream: Stream): Program {
    const home = new Map<string, number>();
    const swarm = this.#swarm(stream);
    const setup = this.#calls(stream, home, this.#scheduled, stream.weighted(SETUP_WEIGHTS));
    const cpus = Array.from({ length: this.#size.cpus }, () =>
      this.#calls(stream, home, swarm, 1 + stream.weighted(CPU_WEIGHTS)),
    );
    const interrupts =
      this.#handlers.length === 0
        ? []
        : cpus.map(() => this.#calls(stream, home, this.#handlers, stream.weighted(INTERRUPT_WEIGHTS)));
    return { setup, cpus, interrupts };
  }

  /**
   * A program in the form that `draw` gives: with a list of interrupts for each CPU, also where all are empty, if there
   * are handlers. Case files leave empty ones out, and a program from a file must have the children it would have had.
   */
  complete(program: Program): Program {
    const { cpus, interrupts } = program;
    const some = this.#handlers.length > 0 || interrupts.some(list => list.length > 0);
    return { ...program, interrupts: some ? cpus.map((_, cpu) => interrupts[cpu] ?? []) : [] };
  }

  /** The values that a program's operations agree on, as far as they do: those of its first operation that has them. */
  homeOf(program: Program): Map<string, number> {
    const home = new Map<string, number>();
    for (const call of [...program.setup, ...program.cpus.flat()]) {
      for (const [i, { name, focus }] of (this.#parameters.get(call.operation) ?? []).entries()) {
        if (focus === true && !home.has(name)) home.set(name, call.args[i] ?? 0);
      }
    }
    return home;
  }

  /** One operation with arguments for a list of a program; null if there are no interrupt handlers to draw. */
  drawCall(stream: Stream, home: Map<string, number>, handler = false): Call | null {
    const from = handler ? this.#handlers : this.#scheduled;
    return from.length === 0 ? null : (this.#calls(stream, home, from, 1)[0] ?? null);
  }

  /** The same operation with one argument drawn anew; the call itself if it has none. */
  redrawArgument(stream: Stream, { operation, args }: Call): Call {
    const drawn = this.#draw.get(operation)?.(stream, new Map()) ?? [];
    const at = stream.below(args.length);
    return { operation, args: args.map((value, i) => (i === at ? (drawn[i] ?? value) : value)) };
  }

  /** Swarm testing (Groce et al., ISSTA 2012): leaving operations out lets the others meet more often. */
  #swarm(stream: Stream): readonly Operation[] {
    if (stream.weighted(SWARM_WEIGHTS) === 0) return this.#scheduled;
    const some = this.#scheduled.filter(() => stream.weighted([1, 1]) === 1);
    return some.length > 0 ? some : this.#scheduled;
  }

  #calls(
    stream: Stream,
    home: Map<string, number>,
    from: readonly Operation[],
    count: number,
  ): readonly Call[] {
    // An operation named by --ops is wanted even where its weight says "only if named".
    const weights = from.map(operation => operation.weight || 1);
    return Array.from({ length: count }, () => {
      const operation = from[stream.weighted(weights)];
      return { operation: operation.name, args: this.#draw.get(operation.name)?.(stream, home) ?? [] };
    });
  }
}

function arbitraryOf(operation: Operation, parameter: Parameter, size: Size): fc.Arbitrary<number> {
  const where = `${operation.name}: ${parameter.name}: its arbitrary`;
  let arbitrary: fc.Arbitrary<number> | undefined;
  try {
    arbitrary = parameter.arbitrary(size);
  } catch (error) {
    throw new EngineError(`${where} cannot be made: ${thrownText(error)}`);
  }
  if (typeof arbitrary?.generate === 'function') return arbitrary;
  throw new EngineError(`${where} is none of fast-check`);
}

/** A value for a parameter: the engine has words of 32 bits, and case files whole numbers. */
function drawn(operation: Operation, name: string, from: fc.Arbitrary<number>, stream: Stream): number {
  const where = `${operation.name}: ${name}: its arbitrary`;
  let value: number;
  try {
    ({ value } = from.generate(stream.fc, undefined));
  } catch (error) {
    throw new EngineError(`${where} fails: ${thrownText(error)}`);
  }
  if (value !== (value | 0)) {
    throw new EngineError(`${where} gives ${String(value)}, which is no whole number of 32 bits`);
  }
  // Else the case could be written, and never read.
  if (from.canShrinkWithoutContext(value)) return value;
  throw new EngineError(
    `${where} does not know its own ${value} again; what is mapped needs the second function of map()`,
  );
}
