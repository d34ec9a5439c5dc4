import { Stream } from '../stream.ts';

/** What the queue knows of an entry; program and answers are kept by whoever keeps the files. */
export interface QueueEntry {
  readonly id: string;
  readonly parent: string | null;
  /** Cells of the map that were new when it was found. */
  readonly features: readonly number[];
  /** Accesses of its execution. */
  readonly accesses: number;
}

/** What to do next: a number of fresh programs, or children of some entries. */
export type Step =
  | { readonly kind: 'fresh'; readonly from: number; readonly programs: number }
  | {
      readonly kind: 'mutate';
      readonly entry: string;
      readonly stream: string;
      readonly children: number;
      readonly others: readonly string[];
    };

/** What came of a step. */
export interface Outcome {
  readonly executions: number;
  readonly newFeatures: number;
}

/** Executions of one kind of step so far, and the features that they were the first to show. */
interface Yield {
  executions: number;
  newFeatures: number;
}

/** The state of a queue as it is saved: plain data. */
export interface QueueState {
  readonly version: 1;
  readonly seed: string;
  readonly steps: number;
  readonly nextProgram: number;
  readonly yields: Readonly<Record<Step['kind'], Outcome>>;
  readonly entries: readonly (QueueEntry & { readonly chosen: number; readonly yielded: number })[];
}

interface Kept {
  readonly entry: QueueEntry;
  /** Times that it was chosen, and features that its children have found. */
  chosen: number;
  yielded: number;
}

/** Least and largest share of steps that run fresh programs while the queue has entries; between them yields decide. */
const FRESH = [0.3, 0.6] as const;
/** Executions after which a kind of step has forgotten half of what it has yielded. */
const MEMORY = 20_000;
/** Programs of a fresh step, and children of a mutation step: some 20 to 40 ms of work. */
const PROGRAMS = 32;
const CHILDREN = 32;
/** Entries looked at for each choice; the one with most energy is taken. A tournament costs the same at any size. */
const TOURNAMENT = 8;
/** Entries of a step beside the first: many parents with few children each find more than one with many. */
const OTHERS = 7;

/**
 * Chooses what a campaign runs next: fresh programs, or children of an entry drawn by energy. Pure and deterministic:
 * the same seed and the same calls in the same order give the same steps. One queue serves one design.
 *
 * Energy goes to entries whose features are rare, by how often executions hit them (as AFL's `fast` schedule and RFF's
 * do), and away from entries that were chosen often without bringing anything.
 */
