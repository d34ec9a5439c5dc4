import { choiceNames } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';
import type { Machine } from '../machine.ts';
import type { Observer } from '../observer.ts';
import type { BoundProgram } from '../program.ts';

/** Two runs with the same program and decisions differed: the model reads something besides the machine. */
export class NondeterminismError extends Error {
  override name = 'NondeterminismError';
}

/** Records what was asked and answered, as (kind, n, answer). */
class Questions implements DecisionSource {
  readonly everyStep: boolean;
  readonly asked: number[] = [];
  readonly #inner: DecisionSource;

  constructor(inner: DecisionSource) {
    this.#inner = inner;
    this.everyStep = inner.everyStep;
  }
  begin(machine: Machine): void {
    this.asked.length = 0;
    this.#inner.begin(machine);
  }
  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    this.asked.push(kind, n, value);
    return value;
  }
}

/** Gives the recorded answers and checks that the same is asked. */
class SameAgain implements DecisionSource {
  readonly everyStep: boolean;
  readonly #asked: readonly number[];
  #at = 0;

  constructor(asked: readonly number[], everyStep: boolean) {
    this.#asked = asked;
    this.everyStep = everyStep;
  }
  begin(): void {
    this.#at = 0;
  }
  choose(kind: number, n: number): number {
    const at = this.#at;
    this.#at += 3;
    if (this.#asked[at] === kind && this.#asked[at + 1] === n) return this.#asked[at + 2];
    const was =
      at < this.#asked.length ? `${choiceNames[this.#asked[at]]} of ${this.#asked[at + 1]}` : 'nothing';
    throw new NondeterminismError(
      `decision ${at / 3 + 1} was ${was} in the first run and ${choiceNames[kind]} of ${n} in the second`,
    );
  }
  get left(): number {
    return (this.#asked.length - this.#at) / 3;
  }
}

/**
 * Runs a program twice with the same decisions and checks that the runs are bit-identical: the same questions,
 * the same number of steps, the same end and the same words. Returns the end. `observer` follows the second run.
 *
 * @throws NondeterminismError naming the first difference.
 */
export function runTwice(
  machine: Machine,
  program: BoundProgram,
  source: DecisionSource,
  observer: Observer | null = null,
): number {
  const questions = new Questions(source);
  const end = machine.run(program, questions);
  const { steps, violation } = machine;
  const words = machine.words.slice();
  const again = new SameAgain(questions.asked, source.everyStep);
  machine.observer = observer;
  let secondEnd: number;
  try {
    secondEnd = machine.run(program, again);
  } finally {
    machine.observer = null;
  }
  if (again.left !== 0) {
    throw new NondeterminismError(`the second run ended ${again.left} decisions before the first`);
  }
  if (machine.steps !== steps) throw new NondeterminismError(`${steps} accesses, then ${machine.steps}`);
  const judged = violation?.oracle ?? 'no violation';
  const judgedAgain = machine.violation?.oracle ?? 'no violation';
  if (end !== secondEnd || judged !== judgedAgain) {
    throw new NondeterminismError(`the verdict was ${judged}, then ${judgedAgain}`);
  }
  for (let a = 0; a < words.length; a++) {
    if (words[a] === machine.words[a]) continue;
    throw new NondeterminismError(
      `${machine.layout.nameOf(a)} ends as ${words[a]}, then ${machine.words[a]}`,
    );
  }
  return end;
}
