import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Schedule } from '../../engine/schedule.ts';
import { Answers } from '../../engine/strategies/answers.ts';
import { Describer } from '../../engine/strategies/describe.ts';
import { Follow } from '../../engine/strategies/follow.ts';
import { RandomWalk } from '../../engine/strategies/random.ts';
import { Recorder } from '../../engine/strategies/record.ts';
import type { Size } from '../../targets/target.ts';
import { sameVerdict, type Verdict } from '../case/case.ts';
import { Executor } from '../executor.ts';
import type { Program } from '../program.ts';

/** How far from calm an execution is, most important first; see `lessCost`. */
export type Cost = readonly number[];

/** An execution with the wanted verdict. */
export interface Found {
  readonly answers: readonly number[];
  readonly schedule: Schedule;
  /** Switches between CPUs that need not be; stale reads, delays and commits; failures, interrupts and choices; steps. */
  readonly cost: Cost;
}

/** Where the minimiser tries its candidates; each method returns an execution with the wanted verdict, or null. */
export interface Lab {
  /** Follows a schedule as far as it fits, calmly after it. Commits are named by the addresses of `from`. */
  follow(program: Program, size: Size, schedule: Schedule, from: Size): Found | null;
  /** Gives recorded answers by their place. */
  answer(program: Program, size: Size, answers: readonly number[]): Found | null;
  /** Random executions until one has the verdict. */
  search(program: Program, size: Size, executions: number): Found | null;
  /** Whether arguments that a smaller machine or a simpler program would need are legal. */
  legal(program: Program, size: Size): boolean;
  /** Names of an operation's parameters. */
  parameters(operation: string, size: Size): readonly string[];
  /** Simpler values of an argument, simplest first. */
  simpler(operation: string, parameter: number, value: number, size: Size): readonly number[];
  /** Executions left before the minimiser must be content. */
  readonly budget: number;
}

/** True if `a` is strictly calmer than `b`. */
export function lessCost(a: Cost, b: Cost): boolean {
  for (let i = 0; i < a.length; i++) {
    const [x = 0, y = 0] = [a[i], b[i]];
    if (x !== y) return x < y;
  }
  return false;
}

/** Counts how far from calm the answers of an execution are, and keeps them. */
class Measure implements DecisionSource {
  readonly everyStep: boolean;
  readonly answers: number[] = [];
  readonly #inner: DecisionSource;
  #machine: Machine | null = null;
  #switches = 0;
  #weak = 0;
  #rest = 0;

  constructor(inner: DecisionSource) {
    this.#inner = inner;
    this.everyStep = inner.everyStep;
  }
  begin(machine: Machine): void {
    this.#machine = machine;
    this.answers.length = 0;
    this.#switches = 0;
    this.#weak = 0;
    this.#rest = 0;
    this.#inner.begin(machine);
  }
  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    // `Answers` is not asked at forced steps, so they are left out here too.
    if (kind !== Choice.Actor || n > 1) this.answers.push(value);
    if (value === 0) return 0;
    if (kind === Choice.Actor) {
      const [actor] = this.#machine?.actorAt(value) ?? ['cpu'];
      if (actor === 'cpu') this.#switches++;
      else if (actor === 'commit') this.#weak++;
      else this.#rest++;
    } else if (kind === Choice.Delay || kind === Choice.Stale || kind === Choice.Tlb) this.#weak += value;
    else this.#rest += value;
    return value;
  }
  cost(steps: number): Cost {
    return [this.#switches, this.#weak, this.#rest, steps];
  }
}

/** The lab that runs real machines: one for each size tried. */
export class MachineLab implements Lab {
  budget: number;
  readonly #first: Executor;
  readonly #wanted: Verdict;
  readonly #beat: () => boolean;
  readonly #executors = new Map<string, Executor>();
  readonly #walk = new RandomWalk('minimise');

  /** `beat` is called at every execution and returns false to end early. */
  constructor(executor: Executor, wanted: Verdict, budget: number, beat: () => boolean) {
    this.#first = executor;
    this.#wanted = wanted;
    this.budget = budget;
    this.#beat = beat;
  }

  executor(size: Size): Executor {
    const key = `${size.cpus}/${size.pages}/${size.mms}`;
    let found = this.#executors.get(key);
    if (found === undefined) {
      const { selection, memory } = this.#first;
      found = new Executor(selection, memory, size);
      this.#executors.set(key, found);
    }
    return found;
  }

  follow(program: Program, size: Size, schedule: Schedule, from: Size): Found | null {
    const before = this.executor(from).machine.layout;
    const { layout } = this.executor(size).machine;
    const steps = schedule.steps.map(step =>
      step.actor === 'commit' ? { ...step, address: layout.find(before.nameOf(step.address)) } : step,
    );
    return this.#try(program, size, new Follow({ before: schedule.before, steps }));
  }

  answer(program: Program, size: Size, answers: readonly number[]): Found | null {
    return this.#try(program, size, new Answers(answers));
  }

  search(program: Program, size: Size, executions: number): Found | null {
    const executor = this.executor(size);
    const bound = executor.bind(program);
    const recorder = new Recorder(this.#walk);
    for (let i = 0; i < executions && this.#spend(); i++) {
      if (!executor.shows(bound, recorder, this.#wanted)) continue;
      // An error must be told apart by its text, which takes the slow way.
      const found = this.#try(program, size, new Answers(recorder.answers()));
      if (found !== null) return found;
    }
    return null;
  }

  legal(program: Program, size: Size): boolean {
    const { operations } = this.executor(size).model;
    const lists = [program.setup, ...program.cpus, ...program.interrupts];
    return lists.flat().every(call => {
      const operation = operations.find(one => one.name === call.operation);
      return (
        operation?.parameters.every((one, i) => one.arbitrary(size).canShrinkWithoutContext(call.args[i])) ===
        true
      );
    });
  }

  parameters(operation: string, size: Size): readonly string[] {
    const { operations } = this.executor(size).model;
    return operations.find(one => one.name === operation)?.parameters.map(one => one.name) ?? [];
  }

  simpler(operation: string, parameter: number, value: number, size: Size): readonly number[] {
    const { operations } = this.executor(size).model;
    const arbitrary = operations.find(one => one.name === operation)?.parameters[parameter]?.arbitrary(size);
    if (arbitrary === undefined || !arbitrary.canShrinkWithoutContext(value)) return [];
    const shrunk: number[] = [];
    for (const next of arbitrary.shrink(value, undefined)) if (shrunk.push(next.value) >= 16) break;
    // Some arbitraries shrink only what they drew; what lies toward 0 is tried all the same.
    const toward = [0, value >> 1, value - Math.sign(value)];
    const all = [...new Set([...shrunk, ...toward])];
    return all.filter(v => Math.abs(v) < Math.abs(value) && arbitrary.canShrinkWithoutContext(v));
  }

  #try(program: Program, size: Size, source: DecisionSource): Found | null {
    if (!this.#spend()) return null;
    const executor = this.executor(size);
    const measure = new Measure(source);
    const describer = new Describer(measure);
    const verdict = executor.judge(program, describer);
    if (!sameVerdict(verdict, this.#wanted)) return null;
    return {
      answers: [...measure.answers],
      schedule: describer.schedule(),
      cost: measure.cost(executor.machine.steps),
    };
  }

  /** Takes one execution from the budget; false if there is none left or the user wants an end. */
  #spend(): boolean {
    if (this.budget <= 0 || !this.#beat()) {
      this.budget = 0;
      return false;
    }
    this.budget--;
    return true;
  }
}
