import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';

/** Ends an execution after so many steps, and tells of each. */
export class Limited implements DecisionSource {
  readonly everyStep = true;
  readonly #inner: DecisionSource;
  readonly #machine: Machine;
  readonly #limit: number;
  readonly #beat: () => void;
  #steps = 0;

  constructor(inner: DecisionSource, machine: Machine, limit: number, beat: () => void) {
    this.#inner = inner;
    this.#machine = machine;
    this.#limit = limit;
    this.#beat = beat;
  }

  begin(machine: Machine): void {
    this.#steps = 0;
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    if (kind === Choice.Actor) {
      this.#beat();
      if (this.#steps >= this.#limit) throw this.#machine.stop;
      this.#steps++;
    }
    return this.#inner.choose(kind, n);
  }
}
