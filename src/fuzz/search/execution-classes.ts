import type { ExecutionClasses } from '../tasks.ts';

/** Counts the executions of a program that differ in the order of their conflicting accesses. */
export class ClassCounter {
  readonly #seen = new Map<number, number>();
  #executions = 0;
  #distinct = 0;
  #once = 0;

  add(order: number): void {
    const times = (this.#seen.get(order) ?? 0) + 1;
    this.#seen.set(order, times);
    this.#executions++;
    if (times === 1) {
      this.#distinct++;
      this.#once++;
    } else if (times === 2) this.#once--;
  }

  /** The next program begins: its executions are told apart among themselves. */
  nextProgram(): void {
    this.#seen.clear();
  }

  counts(): ExecutionClasses {
    return { executions: this.#executions, distinct: this.#distinct, once: this.#once };
  }
}
