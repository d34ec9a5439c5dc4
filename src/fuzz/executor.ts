import type { DecisionSource } from '../engine/decisions.ts';
import { DivergenceError, UsageError } from '../engine/errors.ts';
import { Machine } from '../engine/machine.ts';
import { isMemoryName, type MemoryName, memoryModels, memoryNames } from '../engine/memory/index.ts';
import type { Observer } from '../engine/observer.ts';
import { type BoundProgram, End } from '../engine/program.ts';
import type { Schedule } from '../engine/schedule.ts';
import { Answers } from '../engine/strategies/answers.ts';
import { Describer } from '../engine/strategies/describe.ts';
import type { Model, Size } from '../targets/target.ts';
import { type Case, sameVerdict, type Verdict } from './case/case.ts';
import { formatSchedule } from './case/schedule-text.ts';
import { unknownName } from './names.ts';
import { Binder, ModelError, type Program } from './program.ts';
import type { Selection } from './selection.ts';
import { signatureOf } from './signature.ts';
import { thrownText } from './thrown.ts';

/** A machine with the model of one design on it; runs programs under decision sources. */
export class Executor {
  readonly selection: Selection;
  readonly memory: MemoryName;
  readonly size: Size;
  readonly model: Model;
  readonly machine: Machine;
  readonly #binder: Binder;

  constructor(selection: Selection, memory: MemoryName, size: Size) {
    this.selection = selection;
    this.memory = memory;
    this.size = size;
    this.model = selection.target.build(selection.settings, size);
    this.machine = new Machine(this.model.layout, { cpus: size.cpus, memory: memoryModels[memory] });
    this.model.attach(this.machine);
    this.#binder = new Binder(this.model);
  }

  bind(program: Program): BoundProgram {
    return this.#binder.bind(program);
  }

  /** Runs to the end and says how it is judged; what the model throws is a verdict of its own. */
  judge(program: Program, source: DecisionSource, observer: Observer | null = null): Verdict {
    this.machine.observer = observer;
    try {
      return this.verdictOf(this.machine.run(this.#binder.bind(program, true), source));
    } catch (error) {
      if (error instanceof DivergenceError || error instanceof UsageError) throw error;
      return { verdict: 'error', message: faultText(error) };
    } finally {
      this.machine.observer = null;
    }
  }

  /**
   * Whether an execution is judged as wanted; as `judge`, but several times faster where most are not. An error of
   * the model counts as any other: its text is known to `judge` only.
   */
  shows(bound: BoundProgram, source: DecisionSource, wanted: Verdict): boolean {
    try {
      return sameVerdict(this.verdictOf(this.machine.run(bound, source)), wanted);
    } catch {
      return wanted.verdict === 'error';
    }
  }

  /** The verdict of the execution that `machine.run` has just ended with `end`. */
  verdictOf(end: number): Verdict {
    const { violation } = this.machine;
    if (end !== End.Violation || violation === null) return { verdict: 'clean' };
    return { verdict: 'violation', signature: signatureOf(violation) };
  }

  /** What recorded answers mean, and how they are judged when given again. */
  describe(program: Program, answers: ArrayLike<number>): { schedule: Schedule; verdict: Verdict } {
    const describer = new Describer(new Answers(answers));
    const verdict = this.judge(program, describer);
    return { schedule: describer.schedule(), verdict };
  }

  toCase(program: Program, schedule: Schedule, expect: Verdict): Case {
    const { target, variant, switches } = this.selection;
    return {
      target: target.name,
      variant: variant.name,
      switches: switches.map(one => one.name),
      memory: this.memory,
      size: this.size,
      program,
      schedule: formatSchedule(schedule, this.machine.layout),
      expect,
    };
  }
}

/** @throws UsageError naming the option. */
export function memoryByName(name: string): MemoryName {
  if (isMemoryName(name)) return name;
  throw new UsageError(`--memory: ${unknownName('memory model', name, memoryNames)}`);
}

/**
 * What a model that threw is reported with: the operation, which engine errors name already. Without one it was thrown
 * outside of operations, as by a final check, or noticed by the engine between their steps.
 */
function faultText(error: unknown): string {
  if (!(error instanceof ModelError)) return thrownText(error);
  const { operation, message } = error;
  return message.startsWith(`${operation}: `) ? message : `${operation}: ${message}`;
}
