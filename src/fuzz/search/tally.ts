import type { StrategyYield } from '../tasks.ts';

/** Counts what each strategy has brought. */
export class Tally {
  readonly #of = new Map<string, { schedules: number; newFeatures: number }>();

  add(strategy: string, newFeatures: number): void {
    let one = this.#of.get(strategy);
    if (one === undefined) {
      one = { schedules: 0, newFeatures: 0 };
      this.#of.set(strategy, one);
    }
    one.schedules++;
    one.newFeatures += newFeatures;
  }

  yields(): readonly StrategyYield[] {
    return [...this.#of].map(([strategy, counts]) => ({ strategy, ...counts }));
  }
}
