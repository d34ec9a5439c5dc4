import { EngineError } from './errors.ts';

/** Types of lock, for context rules (kernel/Documentation/locking/locktypes.rst) and names in reports. */
export const LockType = {
  None: 0,
  Spinlock: 1,
  RawSpinlock: 2,
  Rwlock: 3,
  Mutex: 4,
  Rwsem: 5,
  BitSpinlock: 6,
  FolioLock: 7,
} as const;

export const lockTypeNames = [
  'none',
  'spinlock',
  'raw spinlock',
  'rwlock',
  'mutex',
  'rwsem',
  'bit spinlock',
  'folio lock',
];

/** Whether who waits for a lock of this type spins with preemption off. */
export function isSpinning(lockType: number): boolean {
  return lockType === LockType.Spinlock || lockType === LockType.RawSpinlock || lockType === LockType.Rwlock;
}

/** Attributes of a word, as bits of `Layout.attributes`. */
export const Attr = {
  /** Accessed with plain loads and stores, checked for data races. */
  Plain: 1,
  /** Holds the address of an object: loads of it carry an address dependency. */
  Pointer: 2,
  /** Shadow state of an oracle: costs no step, is not subject to weak memory. */
  Ghost: 4,
  /** Holds bits with names. */
  Flags: 8,
  /** Stores that reach it are shown to `machine.watcher`, in coherence order. */
  Watched: 16,
} as const;

/** How one word (or `count` words) of a struct is declared. */
export interface FieldSpec {
  readonly count: number;
  readonly attr: number;
  readonly lock: number;
  readonly lockClass: string;
  readonly flags: readonly string[];
  readonly init: number;
  /** How values are shown in traces and diagrams. */
  readonly show?: (value: number) => string;
}

interface ArraySpec extends FieldSpec {
  readonly array: true;
}

export type StructSpec = Readonly<Record<string, FieldSpec | ArraySpec>>;

/** An instance: each field is the address of its word (or the addresses of its words), `base` that of the first. */
export type Instance<S extends StructSpec> = {
  readonly [K in keyof S]: S[K] extends ArraySpec ? readonly number[] : number;
} & { readonly base: number; readonly index: number };

const plainField: FieldSpec = { count: 1, attr: 0, lock: LockType.None, lockClass: '', flags: [], init: 0 };

/** A word for marked accesses (`READ_ONCE`, atomics). */
export function word(init = 0): FieldSpec {
  return { ...plainField, init };
}
/** A word for plain accesses, checked for data races. */
export function plain(init = 0): FieldSpec {
  return { ...plainField, attr: Attr.Plain, init };
}
/** A word that holds the address of an object; 0 is NULL. */
export function pointer(init = 0): FieldSpec {
  return { ...plainField, attr: Attr.Pointer, init };
}
/** A word of the oracles: read and written at no cost with `machine.ghost*`. */
export function ghost(init = 0): FieldSpec {
  return { ...plainField, attr: Attr.Ghost, init };
}
/** A word whose stores an oracle follows as they reach memory: see `Machine.watcher`. */
export function watched(init = 0): FieldSpec {
  return { ...plainField, attr: Attr.Watched, init };
}
/** A word of named bits; bit i bears the i-th name. */
export function flags(names: readonly string[], init = 0): FieldSpec {
  return { ...plainField, attr: Attr.Flags, flags: names, init };
}
/** The same field with a way to show its values. */
export function shown<F extends FieldSpec>(of: F, show: (value: number) => string): F {
  return { ...of, show };
}
/** `count` words of one kind. */
export function words(count: number, of: FieldSpec = word()): ArraySpec {
  return { ...of, count, array: true };
}
/** A lock; its class is `lockClass`, or the name of struct and field as lockdep does for one init site. */
export function lock(type: keyof typeof LockType, lockClass = ''): FieldSpec {
  return { ...plainField, lock: LockType[type], lockClass };
}

interface NamedWord {
  readonly path: string;
  readonly kind: string;
}

/** A pool of objects that `kmalloc` draws from: see slab.ts. */
export interface SlabCache {
  readonly id: number;
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly count: number;
  /** False for page frames: their content survives a free, and they are reached by number, not by pointer. */
  readonly poison: boolean;
}

