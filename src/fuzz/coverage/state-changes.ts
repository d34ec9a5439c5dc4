import { Attr } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Abstraction, Model } from '../../targets/target.ts';
import { hashText, mix } from './hash.ts';

/** An object with the abstraction that says what its state is. */
interface Tracked {
  readonly abstraction: Abstraction;
  readonly object: number;
  readonly kind: number;
}

/**
 * Follows the abstract states of objects: those that the model declares, and each other word of flags by itself. What
 * changed in an execution is kept as hashes of (kind of object, state before, state after).
 */
export class StateChanges {
  /** Per word: 1 if some object's state depends on it. */
  readonly tracked: Uint8Array;
  readonly #words: Int32Array;
  /** The tracked words as they were when last looked at. */
  readonly #mirror: Int32Array;
  readonly #addresses: readonly number[];
  readonly #objectOf: readonly (Tracked | undefined)[];
  /** Hashes of the changes of the last execution, and how many there are. */
  changes = new Int32Array(256);
  count = 0;

  constructor(machine: Machine, model: Pick<Model, 'layout' | 'abstractions'>) {
    const { layout } = model;
    this.#words = machine.words;
    this.#mirror = new Int32Array(layout.size);
    this.tracked = new Uint8Array(layout.size);
    const objectOf: (Tracked | undefined)[] = Array.from({ length: layout.size });
    const declared = model.abstractions ?? [];
    const flags = layout.attributes.flatMap((attr, a) => ((attr & Attr.Flags) !== 0 ? [a] : []));
    const covered = new Set(declared.flatMap(one => one.objects.flat()));
    const own: readonly Abstraction[] = flags
      .filter(a => !covered.has(a))
      .map(a => ({ kind: layout.kindOf(a), objects: [[a]], state: words => words[a] }));
    for (const abstraction of [...declared, ...own]) {
      const kind = hashText(abstraction.kind);
      for (const [object, addresses] of abstraction.objects.entries()) {
        for (const address of addresses) objectOf[address] = { abstraction, object, kind };
      }
    }
    this.#objectOf = objectOf;
    this.#addresses = objectOf.flatMap((one, a) => (one === undefined ? [] : [a]));
    for (const a of this.#addresses) this.tracked[a] = 1;
  }

  /** The concurrent part of an execution begins. */
  begin(): void {
    this.count = 0;
    for (const a of this.#addresses) this.#mirror[a] = this.#words[a];
  }

  /** A tracked word may have changed. */
  look(address: number): void {
    const mirror = this.#mirror;
    const value = this.#words[address];
    const was = mirror[address];
    if (value === was) return;
    const tracked = this.#objectOf[address];
    if (tracked === undefined) return;
    const { abstraction, object, kind } = tracked;
    const before = abstraction.state(mirror, object);
    mirror[address] = value;
    const after = abstraction.state(mirror, object);
    if (before === after) return;
    if (this.count === this.changes.length) {
      const larger = new Int32Array(2 * this.changes.length);
      larger.set(this.changes);
      this.changes = larger;
    }
    this.changes[this.count++] = mix(mix(kind, before), after);
  }
}
