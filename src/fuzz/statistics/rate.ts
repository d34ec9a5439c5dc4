/** Seconds over which the recent rate is taken. */
const WINDOW = 60;

/** How many executions a second, since the start and lately. Times are seconds of a clock that never jumps. */
export class Rate {
  readonly #samples: { readonly at: number; readonly count: number }[] = [];
  readonly #first: { readonly at: number; readonly count: number };

  constructor(at: number, count: number) {
    this.#first = { at, count };
    this.#samples.push(this.#first);
  }

  /** At most one sample a second is kept. */
  sample(at: number, count: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < 1) return;
    this.#samples.push({ at, count });
    while ((this.#samples[1]?.at ?? at) <= at - WINDOW) this.#samples.shift();
  }

  overall(at: number, count: number): number {
    return per(count - this.#first.count, at - this.#first.at);
  }

  lately(at: number, count: number): number {
    const [oldest = this.#first] = this.#samples;
    return per(count - oldest.count, at - oldest.at);
  }
}

function per(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}
