import { Fence, Order, RmwOp } from '../access.ts';
import { Attr, type Layout } from '../layout.ts';
import type { Race } from '../race.ts';

/** Where a memory model asks for its decisions and leaves word of what it did; the machine implements it. */
export interface MemoryHost {
  choose(kind: number, n: number): number;
  /** What the last access did, as bits: see `Note`. */
  note: number;
  /** A store reached a watched word. */
  committed(address: number, old: number, value: number, cpu: number, site: number): void;
}

/** Where a memory tells its state, for searches that remember states. */
export interface StateKey {
  add(value: number): void;
}

/** Bits of `MemoryHost.note`; the number of versions that a stale load looked back is in bits 8 and up. */
export const Note = { Delayed: 1, Forwarded: 2, Failed: 4, Cached: 8, StaleShift: 8 } as const;

/**
 * The words of a machine under one memory model. All words lie in one SharedArrayBuffer; the subclasses add what
 * their model remembers (store buffers, older values). Every method acts at one step of one CPU.
 */
export abstract class Memory {
  abstract readonly name: string;
  readonly words: Int32Array;
  readonly cpus: number;
  readonly size: number;
  /** Site of the store that gave each word its newest value in this execution; 0 if none. */
  readonly lastSite: Int32Array;
  /** CPU of that store, plus one; 0 if none. */
  readonly lastCpu: Int32Array;
  /** How many delayed stores may be committed next; commits are offered as actors at every step. */
  commits = 0;
  /** Data-race clocks, or null if the layout has no plain words. */
  race: Race | null = null;

  protected readonly host: MemoryHost;
  protected readonly watched: Uint8Array;
  readonly #initial: Int32Array;
  readonly #stamp: Int32Array;
  readonly #dirty: Int32Array;
  #dirtyCount = 0;
  #epoch = 1;

