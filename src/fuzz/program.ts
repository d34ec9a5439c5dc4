import { type Code, type Frame, isCode } from '../engine/access.ts';
import type { Cpu } from '../engine/cpu.ts';
import { DivergenceError, EngineError, ExecutionStop } from '../engine/errors.ts';
import type { BoundOperation, BoundProgram } from '../engine/program.ts';
import type { Model, Operation, Size } from '../targets/target.ts';
import { thrownText } from './thrown.ts';

/** An operation with its arguments, by name. */
export interface Call {
  readonly operation: string;
  readonly args: readonly number[];
}

/** The operations of an execution with their arguments, a list for each CPU. */
export interface Program {
  readonly setup: readonly Call[];
  readonly cpus: readonly (readonly Call[])[];
  readonly interrupts: readonly (readonly Call[])[];
}

/** What a program runs on. */
export interface MachineSpec {
  readonly memory: string;
  readonly size: Size;
}

/** A model that threw: a fault of the model, not a finding about the kernel. */
export class ModelError extends Error {
  override name = 'ModelError';
  readonly operation: string;
  constructor(operation: string, message: string, cause: unknown) {
    super(message, { cause });
    this.operation = operation;
  }
}

/** Looks operations up by name, once per model. */
export class Binder {
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(model: Model) {
    this.#operations = new Map(model.operations.map(operation => [operation.name, operation]));
  }

  /** With `named`, what an operation throws becomes a `ModelError` that names it; costs a call for each access. */
  bind(program: Program, named = false): BoundProgram {
    const list = (calls: readonly Call[]): readonly BoundOperation[] =>
      calls.map(call => this.#bind(call, named));
    return {
      setup: list(program.setup),
      cpus: program.cpus.map(list),
      interrupts: program.interrupts.map(list),
    };
  }

  #bind({ operation: name, args }: Call, named: boolean): BoundOperation {
    const operation = this.#operations.get(name);
    if (operation === undefined) throw new EngineError(`the model has no operation ${name}`);
    // Each operation is an object of its own kind: what it runs is looked up here, once.
    const { run } = operation;
    const start = (cpu: Cpu): Code => run.call(operation, cpu, args);
    return { name, args, start: named ? cpu => naming(name, start, cpu) : start };
  }
}

/** What an operation throws comes here as to any caller: built models are no generators, so they are yielded, not `yield*`ed. */
function* naming(name: string, start: (cpu: Cpu) => Code, cpu: Cpu): Frame {
  try {
    const code: unknown = start(cpu);
    if (!isCode(code)) throw new EngineError('run() gives no generator: is it a function*?');
    return yield code;
  } catch (error) {
    if (error instanceof ExecutionStop || error instanceof DivergenceError) throw error;
    throw new ModelError(name, thrownText(error), error);
  }
}

/** Operations of a program, setup and interrupts included. */
export function callCount(program: Program): number {
  const lists = [program.setup, ...program.cpus, ...program.interrupts];
  return lists.reduce((sum, list) => sum + list.length, 0);
}
