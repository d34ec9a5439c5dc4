/** Two accesses of different CPUs to one word, one of which writes, as places in a `Profile`. */
export interface Conflict {
  readonly held: number;
  readonly awaited: number;
}

/**
 * The accesses of one execution of a program, in order, as far as strategies want them: they tell which accesses of
 * different CPUs may meet. What another execution does may differ.
 */
export class Profile {
  readonly cpu: Uint8Array;
  readonly site: Int32Array;
  readonly address: Int32Array;
  readonly writes: Uint8Array;
  /** Words that two CPUs access and one writes, each with the places of the accesses to it. */
  readonly shared: readonly (readonly number[])[];

  constructor(cpu: Uint8Array, site: Int32Array, address: Int32Array, writes: Uint8Array) {
    this.cpu = cpu;
    this.site = site;
    this.address = address;
    this.writes = writes;
    const byWord = new Map<number, number[]>();
    for (let i = 0; i < cpu.length; i++) {
      if (address[i] === 0) continue;
      const list = byWord.get(address[i]);
      if (list === undefined) byWord.set(address[i], [i]);
      else list.push(i);
    }
    this.shared = [...byWord.values()].filter(
      list => list.some(i => cpu[i] !== cpu[list[0]]) && list.some(i => writes[i] === 1),
    );
  }

  get length(): number {
    return this.cpu.length;
  }

  /** A random conflict: first the word, so that one accessed often does not drown the others. Null if there is none. */
  conflict(random: () => number): Conflict | null {
    const { shared } = this;
    if (shared.length === 0) return null;
    const list = shared[(random() * shared.length) | 0];
    const held = list[(random() * list.length) | 0];
    const from = (random() * list.length) | 0;
    for (let k = 0; k < list.length; k++) {
      const awaited = list[(from + k) % list.length];
      if (this.cpu[awaited] !== this.cpu[held] && this.writes[awaited] + this.writes[held] > 0)
        return { held, awaited };
    }
    return null;
  }

  /** The next access of the same CPU after a place, or -1. */
  following(place: number): number {
    for (let i = place + 1; i < this.length; i++) if (this.cpu[i] === this.cpu[place]) return i;
    return -1;
  }

  /** How many accesses of the same CPU at the same site and word come before a place. */
  occurrence(place: number): number {
    let n = 0;
    for (let i = 0; i < place; i++) {
      if (
        this.cpu[i] === this.cpu[place] &&
        this.site[i] === this.site[place] &&
        this.address[i] === this.address[place]
      )
        n++;
    }
    return n;
  }
}
