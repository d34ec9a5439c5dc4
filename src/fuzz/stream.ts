import fc from 'fast-check';
import seedrandom from 'seedrandom';

/** The generator that fast-check draws from. */
interface Rng {
  clone(): Rng;
  next(): number;
  getState(): readonly number[];
}

/** A reproducible stream of random numbers (alea) named by a text; fast-check draws from the same stream. */
export class Stream {
  readonly fc: fc.Random;
  readonly #random: seedrandom.PRNG;

  constructor(name: string) {
    const random = seedrandom.alea(name);
    this.#random = random;
    // fast-check copies the generator it is given; the copy must go on with the same stream.
    const rng: Rng = { clone: () => rng, next: () => random.int32(), getState: () => [] };
    this.fc = new fc.Random(rng);
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return (this.#random() * n) | 0;
  }

  /** An index drawn with probability in proportion to its weight. */
  weighted(weights: readonly number[]): number {
    let r = this.#random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < weights.length; i++) {
      r -= weights[i] ?? 0;
      if (r < 0) return i;
    }
    return weights.length - 1;
  }
}
