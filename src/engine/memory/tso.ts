import { Choice, Fence, Order } from '../access.ts';
import type { Layout } from '../layout.ts';
import { Memory, type MemoryHost, Note, rmwFails, type StateKey } from './memory.ts';

/** Stores that a CPU may have delayed at once; the oldest is committed when one more is delayed. */
const DEPTH = 16;

/**
 * x86 total store order (Sewell et al., "x86-TSO", CACM 2010): each CPU has a FIFO store buffer; loads forward
 * from it; full barriers and locked operations drain it.
 */
export class Tso extends Memory {
  override readonly name: string = 'tso';
  readonly #count: Int32Array;
  readonly #address: Int32Array;
  readonly #value: Int32Array;
  readonly #site: Int32Array;
  readonly #snapshot: Int32Array;
  /** Translation (plus one) that the store was done through; 0 if none. */
  readonly #translation: Int32Array;
  /** Earliest begun RCU section that had ended while the store was delayed; 0 if none. */
  readonly #section: Int32Array;

  constructor(layout: Layout, cpus: number, host: MemoryHost) {
    super(layout, cpus, host);
    this.#count = new Int32Array(cpus);
    this.#address = new Int32Array(cpus * DEPTH);
    this.#value = new Int32Array(cpus * DEPTH);
    this.#site = new Int32Array(cpus * DEPTH);
    this.#snapshot = new Int32Array(cpus * DEPTH);
    this.#translation = new Int32Array(cpus * DEPTH);
    this.#section = new Int32Array(cpus * DEPTH);
  }

  protected override resetModel(): void {
    for (let cpu = 0; cpu < this.cpus; cpu++) this.#count[cpu] = 0;
  }

  override settle(): void {
    this.flush(-1);
  }

