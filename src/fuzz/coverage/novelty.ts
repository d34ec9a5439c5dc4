import { CELLS, featureClasses, firstCell } from './classes.ts';
import type { CoverageMap } from './map.ts';

/** Takes the features of one execution to the map and keeps those that are new. */
export class Novelty {
  readonly map: CoverageMap;
  readonly #shifts = featureClasses.map(({ bits }) => 32 - bits);
  /** Number of the sampled execution that last showed a cell. */
  readonly #stamp = new Int32Array(CELLS);
  #sample = 0;
  #sampling = false;
  #cells: number[] = [];

  constructor(map: CoverageMap) {
    this.map = map;
  }

  begin(sampling: boolean): void {
    this.#sampling = sampling;
    if (sampling) {
      this.#sample++;
      this.map.sampledOne();
    }
    if (this.#cells.length > 0) this.#cells = [];
  }

  /** A feature of a class, by a hash that is the same in every process. */
  add(feature: number, hash: number): void {
    const cell = firstCell[feature] + (hash >>> this.#shifts[feature]);
    if (this.map.claim(cell)) this.#cells.push(cell);
    if (!this.#sampling || this.#stamp[cell] === this.#sample) return;
    this.#stamp[cell] = this.#sample;
    this.map.count(cell);
  }

  /** Cells that the execution was the first to show. */
  get cells(): readonly number[] {
    return this.#cells;
  }
}