/** `pages` of `pages[1]`. */
function kindOfName(name: string): string {
  return name.replace(/\[\d+\]$/, '');
}

/** Words of a layout: a machine of more would be reset and compared too slowly to search anything. */
const MAX_WORDS = 1 << 20;

/**
 * The words of a machine, declared before it is built: each gets an address (an index into the machine's
 * Int32Array) and a name, so that a trace can print `pages[1].flags`.
 */
export class Layout {
  readonly #names: NamedWord[] = [];
  readonly #shows = new Map<number, (value: number) => string>();
  readonly #flagNames = new Map<number, readonly string[]>();
  readonly #lockClasses = new Map<string, number>();
  /** Attribute bits per address (`Attr`). */
  readonly attributes: number[] = [];
  /** Lock type per address (`LockType`). */
  readonly lockTypes: number[] = [];
  /** Lock class per address, an index into `classNames`; -1 where there is no lock. */
  readonly lockClassOf: number[] = [];
  readonly classNames: string[] = [];
  /** First word of the object that holds an address; address dependencies and dumps use it. */
  readonly objectBase: number[] = [];
  /** Number of words of the object that starts at an address; 0 elsewhere. */
  readonly objectSize: number[] = [];
  /** Initial values. */
  readonly initial: number[] = [];
  readonly caches: SlabCache[] = [];
  readonly tlbNames: string[] = [];
  #srcu = 0;

  constructor() {
    // Address 0 is NULL: nothing lives there.
    this.#push('NULL', 'NULL', { ...plainField });
    this.objectBase[0] = 0;
    this.objectSize[0] = 1;
  }

  /** Number of words declared so far. */
  get size(): number {
    return this.#names.length;
  }

  /** Declares one object; `index` is its number among others of its kind, for the model's own use. */
  struct<S extends StructSpec>(name: string, spec: S, index = 0): Instance<S> {
    return this.#instance(name, kindOfName(name), index, spec);
  }

