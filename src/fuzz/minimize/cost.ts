import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';

/** How far from calm an execution is, most important first; see `lessCost`. */
export type Cost = readonly number[];

/** True if `a` is strictly calmer than `b`. */
export function lessCost(a: Cost, b: Cost): boolean {
  for (let i = 0; i < a.length; i++) {
    const [x = 0, y = 0] = [a[i], b[i]];
    if (x !== y) return x < y;
  }
  return false;
}

/** Counts how far from calm the answers of an execution are, and keeps them. */
export class Measure implements DecisionSource {
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
