import type { HistoryView } from './snapshot.ts';

/** Seconds that are kept. */
const KEPT = 180;

/** Gains of running totals in each of the last seconds. Times are seconds of a clock that never jumps. */
export class Seconds {
  readonly #kept: number;
  readonly #gains: (readonly number[])[] = [];
  #at = 0;
  #totals: readonly number[] | null = null;

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  /** To be called about once a second; a second that was missed shares the gains of the next. */
  sample(at: number, totals: readonly number[]): void {
    const before = this.#totals;
    const took = at - this.#at;
    if (before !== null && took < 0.9) return;
    this.#at = at;
    this.#totals = [...totals];
    if (before === null) return;
    const gains = totals.map((total, i) => Math.max(0, total - (before[i] ?? 0)) / took);
    for (let i = 0; i < Math.min(this.#kept, Math.round(took)); i++) this.#gains.push(gains);
    while (this.#gains.length > this.#kept) this.#gains.shift();
  }

  /** Gains a second of one total, oldest first. */
  of(total: number): readonly number[] {
    return this.#gains.map(gains => round(gains[total] ?? 0));
  }

  /** Mean of the last few seconds. */
  lately(total: number, seconds: number): number {
    const last = this.#gains.slice(-seconds);
    return last.length === 0
      ? 0
      : round(last.reduce((sum, gains) => sum + (gains[total] ?? 0), 0) / last.length);
  }
}

/** Executions, accesses and new features of the campaign, second by second. */
export class History {
  readonly #seconds = new Seconds();

  sample(at: number, executions: number, accesses: number, features: number): void {
    this.#seconds.sample(at, [executions, accesses, features]);
  }

  view(): HistoryView {
    return {
      executionsPerSecond: this.#seconds.of(0),
      accessesPerSecond: this.#seconds.of(1),
      newFeatures: this.#seconds.of(2),
    };
  }
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
