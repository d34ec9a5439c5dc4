import { CELLS, featureClasses, firstCell } from './classes.ts';
import { DistinctCounter, REGISTERS } from './distinct.ts';

/** Words before the cells: the number of executions whose features were counted. */
const HEADER = 16;
const SAMPLED = 0;
const ID = 1;
const WORDS = HEADER + CELLS + REGISTERS;

let maps = 0;

/** What is known of one class of feature. */
export interface ClassSnapshot {
  readonly name: string;
  readonly meaning: string;
  readonly covered: number;
  /** Features counted in exactly one of the sampled executions. */
  readonly once: number;
  /**
   * Good-Turing: expected number of features of this class that one more execution would show for the first time,
   * relative to what the present search does; not to all that is possible. Null before anything was sampled.
   */
  readonly unseen: number | null;
}

export interface CoverageSnapshot {
  readonly classes: readonly ClassSnapshot[];
  readonly covered: number;
  /** Executions whose features were counted: one in some. */
  readonly sampled: number;
  /** Estimate (within some 2 %) of how many executions differed in the order of their conflicting accesses. */
  readonly distinctExecutions: number;
}

/**
 * Which features executions have shown, shared by the workers of a campaign: one word for each cell, its lowest bit set
 * once the feature was seen, above it how many sampled executions showed it. Novelty is global at once.
 */
export class CoverageMap {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #cells: Int32Array;
  readonly #distinct: DistinctCounter;

  /** A new map, or the one that lies in a buffer. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(4 * WORDS);
    this.#words = new Int32Array(this.buffer);
    if (buffer === undefined) this.#words[ID] = ++maps;
    this.#cells = this.#words.subarray(HEADER, HEADER + CELLS);
    this.#distinct = new DistinctCounter(this.#words.subarray(HEADER + CELLS));
  }

  /** Tells the maps of a process apart, as buffers that travel between threads are never the same object twice. */
  get id(): number {
    return this.#words[ID];
  }

  has(cell: number): boolean {
    return (this.#cells[cell] & 1) !== 0;
  }

  /** Marks a feature as seen; true if it was new. */
  claim(cell: number): boolean {
    return (this.#cells[cell] & 1) === 0 && (Atomics.or(this.#cells, cell, 1) & 1) === 0;
  }

  /** Forgets that a feature was seen: what showed it is lost, and is to be found again. */
  forget(cell: number): void {
    Atomics.and(this.#cells, cell, ~1);
  }

  /** Counts a feature of a sampled execution; once for each execution. */
  count(cell: number): void {
    Atomics.add(this.#cells, cell, 2);
  }

  /** Sampled executions that showed a feature. */
  hits(cell: number): number {
    return this.#cells[cell] >>> 1;
  }

  /** Says that the features of one more execution have been counted. */
  sampledOne(): void {
    Atomics.add(this.#words, SAMPLED, 1);
  }

  /** An execution, by the hash of the order of its conflicting accesses. */
  execution(hash: number): void {
    this.#distinct.add(hash);
  }

  /** Takes over the content of another map. */
  set(from: CoverageMap): void {
    const { id } = this;
    this.#words.set(from.#words);
    this.#words[ID] = id;
  }

  /** Forgets all that it has seen. */
  clear(): void {
    const id = this.#words[ID];
    this.#words.fill(0);
    this.#words[ID] = id;
  }

  /** Forgets all about some features, their counts too. */
  drop(cells: readonly number[]): void {
    for (const cell of cells) this.#cells[cell] = 0;
  }

  /** What makes `before` into this map, for `merge`: pairs of place and change. */
  changesSince(before: CoverageMap): Int32Array {
    const changes: number[] = [];
    for (let i = 0; i < WORDS; i++) {
      if (i === ID) continue;
      const old = before.#words[i];
      const now = this.#words[i];
      if (old === now) continue;
      if (this.#isCell(i)) changes.push(i, ((now >>> 1) - (old >>> 1)) * 2 + (now & 1));
      else changes.push(i, i < HEADER ? now - old : now);
    }
    return Int32Array.from(changes);
  }

  /**
   * All that is in the map, for `merge` into an empty one: to save it. Features for which `seen` says no are left out,
   * though not how often they were counted.
   */
  content(seen: (cell: number) => boolean): Int32Array {
    const content = this.changesSince(new CoverageMap());
    for (let i = 0; i < content.length; i += 2) {
      if (this.#isCell(content[i]) && !seen(content[i] - HEADER)) content[i + 1] &= ~1;
    }
    return content;
  }

  /**
   * Adds what another map has seen since; returns the number of features that are new here.
   *
   * @throws RangeError if the changes are none of a map of this version.
   */
  merge(changes: Int32Array): number {
    let fresh = 0;
    for (let i = 0; i + 1 < changes.length; i += 2) {
      const place = changes[i];
      const change = changes[i + 1];
      if (place < 0 || place >= WORDS) throw new RangeError(`the coverage map has no word ${place}`);
      if (place >= HEADER + CELLS) this.#distinct.raise(place - HEADER - CELLS, change);
      else if (!this.#isCell(place)) Atomics.add(this.#words, place, change);
      else {
        if ((change & 1) !== 0 && this.claim(place - HEADER)) fresh++;
        Atomics.add(this.#words, place, change & ~1);
      }
    }
    return fresh;
  }

  snapshot(): CoverageSnapshot {
    const sampled = Atomics.load(this.#words, SAMPLED);
    const classes = featureClasses.map(({ name, meaning }, i): ClassSnapshot => {
      let covered = 0;
      let once = 0;
      for (let cell = firstCell[i]; cell < firstCell[i + 1]; cell++) {
        covered += this.#cells[cell] & 1;
        if (this.#cells[cell] >>> 1 === 1) once++;
      }
      return { name, meaning, covered, once, unseen: sampled === 0 ? null : once / sampled };
    });
    return {
      classes,
      covered: classes.reduce((sum, one) => sum + one.covered, 0),
      sampled,
      distinctExecutions: this.#distinct.estimate(),
    };
  }

  #isCell(place: number): boolean {
    return place >= HEADER && place < HEADER + CELLS;
  }
}
