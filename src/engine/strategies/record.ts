import { Choice } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';
import type { Machine } from '../machine.ts';

/**
 * Records the answers of another source. The log is an Int32Array that grows; it may start as a view of shared
 * memory, so that another thread can read how far an execution came that never ends.
 */
export class Recorder implements DecisionSource {
  readonly everyStep: boolean;
  readonly #inner: DecisionSource;
  readonly #length: Int32Array;
  #log: Int32Array;
  #count = 0;

  /** `length[0]` is kept at the number of answers in `log`. */
  constructor(
    inner: DecisionSource,
    log: Int32Array = new Int32Array(1024),
    length: Int32Array = new Int32Array(1),
  ) {
    this.#inner = inner;
    this.#log = log;
    this.#length = length;
    this.everyStep = inner.everyStep;
  }

  begin(machine: Machine): void {
    this.#count = 0;
    this.#length[0] = 0;
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    // Forced steps are not written down: `Answers` is not asked for them.
    if (n === 1 && kind === Choice.Actor) return value;
    if (this.#count === this.#log.length) {
      const larger = new Int32Array(2 * this.#log.length);
      larger.set(this.#log);
      this.#log = larger;
    }
    this.#log[this.#count] = value;
    this.#length[0] = ++this.#count;
    return value;
  }

  /** A copy of the answers of the last execution. */
  answers(): Int32Array {
    return this.#log.slice(0, this.#count);
  }
}
