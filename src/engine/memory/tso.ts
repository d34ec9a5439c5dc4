import { Choice, Fence, Order } from '../access.ts';
import { BufferedMemory, DEPTH } from './buffered.ts';
import { Note, rmwFails, type StateKey } from './memory.ts';

/**
 * x86 total store order (Sewell et al., "x86-TSO", CACM 2010): each CPU has a FIFO store buffer; loads forward
 * from it; full barriers and locked operations drain it.
 */
export class Tso extends BufferedMemory {
  override readonly name: string = 'tso';

  protected override resetModel(): void {
    for (let cpu = 0; cpu < this.cpus; cpu++) this.count[cpu] = 0;
  }

  override settle(): void {
    this.flush(-1);
  }

  override load(cpu: number, address: number, order: number): number {
    const i = this.count[cpu] === 0 ? -1 : this.youngest(cpu, address);
    if (i >= 0) {
      this.host.note |= Note.Forwarded;
      return this.values[i];
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
    if (this.count[cpu] === DEPTH) this.#commitOldest(cpu);
    this.append(cpu, address, value, site, snapshot);
    if (this.count[cpu] === 1) this.commits++;
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
    this.words[address] = value;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Acquire);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    this.flush(cpu);
    this.touch(address, cpu, site);
    this.words[address] = value;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Release);
  }

  override walk(cpu: number, address: number): number {
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Acquire);
    return this.words[address];
  }

  override commit(k: number): number {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      if (this.count[cpu] > 0 && k-- === 0) {
        this.#commitOldest(cpu);
        return cpu;
      }
    }
    return -1;
  }

  override committable(k: number): readonly [number, number] {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      if (this.count[cpu] > 0 && k-- === 0) return [cpu, this.addresses[cpu * DEPTH]];
    }
    return [-1, 0];
  }

  override flush(cpu: number): void {
    if (this.commits === 0) return;
    if (cpu < 0) for (let c = 0; c < this.cpus; c++) while (this.count[c] > 0) this.#commitOldest(c);
    else while (this.count[cpu] > 0) this.#commitOldest(cpu);
  }

  override newest(cpu: number, address: number): number {
    const i = this.youngest(cpu, address);
    return i >= 0 ? this.values[i] : this.words[address];
  }

  override settledFor(_cpu: number, address: number): boolean {
    for (let c = 0; c < this.cpus; c++) if (this.youngest(c, address) >= 0) return false;
    return true;
  }

  override addState(key: StateKey, graces: readonly number[]): void {
    super.addState(key, graces);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      key.add(-1 - cpu);
      for (let i = base; i < base + this.count[cpu]; i++) {
        key.add(this.addresses[i]);
        key.add(this.values[i]);
        if (this.sections[i] !== 0) for (const grace of graces) key.add(this.sections[i] < grace ? -2 : -3);
      }
    }
  }

  #publish(cpu: number, address: number, value: number, site: number, snapshot: number): void {
    this.write(cpu, address, value, site);
    if (this.race !== null) this.race.published(address, snapshot);
  }

  #commitOldest(cpu: number): void {
    const base = cpu * DEPTH;
    this.#publish(cpu, this.addresses[base], this.values[base], this.storeSites[base], this.snapshots[base]);
    this.take(cpu, base);
    if (this.count[cpu] === 0) this.commits--;
  }
}
