// Litmus programs under the Linux-kernel memory model: for every choice of a shape per process, a search over its
// executions. `explore` lists all final states; `witness` looks for one with a property.

import { holds } from '../evaluate.ts';
import { LOOK_EVERY, type OnLook } from '../looked.ts';
import type { LitmusProgram, Proposition } from '../program.ts';
import { flag } from './events.ts';
import { agreeing, alternatives, type Literal } from './goal.ts';
import { findRaces, type RaceFlags } from './races.ts';
import { type Execution, Search, type SearchSink, type StateLayout } from './search.ts';
import { type Shape, shapesOf } from './shape.ts';
import { Skeleton } from './skeleton.ts';
import { StateSet } from './state-set.ts';
import { enumerateTraces } from './traces.ts';

export interface ExploreOptions {
  /** Stop after so many checks of the axioms and new states, together; unlimited when left out. */
  readonly budget?: number;
  /** Called with each new final state and one execution that ends in it; both are reused after the call. */
  readonly onState?: (state: Int32Array, execution: Execution) => void;
  readonly onLook?: OnLook | undefined;
}

export interface Exploration {
  readonly states: StateSet;
  readonly flags: RaceFlags;
  /** Some execution accesses memory through a value that is no address. */
  readonly wild: boolean;
  /** Whether everything was looked at; else the states found are only some of them. */
  readonly exhausted: boolean;
  /** Checks of the axioms made and states found. */
  readonly spent: number;
}

/** A program with its traces grouped by shape, ready to search. */
export interface Prepared {
  readonly program: LitmusProgram;
  readonly shapes: readonly (readonly Shape[])[];
  readonly layout: StateLayout;
  /** Plain accesses make it necessary to see every execution: one may race where another with its state does not. */
  readonly plain: boolean;
  /** Locations and stray cells. */
  readonly cells: number;
}

/** Lists what each process can do. Throws TooManyTraces when a process alone has too many behaviours. */
export function prepare(program: LitmusProgram): Prepared {
  const { traces, cells } = enumerateTraces(program);
  const shapes = traces.map(shapesOf);
  const plain = shapes.some(list => list.some(shape => shape.events.some(e => (e.flags & flag.plain) !== 0)));
  const count = cells.domains.length;
  return { program, shapes, layout: layoutOf(program, count), plain, cells: count };
}

/** Where final states take their values from. */
function layoutOf(program: LitmusProgram, cells: number): StateLayout {
  const registers: number[][] = program.processes.map(() => []);
  const locations: { location: number; index: number; initial: number }[] = [];
  program.observed.forEach((o, index) => {
    if (o.kind === 'register') registers[o.process].push(index);
    else locations.push({ location: o.location, index, initial: program.locations[o.location].initial });
  });
  const initial = Array.from({ length: cells }, (_, cell) => program.locations[cell]?.initial ?? 0);
  return { registers, locations, size: program.observed.length, initial };
}

class StateSink implements SearchSink {
  stopped = false;
  spent = 0;
  wild = false;
  readonly flags: RaceFlags = { dataRace: false, mixedAccesses: false };
  readonly states: StateSet;
  private readonly prepared: Prepared;
  private readonly options: ExploreOptions;
  private readonly budget: number;

  constructor(prepared: Prepared, options: ExploreOptions) {
    this.prepared = prepared;
    this.options = options;
    this.budget = options.budget ?? Number.POSITIVE_INFINITY;
    this.states = new StateSet(prepared.program, prepared.shapes);
  }

  wants(state: Int32Array): boolean {
    const { filter } = this.prepared.program;
    if (filter !== null && !holds(filter, state)) return false;
    return this.prepared.plain || !this.states.has(state);
  }

  found(state: Int32Array, execution: Execution): boolean {
    if (this.prepared.plain && !findRaces(execution, this.flags)) return false;
    if (this.states.add(state)) {
      if (this.prepared.cells > this.prepared.program.locations.length && isWild(execution, this.prepared))
        this.wild = true;
      this.spend();
      this.options.onState?.(state, execution);
    }
    return !this.prepared.plain;
  }

  spend(): void {
    if (++this.spent >= this.budget) this.stopped = true;
    if (this.spent % LOOK_EVERY === 0) this.options.onLook?.(LOOK_EVERY);
  }
}

function isWild({ skeleton }: Execution, { program }: Prepared): boolean {
  return skeleton.location.some(location => location >= program.locations.length);
}

class WitnessSink implements SearchSink {
  stopped = false;
  exhausted = true;
  witness: number[] | null = null;
  private spent = 0;
  private readonly prepared: Prepared;
  private readonly wanted: (state: Int32Array) => boolean;
  private readonly options: ExploreOptions;

  constructor(prepared: Prepared, wanted: (state: Int32Array) => boolean, options: ExploreOptions) {
    this.prepared = prepared;
    this.wanted = wanted;
    this.options = options;
  }

  wants(state: Int32Array): boolean {
    const { filter } = this.prepared.program;
    return (filter === null || holds(filter, state)) && this.wanted(state);
  }

  found(state: Int32Array, execution: Execution): boolean {
    const flags = { dataRace: false, mixedAccesses: false };
    if (this.prepared.plain && !findRaces(execution, flags)) return false;
    this.witness = [...state];
    this.stopped = true;
    this.options.onState?.(state, execution);
    return true;
  }

  spend(): void {
    if ((this.spent + 1) % LOOK_EVERY === 0) this.options.onLook?.(LOOK_EVERY);
    if (++this.spent < (this.options.budget ?? Number.POSITIVE_INFINITY)) return;
    this.exhausted = false;
    this.stopped = true;
  }
}

/** Searches every choice of one shape per process, of the traces that agree with the literals. */
function searchAll(
  { cells, shapes, layout }: Prepared,
  literals: readonly Literal[],
  sink: SearchSink,
): void {
  const candidates = shapes.map((list, t) =>
    list
      .map(shape => ({ shape, rows: agreeing(shape.registers, layout.registers[t], literals) }))
      .filter(({ rows }) => rows.length > 0),
  );
  const chosen: Shape[] = [];
  const rows: number[][] = [];
  const step = (t: number): void => {
    if (sink.stopped) return;
    if (t === candidates.length) {
      new Search(new Skeleton(chosen.slice(), cells), rows, layout, sink).run();
      return;
    }
    for (const candidate of candidates[t]) {
      chosen[t] = candidate.shape;
      rows[t] = candidate.rows;
      step(t + 1);
    }
  };
  step(0);
}

/** All final states. */
export function explore(prepared: Prepared, options: ExploreOptions = {}): Exploration {
  const sink = new StateSink(prepared, options);
  searchAll(prepared, [], sink);
  return {
    states: sink.states,
    flags: sink.flags,
    wild: sink.wild,
    exhausted: !sink.stopped,
    spent: sink.spent,
  };
}

/**
 * One final state that satisfies `proposition` (or, `negated`, does not), or null. `exhausted` tells whether null means
 * that there is none.
 */
export function witness(
  prepared: Prepared,
  proposition: Proposition,
  negated: boolean,
  options: ExploreOptions = {},
): { readonly state: readonly number[] | null; readonly exhausted: boolean } {
  const sink = new WitnessSink(prepared, state => holds(proposition, state) !== negated, options);
  for (const literals of alternatives(proposition, negated) ?? [[]]) {
    if (!sink.stopped) searchAll(prepared, literals, sink);
  }
  return { state: sink.witness, exhausted: sink.exhausted };
}
