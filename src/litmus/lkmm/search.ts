// The search for consistent executions of one skeleton: decide for each read which write it reads, for each
// observed location which write is last, then complete the coherence order; check the axioms after every
// decision. Decisions that the final state depends on come first, so a state that is already known needs no
// further look, and one completion is enough for a new one.

import { Axioms, initial, undecided } from './axioms.ts';
import { Coherence } from './coherence.ts';
import { hasBit } from './relations.ts';
import type { Shape } from './shape.ts';
import type { Skeleton } from './skeleton.ts';

/** What the search reports to and asks of its caller. */
export interface SearchSink {
  /**
   * The final state, as values of the program's `observed`, is that of some candidate. Answers whether the search
   * should look for an execution with it: no, when it is known or unwanted.
   */
  wants(state: Int32Array): boolean;
  /** An execution with that final state is consistent. Answers whether to stop looking for more with this state. */
  found(state: Int32Array, execution: Execution): boolean;
  /** Whether the search is over, because of what was found or because of its budget. */
  readonly stopped: boolean;
  /** Counts a check of the axioms against the budget. */
  spend(): void;
}

/** A consistent execution, valid only during the call that passes it on. */
export interface Execution {
  readonly skeleton: Skeleton;
  /** For each read: the write it reads, or `initial`. */
  readonly rf: Int32Array;
  /** The coherence order among non-initial writes. */
  readonly co: Int32Array;
  /** The value each access read or wrote. */
  value(event: number): number;
}

/** Where the parts of a final state come from. */
export interface StateLayout {
  /** For each process, the indices in the state of its observed registers. */
  readonly registers: readonly (readonly number[])[];
  /** Observed locations with their index in the state and initial value. */
  readonly locations: readonly {
    readonly location: number;
    readonly index: number;
    readonly initial: number;
  }[];
  readonly size: number;
  /** Initial values by location. */
  readonly initial: readonly number[];
}

/** With so many reads open it pays to ask whether all ways to decide them are consistent. */
const sureFrom = 3;

/** A set of traces of one shape, with its subsets by the value of an event, made when first asked for. */
class RowSet {
  readonly rows: readonly number[];
  private readonly shape: Shape;
  private readonly subsets: Map<number, RowSet>[] = [];

  constructor(shape: Shape, rows: readonly number[]) {
    this.shape = shape;
    this.rows = rows;
  }

  /** Those in which the local event has this value. */
  where(event: number, value: number): RowSet {
    let byValue = this.subsets[event];
    if (byValue === undefined) {
      byValue = new Map();
      this.subsets[event] = byValue;
    }
    let subset = byValue.get(value);
    if (subset === undefined) {
      const rows = this.rows.filter(row => this.shape.rows[row][event] === value);
      subset = rows.length === this.rows.length ? this : new RowSet(this.shape, rows);
      byValue.set(value, subset);
    }
    return subset;
  }

  /** The different values of the local event. */
  values(event: number): number[] {
    return [...new Set(this.rows.map(row => this.shape.rows[row][event]))];
  }
}

export class Search {
  private readonly skeleton: Skeleton;
  private readonly axioms: Axioms;
  private readonly coherence: Coherence;
  private readonly layout: StateLayout;
  private readonly sink: SearchSink;
  private readonly rf: Int32Array;
  /** Traces of each process still possible. */
  private readonly rows: RowSet[];
  private readonly state: Int32Array;
  /** Reads in decision order; from `silent` on their choice does not change the state. */
  private readonly reads: number[];
  private readonly silent: number;
  /** Writes each read could read, program order respected; `initial` first. */
  private readonly sources: number[][] = [];
  /** What follows the decision of each read; made once, they are called very often. */
  private readonly deciding: readonly ((depth: number) => void)[];
  /** Coherence matrices by depth. */
  private readonly orders: Int32Array[] = [];
  private readonly execution: {
    rf: Int32Array;
    co: Int32Array;
    skeleton: Skeleton;
    value: (e: number) => number;
  };