  constructor(layout: Layout, cpus: number, host: MemoryHost) {
    this.size = layout.size;
    this.cpus = cpus;
    this.host = host;
    this.words = new Int32Array(new SharedArrayBuffer(4 * this.size));
    this.#initial = Int32Array.from(layout.initial);
    this.words.set(this.#initial);
    this.watched = Uint8Array.from(layout.attributes, attr => ((attr & Attr.Watched) !== 0 ? 1 : 0));
    this.lastSite = new Int32Array(this.size);
    this.lastCpu = new Int32Array(this.size);
    this.#stamp = new Int32Array(this.size);
    this.#dirty = new Int32Array(this.size);
  }

  /** Puts every touched word back to its initial value; costs in proportion to what was touched. */
  reset(): void {
    const { words } = this;
    for (let i = 0; i < this.#dirtyCount; i++) {
      const a = this.#dirty[i];
      words[a] = this.#initial[a];
      this.lastSite[a] = 0;
      this.lastCpu[a] = 0;
    }
    this.#dirtyCount = 0;
    this.commits = 0;
    if (++this.#epoch > 0x3fffffff) {
      this.#stamp.fill(0);
      this.#epoch = 1;
    }
    this.resetModel();
  }

  /** Writes a word with no ordering and no step: setup before the execution, and ghost words. */
  poke(address: number, value: number): void {
    if (this.#stamp[address] !== this.#epoch) this.#touch(address);
    this.words[address] = value;
  }

  /** How many words were written in this execution, and the address of the i-th, in the order of their first write. */
  get touchedCount(): number {
    return this.#dirtyCount;
  }
  touchedAt(i: number): number {
    return this.#dirty[i];
  }

  /** Gives a word its newest value. */
  protected write(cpu: number, address: number, value: number, site: number): void {
    this.touch(address, cpu, site);
    const old = this.words[address];
    this.words[address] = value;
    if (this.watched[address] !== 0) this.host.committed(address, old, value, cpu, site);
  }

  /** Applies a read-modify-write to the newest value of a word; returns the old one. */
  protected modify(
    cpu: number,
    address: number,
    op: number,
    operand: number,
    expected: number,
    site: number,
  ): number {
    this.touch(address, cpu, site);
    const old = rmwAtomic(this.words, address, op, operand, expected);
    if (this.watched[address] !== 0 && !rmwFails(op, old, expected)) {
      this.host.committed(address, old, this.words[address], cpu, site);
    }
    return old;
  }

  protected touch(address: number, cpu: number, site: number): void {
    if (this.#stamp[address] !== this.#epoch) this.#touch(address);
    this.lastSite[address] = site;
    this.lastCpu[address] = cpu + 1;
  }

  #touch(address: number): void {
    this.#stamp[address] = this.#epoch;
    this.#dirty[this.#dirtyCount++] = address;
  }

  /** Whether every CPU's stores to a word have reached memory and this CPU can read only the newest value. */
  settledFor(_cpu: number, _address: number): boolean {
    return true;
  }

  /** The store that a CPU has just made went through a translation: a flush of it waits until all CPUs see the store. */
  markTranslation(_cpu: number, _translation: number): void {}
  /** Whether a store done through a translation is still delayed. */
  translationBusy(_translation: number): boolean {
    return false;
  }
  /** A CPU has flushed a translation, everywhere unless `local`: the stores through it are done, and it knows. */
  translationFlushed(cpu: number, _translation: number, _local: boolean): void {
    this.fence(cpu, Fence.Mb);
  }

  /** Forgets buffers and older values. */
  protected abstract resetModel(): void;
  /** Between setup and the concurrent part: everybody has seen everything. */
  abstract settle(): void;
  abstract load(cpu: number, address: number, order: number): number;
  abstract store(cpu: number, address: number, value: number, order: number, site: number): void;
  /** Read-modify-write; returns the value read. `expected` is for Cmpxchg and AddUnless. */
  abstract rmw(
    cpu: number,
    address: number,
    op: number,
    operand: number,
    expected: number,
    order: number,
    site: number,
  ): number;
  abstract fence(cpu: number, fence: number): void;
  /** Whether this CPU can read a value v with (v & mask) === want. */
  abstract waitReady(cpu: number, address: number, mask: number, want: number): boolean;
  /** Reads such a value (there must be one). */
  abstract wait(cpu: number, address: number, mask: number, want: number, order: number): number;
  /** Takes or changes a lock word as an acquire on its newest value. */
  abstract acquireWord(cpu: number, address: number, value: number, site: number): void;
  /** Gives back a lock whose unlock is a mere store-release (spinlocks): it may be delayed as any other. */
  unlockWord(cpu: number, address: number, site: number): void {
    this.store(cpu, address, 0, Order.Release, site);
  }
  /** Changes a lock word by a releasing read-modify-write: all earlier stores of this CPU first. */
  abstract releaseWord(cpu: number, address: number, value: number, site: number): void;
  /** A page-table walk: reads memory, never the store buffer; orders what is read through the entry. */
  abstract walk(cpu: number, address: number): number;
  /** Time of the version that the last pointer load or walk of a CPU returned, for the TLB. */
  pointerTime(_cpu: number): number {
    return 0;
  }
  /** An access through a cached translation is ordered as the walk that filled it. */
  usePointerTime(_cpu: number, _time: number): void {}
  /**
   * What the next store of a CPU depends on, if that is known exactly (litmus tests); else a model to which it matters
   * takes all earlier loads of the CPU.
   */
  useStoreTime(_cpu: number, _time: number): void {}
  /** The later of two pointer times. */
  laterTime(a: number, b: number): number {
    return Math.max(a, b);
  }
  /** Adds a pointer time to the key of a state. */
  addTime(_key: StateKey, _cpu: number, _time: number): void {}
  /**
   * Adds all that the rest of the execution depends on to the key of a state; `graces` are the numbers of the grace
   * periods that CPUs wait for, 0 for CPUs that do not.
   */
  addState(key: StateKey, _graces: readonly number[]): void {
    for (let a = 0; a < this.size; a++) if (this.words[a] !== 0) key.add((a << 16) ^ this.words[a]);
  }
  /** Commits the k-th committable store, 0 <= k < commits; returns the CPU whose store it was. */
  abstract commit(k: number): number;
  /** CPU and address of the k-th committable store, as [cpu, address]. */
  abstract committable(k: number): readonly [cpu: number, address: number];
  /** Commits all delayed stores of a CPU, or of all CPUs if -1. */
  abstract flush(cpu: number): void;
  /** The newest value that this CPU could read without going back: its own delayed store, or memory. */
  abstract newest(cpu: number, address: number): number;
  /** How many stores a CPU delays. */
  delayedBy(_cpu: number): number {
    return 0;
  }
  /** Whether a CPU still delays a store to a word from `from` up to, not including, `to`. */
  delaysInto(cpu: number, from: number, to: number): boolean {
    return this.commits !== 0 && this.delayed(cpu).some(([address]) => address >= from && address < to);
  }
  /**
   * The object at these words is being freed by a CPU: what that CPU stored there reaches memory first (coherence),
   * and nobody reads values of this life in the next one, for which the allocator's own ordering sees.
   */
  retire(cpu: number, from: number, to: number): void {
    if (this.delaysInto(cpu, from, to)) this.flush(cpu);
  }
  /** Fairness for CPUs that have spun for long: nothing stays delayed, nobody looks back. */
  catchUp(): void {
    this.flush(-1);
  }
  /** Delayed stores of a CPU, oldest first, as [address, value] pairs; for display. */
  abstract delayed(cpu: number): readonly (readonly [address: number, value: number])[];
  /**
   * Values older than the newest that a load of `order` by a CPU could return now, youngest first: one that waits for
   * a value takes those that fit. Decides nothing and changes nothing; for display.
   */
  older(_cpu: number, _address: number, _order: number): readonly number[] {
    return [];
  }
  /** Outermost rcu_read_lock / srcu_read_lock. */
  rcuReadLock(_cpu: number): void {}
  /** Outermost rcu_read_unlock; `section` is its number. */
  rcuReadUnlock(_cpu: number, _section: number): void {}
  /** Start of a grace period: a full barrier of the caller. */
  abstract gracePeriodStart(cpu: number): void;
  /** Whether a store marked by a section begun before `section` is still delayed. */
  graceBlocked(_section: number): boolean {
    return false;
  }
  /** End of a grace period: a full barrier of the caller. */
  abstract gracePeriodEnd(cpu: number): void;
  /** Whether grace periods of callbacks may as well start with the call: to start later would show nothing more. */
  readonly startsAtCall: boolean = false;
  /** A `call_rcu`, with its number among those of sections: it orders nothing for the CPU. */
  callRcu(_cpu: number, _call: number): void {}
  /** Whether a CPU still delays a store that it made before its `call_rcu` with a number. */
  delaysBefore(_cpu: number, _call: number): boolean {
    return false;
  }
  /** The grace period of an earlier `call_rcu` starts, after what that CPU did before the call. */
  callbackGraceStart(_cpu: number, _call: number): void {}
  /** It ends: a full barrier of the CPU, which runs the callback next. */
  callbackGraceEnd(cpu: number, _call: number): void {
    this.gracePeriodEnd(cpu);
  }
}

/** The value that a read-modify-write leaves, or `old` if a conditional one fails. */
export function rmwResult(op: number, old: number, operand: number, expected: number): number {
  switch (op) {
    case RmwOp.Xchg:
      return operand;
    case RmwOp.Cmpxchg:
      return old === expected ? operand : old;
    case RmwOp.Add:
      return (old + operand) | 0;
    case RmwOp.Or:
      return old | operand;
    case RmwOp.AndNot:
      return old & ~operand;
    case RmwOp.Xor:
      return old ^ operand;
    case RmwOp.OrUnlessSet:
      return (old & expected) !== 0 ? old : old | operand;
    default:
      return old === expected ? old : (old + operand) | 0;
  }
}

/** Whether a read-modify-write is a conditional one. */
export function rmwMayFail(op: number): boolean {
  return op === RmwOp.Cmpxchg || op >= RmwOp.AddUnless;
}

/** Whether a conditional read-modify-write that reads `old` does not write. */
export function rmwFails(op: number, old: number, expected: number): boolean {
  if (op === RmwOp.Cmpxchg) return old !== expected;
  if (op === RmwOp.AddUnless) return old === expected;
  return op === RmwOp.OrUnlessSet && (old & expected) !== 0;
}

/** Applies a read-modify-write to memory with Atomics; returns the old value. */
function rmwAtomic(
  words: Int32Array,
  address: number,
  op: number,
  operand: number,
  expected: number,
): number {
  switch (op) {
    case RmwOp.Xchg:
      return Atomics.exchange(words, address, operand);
    case RmwOp.Cmpxchg:
      return Atomics.compareExchange(words, address, expected, operand);
    case RmwOp.Add:
      return Atomics.add(words, address, operand);
    case RmwOp.Or:
      return Atomics.or(words, address, operand);
    case RmwOp.AndNot:
      return Atomics.and(words, address, ~operand);
    case RmwOp.Xor:
      return Atomics.xor(words, address, operand);
    case RmwOp.OrUnlessSet: {
      const old = Atomics.load(words, address);
      if ((old & expected) === 0) Atomics.store(words, address, old | operand);
      return old;
    }
    default: {
      const old = Atomics.load(words, address);
      if (old !== expected) Atomics.store(words, address, (old + operand) | 0);
      return old;
    }
  }
}
