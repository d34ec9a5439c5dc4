// A set of final states, each a tuple of small integers: packed into one number when the possible values allow it
// (nearly always), else into a string.

import type { LitmusProgram } from '../program.ts';
import type { Shape } from './shape.ts';
import { flag } from './traces.ts';

export class StateSet {
  /** Possible values of each part, and their place in that list. */
  private readonly values: readonly (readonly number[])[];
  private readonly places: readonly ReadonlyMap<number, number>[];
  private readonly packed: boolean;
  private readonly numbers = new Set<number>();
  private readonly strings = new Set<string>();

  constructor(program: LitmusProgram, shapes: readonly (readonly Shape[])[]) {
    const values = program.observed.map(() => new Set<number>());
    const registers = program.observed.flatMap((o, index) => (o.kind === 'register' ? [{ o, index }] : []));
    program.observed.forEach((o, index) => {
      if (o.kind !== 'location') return;
      values[index].add(program.locations[o.location].initial);
      for (const list of shapes)
        for (const shape of list)
          shape.events.forEach((event, e) => {
            if ((event.flags & flag.write) === 0 || event.location !== o.location) return;
            for (const row of shape.rows) values[index].add(row[e]);
          });
    });
    shapes.forEach((list, t) => {
      const mine = registers.filter(({ o }) => o.process === t).map(({ index }) => index);
      for (const shape of list)
        for (const row of shape.registers)
          mine.forEach((index, k) => {
            values[index].add(row[k]);
          });
    });
    this.values = values.map(set => [...set].sort((a, b) => a - b));
    this.places = this.values.map(list => new Map(list.map((value, i) => [value, i])));
    this.packed =
      this.values.reduce((product, list) => product * Math.max(1, list.length), 1) <= Number.MAX_SAFE_INTEGER;
  }

  get size(): number {
    return this.packed ? this.numbers.size : this.strings.size;
  }

  private pack(state: Int32Array): number {
    let key = 0;
    for (let i = 0; i < this.values.length; i++) {
      // two values, or one, are nearly always small: look before asking the map
      const list = this.values[i];
      const place = state[i] === list[0] ? 0 : state[i] === list[1] ? 1 : (this.places[i].get(state[i]) ?? 0);
      key = key * list.length + place;
    }
    return key;
  }

  has(state: Int32Array): boolean {
    return this.packed ? this.numbers.has(this.pack(state)) : this.strings.has(state.join());
  }

  /** Adds a state; false when it was there. */
  add(state: Int32Array): boolean {
    const before = this.size;
    if (this.packed) this.numbers.add(this.pack(state));
    else this.strings.add(state.join());
    return this.size > before;
  }

  /** The states, each as a fresh tuple. */
  *[Symbol.iterator](): Generator<number[]> {
    for (const text of this.strings) yield text.split(',').map(Number);
    for (let key of this.numbers) {
      const state: number[] = [];
      for (let i = this.values.length - 1; i >= 0; i--) {
        const list = this.values[i];
        state[i] = list[key % list.length];
        key = Math.floor(key / list.length);
      }
      yield state;
    }
  }
}
