import type { DecisionSource } from '../decisions.ts';

/**
 * Gives recorded answers by their place in the stream, for the process that recorded them: an answer out of
 * range is taken as calm, and so is everything after the last one. What must survive edits of the model is
 * recorded as a `Schedule` instead.
 */
export class Answers implements DecisionSource {
  readonly everyStep = false;
  readonly #answers: ArrayLike<number>;
  #next = 0;

  constructor(answers: ArrayLike<number>) {
    this.#answers = answers;
  }

  begin(): void {
    this.#next = 0;
  }

  choose(_kind: number, n: number): number {
    const value = this.#answers[this.#next++] ?? 0;
    return value < n ? value : 0;
  }
}
