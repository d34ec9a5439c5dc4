import seedrandom from 'seedrandom';
import { Choice } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';

/** How often a random walk stays on its CPU, delays, reads stale; per execution one row is drawn. */
const moods = [
  { stay: 0, delay: 0.5, stale: 0.5 },
  { stay: 0.5, delay: 0.25, stale: 0.5 },
  { stay: 0.8, delay: 0.5, stale: 0.25 },
  { stay: 0.9, delay: 0.1, stale: 0.1 },
].map(mood => ({ ...mood, scale: 1 / (1 - mood.stay) }));
const FAIL = 0.1;

/**
 * Random walk. Each execution first draws a mood, so that some are calm with few switches and some wild: a plain
 * uniform walk almost never keeps a CPU running through a long stretch (Musuvathi et al. on PCT, ASPLOS 2010,
 * give the reason), and many bugs need that.
 */
export class RandomWalk implements DecisionSource {
  readonly everyStep = false;
  readonly #random: () => number;
  #mood = moods[0];
  /**
   * What comes next of the stream, and where among the actors that lies, 0 to stay. Drawn one decision ahead: the branch on
   * who goes next cannot be predicted, and so it does not wait for the generator as well.
   */
  #drawn = 0;
  #share = 0;

  /** `seed` names the stream; the same seed gives the same decisions. */
  constructor(seed: string) {
    this.#random = seedrandom.alea(seed);
    this.#draw();
  }

  begin(): void {
    this.#mood = moods[(this.#drawn * moods.length) | 0];
    this.#draw();
  }

  choose(kind: number, n: number): number {
    const r = this.#drawn;
    const share = this.#share;
    this.#draw();
    return kind === Choice.Actor ? (share * n) | 0 : this.#answer(kind, n, r);
  }

  #answer(kind: number, n: number, r: number): number {
    switch (kind) {
      case Choice.Delay:
        return r < this.#mood.delay ? 1 : 0;
      case Choice.Stale:
        return r < this.#mood.stale ? 1 + (((r / this.#mood.stale) * (n - 1)) | 0) : 0;
      case Choice.Fail:
        return r < FAIL ? 1 : 0;
      default:
        return (r * n) | 0;
    }
  }

  #draw(): void {
    const r = this.#random();
    const { stay, scale } = this.#mood;
    this.#drawn = r;
    this.#share = r > stay ? (r - stay) * scale : 0;
  }
}
