/** Seconds over which recent figures are taken. */
const WINDOW = 60;

/**
 * What running totals have gained lately: totals are sampled at most once a second, and the oldest sample within the
 * window is what they are compared with. Times are seconds of a clock that never jumps.
 */
export class Recent {
  readonly #samples: { readonly at: number; readonly totals: readonly number[] }[] = [];

  sample(at: number, totals: readonly number[]): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < 1) return;
    this.#samples.push({ at, totals: [...totals] });
    while ((this.#samples[1]?.at ?? at) <= at - WINDOW) this.#samples.shift();
  }

  /** Gains of each total within the window; a total that is younger counts in whole. */
  gains(totals: readonly number[]): readonly number[] {
    const oldest = this.#samples[0]?.totals ?? totals;
    return totals.map((total, i) => total - (oldest[i] ?? 0));
  }
}