  /** Whether every way to decide what is open is known to be consistent. */
  private sure = false;
  /** Whether that can be found out at all (see `Axioms.certain`). */
  private readonly simple: boolean;

  /** `rows` are the traces of each process to look at, as row numbers of its shape. */
  constructor(
    skeleton: Skeleton,
    rows: readonly (readonly number[])[],
    layout: StateLayout,
    sink: SearchSink,
  ) {
    this.skeleton = skeleton;
    this.axioms = new Axioms(skeleton);
    this.coherence = new Coherence(skeleton);
    this.layout = layout;
    this.sink = sink;
    this.rf = new Int32Array(skeleton.n).fill(undecided);
    this.rows = rows.map((list, t) => new RowSet(skeleton.shapes[t], list));
    this.state = new Int32Array(layout.size);
    const loud = skeleton.reads.filter(r => this.varies(r));
    this.silent = loud.length;
    this.reads = [...loud, ...skeleton.reads.filter(r => !this.varies(r))];
    for (const r of skeleton.reads) this.sources[r] = this.sourcesOf(r);
    this.deciding = this.reads.map((_, step) => depth => this.decide(step + 1, depth));
    this.execution = {
      rf: this.rf,
      co: this.orders[0],
      skeleton,
      value: e => this.value(e),
    };
    this.simple = this.isSimple();
  }

  /** Explores everything, or until the sink stops it. */
  run(): void {
    const start = this.coherence.start();
    this.orders[0] = start;
    this.decide(0, 0);
  }

  /** The value of an event in the first of the traces still possible. */
  private value(e: number): number {
    const s = this.skeleton;
    const t = s.thread[e];
    return s.shapes[t].rows[this.rows[t].rows[0]][e - s.first[t]];
  }

  /** Whether a read returns different values in different traces that are still possible. */
  private varies(r: number): boolean {
    const t = this.skeleton.thread[r];
    return this.rows[t].values(r - this.skeleton.first[t]).length > 1;
  }

  /** One write per location at most, and no process accesses a location twice: coherence holds by itself. */
  private isSimple(): boolean {
    const s = this.skeleton;
    if (s.hasRmw || s.hasPlain || s.carries || s.writesAt.some(writes => writes.length > 1)) return false;
    const seen = new Set<number>();
    for (let e = 0; e < s.n; e++) seen.add(s.thread[e] * s.writesAt.length + s.location[e]);
    return seen.size === s.n;
  }

  private sourcesOf(r: number): number[] {
    const s = this.skeleton;
    const mine = s.writesAt[s.location[r]].filter(w => s.thread[w] === s.thread[r] && w < r);
    const last = mine.at(-1);
    const others = s.writesAt[s.location[r]].filter(w => s.thread[w] !== s.thread[r]);
    return last === undefined ? [initial, ...others] : [last, ...others];
  }

  /** Decides the read at `step` of the order, with coherence so far in `orders[depth]`. */
  private decide(step: number, depth: number): void {
    if (this.sink.stopped) return;
    if (step === this.silent) {
      this.lasts(0, depth);
      return;
    }
    const settles = this.simple && !this.sure && this.silent - step >= sureFrom && this.isCertain(depth);
    if (settles) this.sure = true;
    this.read(step, depth, this.deciding[step]);
    if (settles) this.sure = false;
  }

  private isCertain(depth: number): boolean {
    this.sink.spend();
    return this.axioms.certain(this.rf, this.orders[depth], this.sources);
  }

  private read(step: number, depth: number, proceed: (depth: number) => void): void {
    const s = this.skeleton;
    const r = this.reads[step];
    const t = s.thread[r];
    const local = r - s.first[t];
    const rows = this.rows[t];
    for (const w of this.sources[r]) {
      if (w === initial) {
        const kept = rows.where(local, this.layout.initial[s.location[r]]);
        if (kept.rows.length === 0) continue;
        this.rows[t] = kept;
        this.tryRead(r, w, depth, proceed);
        this.rows[t] = rows;
        continue;
      }
      const u = s.thread[w];
      const theirs = this.rows[u];
      const other = w - s.first[u];
      for (const value of theirs.values(other)) {
        const kept = rows.where(local, value);
        const written = (u === t ? kept : theirs).where(other, value);
        if (kept.rows.length === 0 || written.rows.length === 0) continue;
        this.rows[t] = kept;
        this.rows[u] = written;
        this.tryRead(r, w, depth, proceed);
        this.rows[t] = rows;
        this.rows[u] = theirs;
      }
    }
  }

