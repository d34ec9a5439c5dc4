import type { DecisionSource } from '../../engine/decisions.ts';
import type { Schedule, Step } from '../../engine/schedule.ts';
import { Answers } from '../../engine/strategies/answers.ts';
import { Describer } from '../../engine/strategies/describe.ts';
import { Follow } from '../../engine/strategies/follow.ts';
import { RandomWalk } from '../../engine/strategies/random.ts';
import { Recorder } from '../../engine/strategies/record.ts';
import type { Size } from '../../targets/target.ts';
import { sameVerdict, type Verdict } from '../case/case.ts';
import { Executor } from '../executor.ts';
import type { Program } from '../program.ts';
import { type Cost, Measure } from './cost.ts';
import { FollowPlaces, type PlacedSchedule, PlaceRecorder } from './places.ts';
import { type SharedWords, Sweep } from './sweep.ts';

/** An execution with the wanted verdict. */
export interface Found {
  readonly answers: readonly number[];
  readonly schedule: PlacedSchedule;
  /** Switches between CPUs that need not be; stale reads, delays and commits; failures, interrupts and choices; steps. */
  readonly cost: Cost;
}

/** What a sweep may run; see `Sweep`. */
export interface SweepBound {
  readonly most: number;
  readonly below: Cost | null;
  readonly shared: SharedWords;
  readonly prefix: readonly number[];
}

/** What a sweep found; if that is nothing, whether it ran all within its bound, and whether a wider one has more. */
export interface Swept {
  readonly found: Found | null;
  readonly complete: boolean;
  readonly more: boolean;
}

/** Where the minimiser tries its candidates; each method returns an execution with the wanted verdict, or null. */
export interface Lab {
  /** Follows a schedule as far as it fits, calmly after it. Commits are named by the addresses of `from`. */
  follow(program: Program, size: Size, schedule: Schedule, from: Size): Found | null;
  /** Follows a schedule by the accesses that ran in its steps, where these are in the program. */
  followPlaces(program: Program, size: Size, schedule: PlacedSchedule, from: Size): Found | null;
  /** Gives recorded answers by their place. */
  answer(program: Program, size: Size, answers: readonly number[]): Found | null;
  /** Random executions until one has the verdict. */
  search(program: Program, size: Size, executions: number): Found | null;
  /** Executions that follow a schedule up to some step, each to another one, and go on at random. */
  searchNear(program: Program, size: Size, schedule: Schedule, from: Size, executions: number): Found | null;
  /** Executions that `Sweep` allows, one after the other, until one has the verdict. */
  sweep(program: Program, size: Size, bound: SweepBound, executions: number): Swept;
  /** Does a search for a program, unless the one at its last time found nothing; else null. */
  tried(program: Program, size: Size, search: () => Found | null): Found | null;
  /** Whether arguments that a smaller machine or a simpler program would need are legal. */
  legal(program: Program, size: Size): boolean;
  /** Names of an operation's parameters. */
  parameters(operation: string, size: Size): readonly string[];
  /** Names of the operations that a program may consist of. */
  operations(size: Size): readonly string[];
  /** Small values that a parameter may have, from 0 on. */
  values(operation: string, parameter: number, size: Size): readonly number[];
  /** Simpler values of an argument, simplest first. */
  simpler(operation: string, parameter: number, value: number, size: Size): readonly number[];
  /** Executions left before the minimiser must be content. */
  readonly budget: number;
}

/** Values that `Lab.values` looks at. */
const SMALL = 8;