  override load(cpu: number, address: number, order: number): number {
    const i = this.#count[cpu] === 0 ? -1 : this.#youngest(cpu, address);
    if (i >= 0) {
      this.host.note |= Note.Forwarded;
      return this.#value[i];
    }
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), order);
    return this.words[address];
  }

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    const snapshot = this.race === null ? 0 : this.race.storeSnapshot(cpu, order);
    if (this.host.choose(Choice.Delay, 2) === 0) {
      this.flush(cpu);
      this.#publish(cpu, address, value, site, snapshot);
      return;
    }
    this.host.note |= Note.Delayed;
    if (this.#count[cpu] === DEPTH) this.#commitOldest(cpu);
    const i = cpu * DEPTH + this.#count[cpu]++;
    if (this.#count[cpu] === 1) this.commits++;
    this.#address[i] = address;
    this.#value[i] = value;
    this.#site[i] = site;
    this.#snapshot[i] = snapshot;
    this.#translation[i] = 0;
    this.#section[i] = 0;
  }

  override rmw(
    cpu: number,
    address: number,
    op: number,
    operand: number,
    expected: number,
    order: number,
    site: number,
  ): number {
    this.flush(cpu);
    const old = this.modify(cpu, address, op, operand, expected, site);
    if (rmwFails(op, old, expected)) {
      this.host.note |= Note.Failed;
      if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Relaxed);
    } else if (this.race !== null) this.race.rmw(cpu, address, order);
    return old;
  }

  override fence(cpu: number, fence: number): void {
    if (fence !== Fence.Rmb && fence !== Fence.Wmb) this.flush(cpu);
    if (this.race !== null) this.race.fence(cpu, fence);
  }

  override waitReady(cpu: number, address: number, mask: number, want: number): boolean {
    return (this.newest(cpu, address) & mask) === want;
  }

  override wait(cpu: number, address: number, _mask: number, _want: number, order: number): number {
    return this.load(cpu, address, order);
  }

  override acquireWord(cpu: number, address: number, value: number, site: number): void {
    this.flush(cpu);
    this.touch(address, cpu, site);
    Atomics.store(this.words, address, value);
    if (this.race !== null) this.race.rmw(cpu, address, Order.Acquire);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    this.flush(cpu);
    this.touch(address, cpu, site);
    Atomics.store(this.words, address, value);
    if (this.race !== null) this.race.rmw(cpu, address, Order.Release);
  }

  override walk(cpu: number, address: number): number {
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Acquire);
    return this.words[address];
  }

  override commit(k: number): number {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      if (this.#count[cpu] > 0 && k-- === 0) {
        this.#commitOldest(cpu);
        return cpu;
      }
    }
    return -1;
  }

  override committable(k: number): readonly [number, number] {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      if (this.#count[cpu] > 0 && k-- === 0) return [cpu, this.#address[cpu * DEPTH]];
    }
    return [-1, 0];
  }

  override flush(cpu: number): void {
    if (this.commits === 0) return;
    if (cpu < 0) for (let c = 0; c < this.cpus; c++) while (this.#count[c] > 0) this.#commitOldest(c);
    else while (this.#count[cpu] > 0) this.#commitOldest(cpu);
  }

  override newest(cpu: number, address: number): number {
    const i = this.#youngest(cpu, address);
    return i >= 0 ? this.#value[i] : this.words[address];
  }

  override delayedBy(cpu: number): number {
    return this.#count[cpu];
  }

  override delayed(cpu: number): readonly (readonly [number, number])[] {
    return Array.from({ length: this.#count[cpu] }, (_, i) => {
      return [this.#address[cpu * DEPTH + i], this.#value[cpu * DEPTH + i]] as const;
    });
  }

  override settledFor(_cpu: number, address: number): boolean {
    for (let c = 0; c < this.cpus; c++) if (this.#youngest(c, address) >= 0) return false;
    return true;
  }

  override markTranslation(cpu: number, translation: number): void {
    if ((this.host.note & Note.Delayed) === 0) return;
    this.#translation[cpu * DEPTH + this.#count[cpu] - 1] = translation + 1;
  }

  override translationBusy(translation: number): boolean {
    if (this.commits === 0) return false;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.#count[cpu]; i++)
        if (this.#translation[i] === translation + 1) return true;
    }
    return false;
  }

  // A store may not stay delayed beyond the end of a grace period that waits for the section it was made in.
  override rcuReadUnlock(cpu: number, section: number): void {
    const base = cpu * DEPTH;
    for (let i = base; i < base + this.#count[cpu]; i++) {
      if (this.#section[i] === 0 || this.#section[i] > section) this.#section[i] = section;
    }
  }

  override graceBlocked(section: number): boolean {
    if (this.commits === 0) return false;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.#count[cpu]; i++) {
        if (this.#section[i] !== 0 && this.#section[i] < section) return true;
      }
    }
    return false;
  }

  override gracePeriodStart(cpu: number): void {
    this.fence(cpu, Fence.Mb);
  }
  override gracePeriodEnd(cpu: number): void {
    this.fence(cpu, Fence.Mb);
  }

  override addState(key: StateKey, graces: readonly number[]): void {
    super.addState(key, graces);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      key.add(-1 - cpu);
      for (let i = base; i < base + this.#count[cpu]; i++) {
        key.add(this.#address[i]);
        key.add(this.#value[i]);
        if (this.#section[i] !== 0) for (const grace of graces) key.add(this.#section[i] < grace ? -2 : -3);
      }
    }
  }

  /** Slot of the youngest delayed store of a CPU to a word, or -1. */
  #youngest(cpu: number, address: number): number {
    const base = cpu * DEPTH;
    for (let i = base + this.#count[cpu] - 1; i >= base; i--) if (this.#address[i] === address) return i;
    return -1;
  }

  #publish(cpu: number, address: number, value: number, site: number, snapshot: number): void {
    this.write(cpu, address, value, site);
    if (this.race !== null) this.race.published(address, snapshot);
  }

  #commitOldest(cpu: number): void {
    const base = cpu * DEPTH;
    this.#publish(cpu, this.#address[base], this.#value[base], this.#site[base], this.#snapshot[base]);
    const left = --this.#count[cpu];
    if (left === 0) this.commits--;
    for (let i = base; i < base + left; i++) {
      this.#address[i] = this.#address[i + 1];
      this.#value[i] = this.#value[i + 1];
      this.#site[i] = this.#site[i + 1];
      this.#snapshot[i] = this.#snapshot[i + 1];
      this.#translation[i] = this.#translation[i + 1];
      this.#section[i] = this.#section[i + 1];
    }
  }
}