  private order(depth: number): Int32Array {
    let co = this.orders[depth];
    if (co === undefined) {
      co = new Int32Array(this.orders[0].length);
      this.orders[depth] = co;
    }
    return co;
  }

  private tryRead(r: number, w: number, depth: number, proceed: (depth: number) => void): void {
    this.rf[r] = w;
    if (this.sure) {
      proceed(depth);
      this.rf[r] = undecided;
      return;
    }
    const co = this.order(depth + 1);
    co.set(this.orders[depth]);
    if (this.coherence.read(this.rf, co, r) && this.check(co)) proceed(depth + 1);
    this.rf[r] = undecided;
  }

  private check(co: Int32Array): boolean {
    this.sink.spend();
    return this.axioms.consistent(this.rf, co);
  }

  /** Decides which write is last at the observed location number `i`. */
  private lasts(i: number, depth: number): void {
    const { locations } = this.layout;
    if (i === locations.length) {
      this.settled(depth);
      return;
    }
    const { location, index, initial: value } = locations[i];
    const writes = this.skeleton.writesAt[location];
    if (writes.length === 0) {
      this.state[index] = value;
      this.lasts(i + 1, depth);
      return;
    }
    const { words } = this.skeleton;
    const co = this.orders[depth];
    for (const w of writes) {
      if (writes.some(x => hasBit(co, w * words, x))) continue;
      this.state[index] = this.value(w);
      if (writes.length === 1) {
        this.lasts(i + 1, depth);
        return;
      }
      const next = this.order(depth + 1);
      next.set(co);
      if (
        writes.every(x => x === w || this.coherence.add(next, x, w)) &&
        this.coherence.atomic(this.rf, next, location)
      )
        if (this.check(next)) this.lasts(i + 1, depth + 1);
      if (this.sink.stopped) return;
    }
  }

  /** The final state is known. */
  private settled(depth: number): void {
    this.layout.registers.forEach((indices, t) => {
      const row = this.rows[t].rows[0];
      indices.forEach((index, k) => {
        this.state[index] = this.skeleton.shapes[t].registers[row][k];
      });
    });
    if (this.sink.wants(this.state)) this.complete(this.silent, depth);
  }

  /** Decides the remaining reads; true when enough executions with this state were found. */
  private complete(step: number, depth: number): boolean {
    if (this.sink.stopped) return true;
    if (step === this.reads.length) return this.total(depth);
    let enough = false;
    this.read(step, depth, next => {
      if (!enough) enough = this.complete(step + 1, next);
    });
    return enough;
  }

  /** Completes the coherence order; true when enough executions with this state were found. */
  private total(depth: number): boolean {
    if (this.sink.stopped) return true;
    const { words, writesAt } = this.skeleton;
    const co = this.orders[depth];
    for (const writes of writesAt)
      for (let i = 1; i < writes.length; i++)
        for (let j = 0; j < i; j++) {
          const a = writes[j];
          const b = writes[i];
          if (hasBit(co, a * words, b) || hasBit(co, b * words, a)) continue;
          return this.ordered(a, b, depth) || this.ordered(b, a, depth);
        }
    this.execution.co = co;
    return this.sink.found(this.state, this.execution);
  }

  private ordered(a: number, b: number, depth: number): boolean {
    const co = this.order(depth + 1);
    co.set(this.orders[depth]);
    if (!this.coherence.add(co, a, b)) return false;
    if (!this.coherence.atomic(this.rf, co, this.skeleton.location[a])) return false;
    return this.check(co) && this.total(depth + 1);
  }
}
