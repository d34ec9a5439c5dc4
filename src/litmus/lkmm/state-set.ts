// A set of final states, each a tuple of small integers: packed into one number when the possible values allow it
// (nearly always), else into a string. When there are not too many such numbers the set is a bitmap.

import type { LitmusProgram } from '../program.ts';
import { flag } from './events.ts';
import type { Shape } from './shape.ts';

/** Possible states up to which a bitmap (of 4 MiB then) is used. */
const bitmapLimit = 2 ** 25;

export class StateSet {
  /** Possible values of each part, and their place in that list. */
  private readonly values: readonly (readonly number[])[];
  private readonly places: readonly ReadonlyMap<number, number>[];
  private readonly packed: boolean;
  private readonly bitmap: Int32Array | null;
  private count = 0;
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
    const possible = this.values.reduce((product, list) => product * Math.max(1, list.length), 1);
    this.packed = possible <= Number.MAX_SAFE_INTEGER;
    this.bitmap = possible <= bitmapLimit ? new Int32Array(Math.ceil(possible / 32)) : null;
  }

  get size(): number {
    return this.count;
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
    if (!this.packed) return this.strings.has(state.join());
    const key = this.pack(state);
    return this.bitmap === null ? this.numbers.has(key) : (this.bitmap[key >>> 5] & (1 << (key & 31))) !== 0;
  }

  /** Adds a state; false when it was there. */
  add(state: Int32Array): boolean {
    if (this.has(state)) return false;
    this.count++;
    if (!this.packed) this.strings.add(state.join());
    else {
      const key = this.pack(state);
      if (this.bitmap === null) this.numbers.add(key);
      else this.bitmap[key >>> 5] |= 1 << (key & 31);
    }
    return true;
  }

  /** The packed states, in order. */
  private *keys(): Generator<number> {
    if (this.bitmap === null) {
      yield* [...this.numbers].sort((a, b) => a - b);
      return;
    }
    for (let word = 0; word < this.bitmap.length; word++)
      for (let bits = this.bitmap[word]; bits !== 0; bits &= bits - 1)
        yield word * 32 + 31 - Math.clz32(bits & -bits);
  }

  /** The states, each as a fresh tuple, ordered by their parts unless there are too many for numbers. */
  *[Symbol.iterator](): Generator<number[]> {
    for (const text of this.strings) yield text.split(',').map(Number);
    for (let key of this.keys()) {
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
