import { Choice } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';
import { EngineError } from '../errors.ts';
import type { Machine } from '../machine.ts';
import type { Pick, Schedule, Step } from '../schedule.ts';

/** Hears what an execution does while it does it. */
export interface DescribeListener {
  step(step: Step): void;
  pick(pick: Pick): void;
}

/** Wraps a source and writes down what its answers mean: the `Schedule` of the execution, forced steps included. */
export class Describer implements DecisionSource {
  readonly everyStep = true;
  readonly #inner: DecisionSource;
  /** Told of each step and of each answer inside it as they happen: for executions that never end. */
  readonly #listener: DescribeListener | null;
  #machine: Machine | null = null;
  #before: Pick[] = [];
  #steps: { step: Step; picks: Pick[] }[] = [];

  constructor(inner: DecisionSource, listener: DescribeListener | null = null) {
    this.#inner = inner;
    this.#listener = listener;
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#before = [];
    this.#steps = [];
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    // A source that is not asked at forced steps must not see them, or its stream would shift.
    const forced = kind === Choice.Actor && n === 1 && !this.#inner.everyStep;
    const value = forced ? 0 : this.#inner.choose(kind, n);
    if (kind === Choice.Actor) this.#step(value);
    else {
      const last = this.#steps.at(-1);
      (last === undefined ? this.#before : last.picks).push({ kind, value });
      this.#listener?.pick({ kind, value });
    }
    return value;
  }

  /** The schedule of the last execution, or of the present one as far as it went. */
  schedule(): Schedule {
    return {
      before: trimmed(this.#before),
      steps: this.#steps.map(({ step, picks }) => ({ ...step, picks: trimmed(picks) })),
    };
  }

  #step(k: number): void {
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    const [actor, index] = machine.actorAt(k);
    const [cpu, address] = actor === 'commit' ? machine.memory.committable(index) : [index, 0];
    const picks: Pick[] = [];
    const step: Step = { actor, cpu, address, picks };
    this.#steps.push({ step, picks });
    this.#listener?.step(step);
  }
}

/** Leaves out calm answers unless a later answer of the same kind in the same step needs its place kept. */
export function trimmed(picks: readonly Pick[]): readonly Pick[] {
  return picks.filter(
    (pick, i) =>
      pick.value !== 0 || picks.some((later, j) => j > i && later.kind === pick.kind && later.value !== 0),
  );
}
