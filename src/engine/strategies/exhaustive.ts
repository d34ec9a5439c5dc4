import type { DecisionSource } from '../decisions.ts';
import { EngineError } from '../errors.ts';

/**
 * Every execution of a small program, by stateless depth-first search (Godefroid, "VeriSoft", POPL 1997, without
 * its reductions): each execution repeats the answers of the one before up to the last one that has an untried
 * alternative, takes that, and goes on calmly. Use it as
 *
 *     do machine.run(program, source); while (source.next());
 *
 * The number of executions grows with the factorial of that of accesses: some ten in all are practical. Answers after
 * the first `bound` of an execution are calm and not varied; `bounded` says whether that has happened.
 */
export class Exhaustive implements DecisionSource {
  readonly everyStep = false;
  readonly #bound: number;
  readonly #answers: number[] = [];
  readonly #options: number[] = [];
  #at = 0;
  /** Executions so far. */
  executions = 0;
  bounded = false;

  constructor(bound = 1_000) {
    this.#bound = bound;
  }

  begin(): void {
    this.#at = 0;
    this.executions++;
  }

  /** Whether this execution has left the answers that it repeats. */
  get fresh(): boolean {
    return this.#at >= this.#answers.length;
  }

  choose(_kind: number, n: number): number {
    const at = this.#at++;
    if (at < this.#answers.length) {
      if (this.#options[at] !== n) {
        throw new EngineError(
          `decision ${at} has ${n} answers where it had ${this.#options[at]}: the model is not deterministic`,
        );
      }
      return this.#answers[at] ?? 0;
    }
    if (at >= this.#bound) {
      if (n > 1) this.bounded = true;
      return 0;
    }
    this.#answers.push(0);
    this.#options.push(n);
    return 0;
  }

  /** Turns to the next execution; false if there is none. */
  next(): boolean {
    // An execution that ended early has not used what its successors may not use either.
    this.#answers.length = Math.min(this.#answers.length, this.#at);
    this.#options.length = this.#answers.length;
    while (this.#answers.length > 0) {
      const last = this.#answers.length - 1;
      this.#answers[last]++;
      if (this.#answers[last] < (this.#options[last] ?? 0)) return true;
      this.#answers.length = last;
      this.#options.length = last;
    }
    return false;
  }
}