export class SearchQueue {
  readonly #seed: string;
  readonly #hits: (feature: number) => number;
  readonly #kept: Kept[] = [];
  readonly #byId = new Map<string, Kept>();
  readonly #yields: Record<Step['kind'], Yield> = {
    fresh: { executions: 0, newFeatures: 0 },
    mutate: { executions: 0, newFeatures: 0 },
  };
  #steps = 0;
  #nextProgram = 0;
  #pending = 0;
  #turns = 0;
  /** What `rewind` goes back to, with the entries that were chosen since. */
  #mark: { readonly steps: number; readonly nextProgram: number; readonly chosen: Kept[] } | null = null;

  /** `hits` says how many executions hit a feature, by the map as it is now: `CoverageMap.hits`. */
  constructor(seed: string, hits: (feature: number) => number) {
    this.#seed = seed;
    this.#hits = hits;
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Number of the first program not yet handed out. */
  get nextProgram(): number {
    return this.#nextProgram;
  }

  /** Entries whose first turn has not come. */
  get pending(): number {
    return this.#pending;
  }

  /** Turns that entries have had, all together. */
  get turns(): number {
    return this.#turns;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Adds an entry; one with a known id is ignored. */
  add(entry: QueueEntry): void {
    if (this.#byId.has(entry.id)) return;
    const kept = { entry, chosen: 0, yielded: 0 };
    this.#kept.push(kept);
    this.#byId.set(entry.id, kept);
    this.#pending++;
    const parent = entry.parent === null ? undefined : this.#byId.get(entry.parent);
    if (parent !== undefined) parent.yielded += entry.features.length;
  }

  /** Takes an entry out; returns its features, null if there is none with that id. */
  remove(id: string): readonly number[] | null {
    const kept = this.#byId.get(id);
    if (kept === undefined) return null;
    this.#byId.delete(id);
    this.#kept.splice(this.#kept.indexOf(kept), 1);
    this.#choose(kept, -kept.chosen);
    this.#pending--;
    return kept.entry.features;
  }

  /** Remembers what has been handed out, for `rewind`. */
  mark(): void {
    this.#mark = { steps: this.#steps, nextProgram: this.#nextProgram, chosen: [] };
  }

  /** Goes back to the last `mark`, after which nothing but `next` and `remove` was called: those steps come again. */
  rewind(): void {
    if (this.#mark === null) return;
    this.#steps = this.#mark.steps;
    this.#nextProgram = this.#mark.nextProgram;
    for (const kept of this.#mark.chosen) if (this.#byId.has(kept.entry.id)) this.#choose(kept, -1);
    this.#mark = null;
  }

  /**
   * What to run next. Each step has a random stream of its own, so a queue that was saved goes on as it would have.
   *
   * @param scale how many times the usual number of programs or children, the latter of as many times more entries.
   */
  next(scale = 1): Step {
    const number = this.#steps++;
    const stream = new Stream(`${this.#seed}/queue/${number}`);
    if (this.#kept.length === 0 || stream.below(1000) < 1000 * this.#freshShare()) {
      const from = this.#nextProgram;
      this.#nextProgram += scale * PROGRAMS;
      return { kind: 'fresh', from, programs: scale * PROGRAMS };
    }
    const chosen = Array.from({ length: scale * (1 + OTHERS) }, () => this.#tournament(stream));
    const [entry = '', ...others] = new Set(chosen);
    return { kind: 'mutate', entry, stream: `${number}`, children: scale * CHILDREN, others };
  }

  /** Says what came of a step. */
  done(step: Step, { executions, newFeatures }: Outcome): void {
    const one = this.#yields[step.kind];
    one.executions += executions;
    one.newFeatures += newFeatures;
    if (one.executions < 2 * MEMORY) return;
    one.executions /= 2;
    one.newFeatures /= 2;
  }

  toJSON(): QueueState {
    return {
      version: 1,
      seed: this.#seed,
      steps: this.#steps,
      nextProgram: this.#nextProgram,
      yields: { fresh: { ...this.#yields.fresh }, mutate: { ...this.#yields.mutate } },
      entries: this.#kept.map(({ entry, chosen, yielded }) => ({ ...entry, chosen, yielded })),
    };
  }

  /** The queue that was saved. */
  static fromJSON(state: QueueState, hits: (feature: number) => number): SearchQueue {
    const queue = new SearchQueue(state.seed, hits);
    queue.#steps = state.steps;
    queue.#nextProgram = state.nextProgram;
    Object.assign(queue.#yields.fresh, state.yields.fresh);
    Object.assign(queue.#yields.mutate, state.yields.mutate);
    const saved: number[] = [];
    for (const { chosen, yielded, ...entry } of state.entries) {
      queue.add(entry);
      const kept = queue.#byId.get(entry.id);
      if (kept !== undefined) queue.#choose(kept, chosen);
      saved.push(yielded);
    }
    // Last, as adding an entry counts for its parent.
    for (const [i, yielded] of saved.entries()) queue.#kept[i].yielded = yielded;
    return queue;
  }

  /** In proportion to what fresh programs and children have yielded for each execution, within bounds. */
  #freshShare(): number {
    const { fresh, mutate } = this.#yields;
    const rate = ({ executions, newFeatures }: Yield): number => (1 + newFeatures) / (1_000 + executions);
    const share = rate(fresh) / (rate(fresh) + rate(mutate));
    return Math.min(FRESH[1], Math.max(FRESH[0], share));
  }

  /** Chooses an entry; returns its id. */
  #tournament(stream: Stream): string {
    let best = this.#kept[stream.below(this.#kept.length)];
    let energy = this.#energy(best);
    for (let i = 1; i < TOURNAMENT; i++) {
      const other = this.#kept[stream.below(this.#kept.length)];
      const its = this.#energy(other);
      if (its <= energy) continue;
      best = other;
      energy = its;
    }
    this.#choose(best, 1);
    this.#mark?.chosen.push(best);
    return best.entry.id;
  }

  #choose(kept: Kept, times: number): void {
    const before = kept.chosen;
    kept.chosen += times;
    this.#turns += times;
    this.#pending += Number(kept.chosen === 0) - Number(before === 0);
  }

  /** More for rare features and for entries whose children found something; less for each time it was chosen. */
  #energy({ entry, chosen, yielded }: Kept): number {
    let rarest = Number.POSITIVE_INFINITY;
    for (const feature of entry.features) rarest = Math.min(rarest, this.#hits(feature));
    const rare = 1 / Math.sqrt(1 + rarest);
    return (rare * (1 + yielded)) / (1 + chosen);
  }
}