  /** Declares `count` objects `name[0]`, `name[1]`, ... */
  array<S extends StructSpec>(name: string, count: number, spec: S): readonly Instance<S>[] {
    return Array.from({ length: count }, (_, i) => this.#instance(`${name}[${i}]`, name, i, spec));
  }

  /** Declares a slab cache of at most `count` live objects; returns the cache and the object at each slot. */
  cache<S extends StructSpec>(
    name: string,
    count: number,
    spec: S,
    poison = true,
  ): { cache: SlabCache; objects: readonly Instance<S>[] } {
    const base = this.size;
    const objects = this.array(name, count, spec);
    return { cache: this.#cache(name, base, count, poison), objects };
  }

  /**
   * Declares one object, `name`, with a slab cache of its own: for a model whose allocator decides which of its objects
   * it hands out. Its content survives a free.
   */
  single<S extends StructSpec>(
    name: string,
    index: number,
    spec: S,
  ): { cache: SlabCache; object: Instance<S> } {
    const base = this.size;
    const object = this.#instance(name, kindOfName(name), index, spec);
    return { cache: this.#cache(name, base, 1, false), object };
  }

  #cache(name: string, base: number, count: number, poison: boolean): SlabCache {
    const cache = { id: this.caches.length, name, base, size: (this.size - base) / count, count, poison };
    this.caches.push(cache);
    return cache;
  }

  /** Makes a cache of structs that were declared one after the other: each `per` of them are one object. */
  cacheOf(name: string, structs: readonly { readonly base: number }[], per: number): SlabCache {
    const [{ base }] = structs;
    const size = per * this.objectSize[base];
    const cache = { id: this.caches.length, name, base, size, count: structs.length / per, poison: false };
    this.caches.push(cache);
    return cache;
  }

  /** Gives one word an initial value of its own. */
  initialise(address: number, value: number): void {
    this.initial[address] = value;
  }

  /** Declares a translation that TLBs may hold, e.g. `mm0 page 0` or `stage2 gfn 0`; returns its number. */
  tlb(name: string): number {
    this.tlbNames.push(name);
    return this.tlbNames.length - 1;
  }

  /** Declares an SRCU domain; returns its number. */
  srcu(): number {
    return this.#srcu++;
  }
  get srcuDomains(): number {
    return this.#srcu;
  }

  /** The class of a bit lock that lives in a flags word; returns a number for `bitSpinLock` and `folioLock`. */
  lockClass(name: string): number {
    let id = this.#lockClasses.get(name);
    if (id === undefined) {
      id = this.classNames.length;
      if (id >= 31) throw new EngineError('a layout may have at most 31 lock classes');
      this.#lockClasses.set(name, id);
      this.classNames.push(name);
    }
    return id;
  }

  /** `pages[1].flags` */
  nameOf(address: number): string {
    return this.#names[address]?.path ?? `word ${address}`;
  }

  /** The name without indices, `pages.flags`: the kind of object in a signature. */
  kindOf(address: number): string {
    return this.#names[address]?.kind ?? 'word';
  }

  /** Names of the bits of a flags word; empty for others. */
  flagsOf(address: number): readonly string[] {
    return this.#flagNames.get(address) ?? [];
  }

  /** The address of a name such as `pages[1].flags`, or -1. */
  find(name: string): number {
    return this.#names.findIndex(word => word.path === name);
  }

  /** A value as people read it: flag names for flags words, object names for pointers, else the number. */
  show(address: number, value: number): string {
    const show = this.#shows.get(address);
    if (show !== undefined) return show(value);
    const names = this.flagsOf(address);
    if (names.length > 0) {
      const set = names.filter((_, bit) => (value >>> bit) & 1);
      const rest = value & ~((1 << names.length) - 1);
      if (rest !== 0) set.push(`0x${(rest >>> 0).toString(16)}`);
      return set.length > 0 ? set.join('|') : '0';
    }
    if (((this.attributes[address] ?? 0) & Attr.Pointer) !== 0)
      return value === 0 ? 'NULL' : this.objectName(value);
    return String(value);
  }

  /** The name of the object that starts at an address: `tag_buffer[0]`. */
  objectName(base: number): string {
    const path = this.#names[base]?.path;
    if (path === undefined) return String(base);
    const dot = path.lastIndexOf('.');
    return dot < 0 ? path : path.slice(0, dot);
  }

  #push(path: string, kind: string, spec: FieldSpec): number {
    const address = this.#names.length;
    if (address >= MAX_WORDS) throw new EngineError(`a layout may have at most ${MAX_WORDS} words`);
    this.#names.push({ path, kind });
    this.attributes.push(spec.attr);
    this.lockTypes.push(spec.lock);
    this.lockClassOf.push(spec.lock === LockType.None ? -1 : this.lockClass(spec.lockClass || kind));
    if (spec.show !== undefined) this.#shows.set(address, spec.show);
    if (spec.flags.length > 0) this.#flagNames.set(address, spec.flags);
    this.initial.push(spec.init);
    this.objectBase.push(address);
    this.objectSize.push(0);
    return address;
  }

  #instance<S extends StructSpec>(path: string, kind: string, index: number, spec: S): Instance<S> {
    const base = this.size;
    const fields: Record<string, number | readonly number[]> = {};
    for (const [field, of] of Object.entries(spec)) {
      // Schedules name locations between blanks and brackets.
      if (/[\s()]/.test(path + field)) {
        throw new EngineError(`"${path}.${field}" names an object or a field with a blank or a bracket`);
      }
      const addresses = Array.from({ length: of.count }, (_, i) =>
        this.#push(`${path}.${field}${'array' in of ? `[${i}]` : ''}`, `${kind}.${field}`, of),
      );
      fields[field] = 'array' in of ? addresses : (addresses[0] ?? base);
    }
    for (let a = base; a < this.size; a++) this.objectBase[a] = base;
    this.objectSize[base] = this.size - base;
    // Set one by one, not by a spread: then all instances of a spec share one hidden class (a spread gave each of its
    // own, and every `page.flags` of a model was a megamorphic load).
    fields.base = base;
    fields.index = index;
    // The loop above filled exactly the keys of the spec, which the type system cannot follow.
    return fields as Instance<S>;
  }
}
