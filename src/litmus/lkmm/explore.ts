// All final states of a litmus program under the Linux-kernel memory model: for every choice of a shape per
// process, a search over its executions.

import { holds } from '../evaluate.ts';
import type { LitmusProgram } from '../program.ts';
import { findRaces, type RaceFlags } from './races.ts';
import { type Execution, Search, type SearchSink, type StateLayout } from './search.ts';
import { type Shape, shapesOf } from './shape.ts';
import { Skeleton } from './skeleton.ts';
import { StateSet } from './state-set.ts';
import { enumerateTraces } from './traces.ts';

export interface ExploreOptions {
  /** Stop after so many checks of the axioms; unlimited when left out. */
  readonly budget?: number;
  /** Called with one execution per new final state. */
  readonly onExecution?: (state: Int32Array, execution: Execution) => void;
}

export interface Exploration {
  readonly states: StateSet;
  readonly flags: RaceFlags;
  /** Whether everything was looked at; else the states found are only some of them. */
  readonly exhausted: boolean;
  /** Checks of the axioms made. */
  readonly checks: number;
}

class StateSink implements SearchSink {
  stopped = false;
  checks = 0;
  readonly flags: RaceFlags = { dataRace: false, mixedAccesses: false };
  private readonly program: LitmusProgram;
  private readonly states: StateSet;
  private readonly options: ExploreOptions;
  private readonly budget: number;
  /** With plain accesses every execution must be seen: one may race where another with the same state does not. */
  private readonly every: boolean;

  constructor(program: LitmusProgram, states: StateSet, options: ExploreOptions, every: boolean) {
    this.program = program;
    this.states = states;
    this.options = options;
    this.budget = options.budget ?? Number.POSITIVE_INFINITY;
    this.every = every;
  }

  wants(state: Int32Array): boolean {
    if (this.program.filter !== null && !holds(this.program.filter, state)) return false;
    return this.every || !this.states.has(state);
  }

  found(state: Int32Array, execution: Execution): boolean {
    if (this.every && !findRaces(execution, this.flags)) return false;
    if (this.states.add(state)) this.options.onExecution?.(state, execution);
    return !this.every;
  }

  spend(): void {
    if (++this.checks >= this.budget) this.stopped = true;
  }
}

/** Where final states take their values from. */
export function layoutOf(program: LitmusProgram): StateLayout {
  const registers: number[][] = program.processes.map(() => []);
  const locations: { location: number; index: number; initial: number }[] = [];
  program.observed.forEach((o, index) => {
    if (o.kind === 'register') registers[o.process].push(index);
    else locations.push({ location: o.location, index, initial: program.locations[o.location].initial });
  });
  return {
    registers,
    locations,
    size: program.observed.length,
    initial: program.locations.map(l => l.initial),
  };
}

/** Calls `visit` for every choice of one shape per process, until it answers false. */
function eachCombination(
  shapes: readonly (readonly Shape[])[],
  visit: (chosen: readonly Shape[]) => boolean,
): void {
  const chosen: Shape[] = [];
  const step = (t: number): boolean => {
    if (t === shapes.length) return visit(chosen);
    for (const shape of shapes[t]) {
      chosen[t] = shape;
      if (!step(t + 1)) return false;
    }
    return true;
  };
  step(0);
}

/** Explores a program. Throws TooManyTraces when a process alone has too many behaviours to list. */
export function explore(program: LitmusProgram, options: ExploreOptions = {}): Exploration {
  const shapes = enumerateTraces(program).map(shapesOf);
  const layout = layoutOf(program);
  const states = new StateSet(program, shapes);
  const plain = shapes.some(list => list.some(shape => shape.events.some(e => (e.flags & 2) !== 0)));
  const sink = new StateSink(program, states, options, plain);
  eachCombination(shapes, chosen => {
    const skeleton = new Skeleton(chosen, program.locations.length);
    const rows = chosen.map(shape => Int32Array.from(shape.rows.keys()));
    new Search(skeleton, rows, layout, sink).run();
    return !sink.stopped;
  });
  return { states, flags: sink.flags, exhausted: !sink.stopped, checks: sink.checks };
}