/** The lab that runs real machines: one for each size tried. */
export class MachineLab implements Lab {
  budget: number;
  readonly #first: Executor;
  readonly #wanted: Verdict;
  readonly #beat: () => boolean;
  readonly #executors = new Map<string, Executor>();
  /** Programs for which a search has found nothing. */
  readonly #barren = new Set<string>();
  readonly #walk = new RandomWalk('minimise');
  /** Where answers are taken down, execution after execution. */
  readonly #log = new Int32Array(4_096);

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
    const steps = this.#moved(schedule.steps, from, size);
    return this.#try(program, size, new Follow({ before: schedule.before, steps }));
  }

  followPlaces(program: Program, size: Size, schedule: PlacedSchedule, from: Size): Found | null {
    const steps = this.#moved(schedule.steps, from, size);
    return this.#try(program, size, new FollowPlaces({ before: schedule.before, steps }));
  }

  answer(program: Program, size: Size, answers: readonly number[]): Found | null {
    return this.#try(program, size, new Answers(answers));
  }

  search(program: Program, size: Size, executions: number): Found | null {
    return this.#run(program, size, executions, () => this.#walk);
  }

  searchNear(
    program: Program,
    size: Size,
    { before, steps }: Schedule,
    from: Size,
    executions: number,
  ): Found | null {
    const schedule = { before, steps: this.#moved(steps, from, size) };
    const step = (i: number): number => Math.floor((i * steps.length) / executions);
    return this.#run(program, size, executions, i => new Follow(schedule, this.#walk, step(i)));
  }

  sweep(
    program: Program,
    size: Size,
    { most, below, shared, prefix }: SweepBound,
    executions: number,
  ): Swept {
    const executor = this.executor(size);
    const bound = executor.bind(program);
    const sweep = new Sweep(most, below, shared, prefix);
    const recorder = new Recorder(sweep, this.#log);
    for (let left = executions; left > 0 && this.#spend(); left--) {
      if (executor.shows(bound, recorder, this.#wanted)) {
        const found = this.#try(program, size, new Answers(recorder.answers()));
        if (found !== null) return { found, complete: false, more: true };
      }
      if (!sweep.next()) return { found: null, complete: true, more: sweep.forbade };
    }
    return { found: null, complete: false, more: true };
  }

  tried(program: Program, size: Size, search: () => Found | null): Found | null {
    const key = JSON.stringify([program, size]);
    if (this.#barren.has(key)) return null;
    const found = search();
    if (found === null) this.#barren.add(key);
    return found;
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

  operations(size: Size): readonly string[] {
    const { operations } = this.executor(size).model;
    return operations.filter(one => one.interrupt !== true).map(one => one.name);
  }

  values(operation: string, parameter: number, size: Size): readonly number[] {
    const { operations } = this.executor(size).model;
    const arbitrary = operations.find(one => one.name === operation)?.parameters[parameter]?.arbitrary(size);
    const small = Array.from({ length: SMALL }, (_, value) => value);
    return small.filter(value => arbitrary?.canShrinkWithoutContext(value) === true);
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
    const places = new PlaceRecorder(describer);
    const verdict = executor.judge(program, places);
    if (!sameVerdict(verdict, this.#wanted)) return null;
    return {
      answers: [...measure.answers],
      schedule: places.placed(describer.schedule()),
      cost: measure.cost(executor.machine.steps),
    };
  }

  /** Executions under one source after the other, until one has the verdict. */
  #run(
    program: Program,
    size: Size,
    executions: number,
    sourceOf: (i: number) => DecisionSource,
  ): Found | null {
    const executor = this.executor(size);
    const bound = executor.bind(program);
    for (let i = 0; i < executions && this.#spend(); i++) {
      const recorder = new Recorder(sourceOf(i), this.#log);
      if (!executor.shows(bound, recorder, this.#wanted)) continue;
      // An error must be told apart by its text, which takes the slow way.
      const found = this.#try(program, size, new Answers(recorder.answers()));
      if (found !== null) return found;
    }
    return null;
  }

  /** Steps of a machine of another size: a commit is told by the address of its store. */
  #moved<T extends Step>(steps: readonly T[], from: Size, to: Size): readonly T[] {
    if (from === to) return steps;
    const before = this.executor(from).machine.layout;
    const { layout } = this.executor(to).machine;
    return steps.map(step =>
      step.actor === 'commit' ? { ...step, address: layout.find(before.nameOf(step.address)) } : step,
    );
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
