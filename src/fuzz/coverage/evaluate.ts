import type { DecisionSource } from '../../engine/decisions.ts';
import { Describer } from '../../engine/strategies/describe.ts';
import { Follow } from '../../engine/strategies/follow.ts';
import { Recorder } from '../../engine/strategies/record.ts';
import type { Operation, Size } from '../../targets/target.ts';
import type { Case, Verdict } from '../case/case.ts';
import { parseSchedule } from '../case/schedule-text.ts';
import type { Executor } from '../executor.ts';
import { unknownName } from '../names.ts';
import type { Call, Program } from '../program.ts';
import { Coverage } from './coverage.ts';
import { CoverageMap } from './map.ts';

/** What a case shows on the machine of a job. */
export interface Evaluated {
  /** The case as it runs there: another design, size or version may have made another schedule of it. */
  readonly case: Case;
  readonly answers: Int32Array;
  /** All features that it shows; none if it ended early. */
  readonly features: readonly number[];
  readonly accesses: number;
  /** The oracle's message, if it ends in a violation. */
  readonly message: string;
}

/** What the execution of a case shows. */
export interface Shown {
  readonly isClean: boolean;
  /** All features that it shows; none if it ended early. */
  readonly features: readonly number[];
  readonly accesses: number;
}

/** Tells the features of single executions: cases of the queue, of other instances, of a folder of cases. */
export class Evaluator {
  readonly #executor: Executor;
  readonly #map = new CoverageMap();
  readonly #coverage: Coverage;

  constructor(executor: Executor) {
    this.#executor = executor;
    this.#coverage = new Coverage(executor.machine, executor.model, this.#map);
  }

  /** Runs a case once, nothing of which is written down; a text says why it does not fit this machine. */
  show(one: Case): Shown | string {
    const fit = this.#fit(one);
    if (typeof fit === 'string') return fit;
    const { verdict, features } = this.#run(fit.program, fit.source);
    return { isClean: verdict.verdict === 'clean', features, accesses: this.#executor.machine.steps };
  }

  /** The same with the case as it runs here. */
  evaluate(one: Case): Evaluated | string {
    const fit = this.#fit(one);
    if (typeof fit === 'string') return fit;
    const { machine } = this.#executor;
    const recorder = new Recorder(fit.source);
    const describer = new Describer(recorder);
    const { verdict, features } = this.#run(fit.program, describer);
    return {
      case: this.#executor.toCase(fit.program, describer.schedule(), verdict),
      answers: recorder.answers(),
      features,
      accesses: machine.steps,
      message: machine.violation?.message ?? '',
    };
  }

  #fit(one: Case): { readonly program: Program; readonly source: Follow } | string {
    const { machine, model, size } = this.#executor;
    const program = fitted(one.program, size);
    const problem = program === null ? 'it needs a larger machine' : misfit(program, model.operations, size);
    if (program === null || problem !== null) return problem ?? '';
    try {
      return { program, source: new Follow(parseSchedule(one.schedule, name => machine.layout.find(name))) };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #run(program: Program, source: DecisionSource): { verdict: Verdict; features: readonly number[] } {
    const coverage = this.#coverage;
    coverage.forget();
    coverage.begin();
    const verdict = this.#executor.judge(program, source, coverage.log);
    const features = verdict.verdict === 'clean' ? coverage.look() : [];
    // All that the map has is of this execution.
    this.#map.drop(features);
    return { verdict, features };
  }
}

/** The program for a machine with at least as many CPUs; null if there are fewer. */
function fitted({ setup, cpus, interrupts }: Program, size: Size): Program | null {
  const used = cpus.findLastIndex(list => list.length > 0) + 1;
  if (used > size.cpus) return null;
  return {
    setup,
    cpus: Array.from({ length: size.cpus }, (_, i) => cpus[i] ?? []),
    interrupts: interrupts.slice(0, size.cpus),
  };
}

/** Why a program cannot run with these operations; null if it can. */
function misfit(program: Program, operations: readonly Operation[], size: Size): string | null {
  const known = new Map(operations.map(one => [one.name, one]));
  const check = (call: Call, handler: boolean): string | null => {
    const operation = known.get(call.operation);
    if (operation === undefined) return unknownName('operation', call.operation, [...known.keys()]);
    if ((operation.interrupt === true) !== handler)
      return `${call.operation} is not called like this any more`;
    const wrong = operation.parameters.findIndex(
      (one, i) => !one.arbitrary(size).canShrinkWithoutContext(call.args[i]),
    );
    if (wrong < 0 && operation.parameters.length === call.args.length) return null;
    return `${call.operation}: ${operation.parameters[wrong]?.name ?? 'an argument'} is out of range for this machine`;
  };
  for (const call of [program.setup, ...program.cpus].flat()) {
    const problem = check(call, false);
    if (problem !== null) return problem;
  }
  for (const call of program.interrupts.flat()) {
    const problem = check(call, true);
    if (problem !== null) return problem;
  }
  return null;
}
