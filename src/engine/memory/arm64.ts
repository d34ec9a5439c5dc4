import { Choice, Fence, Order } from '../access.ts';
import type { Layout } from '../layout.ts';
import { FlooredMemory } from './arm64-floors.ts';
import { HISTORY } from './arm64-versions.ts';
import { type MemoryHost, Note, rmwFails, rmwMayFail } from './memory.ts';

/** Loads that later ones may be ordered after through more than the time of their value. */
const HEADS = Order.Acquire | Order.Pointer | Order.Dependent;

/**
 * Delayed stores and stale loads, other-multi-copy-atomic. `now` counts commits to memory; a version of a word is
 * current from its commit until that of the next. A load returns a version that was still current at some time
 * not before the CPU's read floor and that is not older than what the CPU already saw or stored there. The rules
 * are those of memory-semantics section 1, where each is checked against litmus tests.
 *
 * What it leaves out: loads delayed past later stores (load buffering), stores that reach CPUs at different
 * times, coherence decided late, and the delayed store half of a relaxed read-modify-write.
 */
export class Arm64 extends FlooredMemory {
  override readonly name: string = 'arm64';

  /** `startTime` is for tests of what happens when time runs out. */
  constructor(layout: Layout, cpus: number, host: MemoryHost, startTime = 1) {
    super(layout, cpus, host, startTime);
  }

  override load(cpu: number, address: number, order: number): number {
    if (this.count[cpu] !== 0) {
      const i = this.youngest(cpu, address);
      if (i >= 0) return this.#forward(cpu, i, order);
    }
    const floor = this.floor[cpu];
    if (this.since[address] <= floor && ((order & HEADS) === 0 || this.independent(cpu, order))) {
      // This CPU sees this version or a later one from here on; nothing to remember.
      if ((order & Order.Pointer) !== 0) this.lastPointer[cpu] = floor;
      if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), order);
      return this.words[address];
    }
    return this.#loadVersion(cpu, address, order, 0, 0);
  }

  /** Chooses among the versions in reach whose value v satisfies (v & mask) === want. */
  #loadVersion(cpu: number, address: number, order: number, mask: number, want: number): number {
    const n = this.reach(cpu, address, order);
    let version = 0;
    if (n > 0 && !this.tired(cpu, address)) version = this.#chooseVersion(cpu, address, n, mask, want);
    return this.#readVersion(cpu, address, version, order);
  }

  #chooseVersion(cpu: number, address: number, n: number, mask: number, want: number): number {
    let version: number;
    if (mask === 0) version = this.host.choose(Choice.Stale, n + 1);
    else {
      let fitting = 0;
      for (let v = 0; v <= n; v++) if ((this.versionValue(address, v) & mask) === want) fitting++;
      let k = fitting > 1 ? this.host.choose(Choice.Stale, fitting) : 0;
      version = 0;
      for (let v = 0; v <= n; v++) {
        if ((this.versionValue(address, v) & mask) === want && k-- === 0) {
          version = v;
          break;
        }
      }
    }
    this.countStale(cpu, address, version);
    return version;
  }

  #readVersion(cpu: number, address: number, version: number, order: number): number {
    let value: number;
    let since: number;
    let snapshot: number;
    if (version === 0) {
      value = this.words[address];
      since = this.since[address];
      snapshot = this.race === null ? 0 : this.race.current(address);
    } else {
      this.host.note |= version << Note.StaleShift;
      const slot = address * HISTORY + ((this.oldHead[address] - version + 1 + HISTORY) % HISTORY);
      value = this.oldValue[slot];
      since = this.oldSince[slot];
      snapshot = this.oldSnapshot[slot];
    }
    this.seen[cpu * this.size + address] = since;
    // What is ordered after this load is ordered after what this load was ordered after.
    const time = Math.max(since, this.floorOf(cpu, address, order));
    if ((order & Order.Void) === 0 && time > this.readTime[cpu]) this.readTime[cpu] = time;
    if ((order & Order.Acquire) !== 0) this.floor[cpu] = time;
    if ((order & Order.Pointer) !== 0) this.pointer(cpu, value, time);
    if (this.race !== null) this.race.loaded(cpu, address, snapshot, order);
    return value;
  }

  /**
   * A load that forwards from the CPU's own delayed store. Its address dependency reaches back to the loads that
   * the stored value came from (LKMM dep;rfi); without taint that is taken to be the newest read of this CPU.
   */
  #forward(cpu: number, i: number, order: number): number {
    this.host.note |= Note.Forwarded;
    if ((order & Order.Pointer) !== 0) this.pointer(cpu, this.values[i], this.readTime[cpu]);
    return this.values[i];
  }

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    if ((order & Order.Release) !== 0) this.flush(cpu);
    const snapshot = this.race === null ? 0 : this.race.storeSnapshot(cpu, order);
    if (this.host.choose(Choice.Delay, 2) === 0) {
      if (this.count[cpu] !== 0) this.commitAll(cpu, address);
      this.publish(cpu, address, value, site, snapshot);
      return;
    }
    this.host.note |= Note.Delayed;
    this.delay(cpu, address, value, site, snapshot);
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
    if (this.count[cpu] !== 0) {
      const i = this.youngest(cpu, address);
      if (i >= 0) {
        if (rmwFails(op, this.values[i], expected)) {
          this.host.note |= Note.Failed;
          return this.#forward(cpu, i, order);
        }
        this.commitAll(cpu, address);
      }
    }
    if (rmwMayFail(op)) {
      const version = this.#failingVersion(cpu, address, op, expected);
      if (version >= 0) {
        this.host.note |= Note.Failed;
        return this.#readVersion(cpu, address, version, order & (Order.Void | Order.Pointer));
      }
    }
    if ((order & (Order.Release | Order.Full)) !== 0) this.flush(cpu);
    const time = Math.max(this.since[address], this.floorOf(cpu, address, order));
    if ((order & Order.Void) !== 0) this.voidTime[cpu] = Math.max(this.voidTime[cpu], time);
    else if (time > this.readTime[cpu]) this.readTime[cpu] = time;
    if ((order & Order.Acquire) !== 0) this.floor[cpu] = time;
    if ((order & Order.Pointer) !== 0) this.pointer(cpu, this.words[address], time);
    this.remember(address);
    const old = this.modify(cpu, address, op, operand, expected, site);
    this.renew(cpu, address);
    if ((order & Order.Full) !== 0) this.floor[cpu] = this.now;
    if (this.race !== null) this.race.rmw(cpu, address, order);
    return old;
  }

  /**
   * The version that a conditional read-modify-write reads and fails on, or -1 if it succeeds. A failed one is a
   * relaxed load and may be stale; it may also fail because it is stale.
   */
  #failingVersion(cpu: number, address: number, op: number, expected: number): number {
    const failsNow = rmwFails(op, this.words[address], expected);
    let n = this.reach(cpu, address, 0);
    if (n > 0 && this.tired(cpu, address)) n = 0;
    let options = 1;
    for (let v = 1; v <= n; v++) if (rmwFails(op, this.versionValue(address, v), expected)) options++;
    let k = options > 1 ? this.host.choose(Choice.Stale, options) : 0;
    let version = 0;
    while (k > 0) if (rmwFails(op, this.versionValue(address, ++version), expected)) k--;
    this.countStale(cpu, address, version);
    return version === 0 && !failsNow ? -1 : version;
  }

  override fence(cpu: number, fence: number): void {
    if (fence === Fence.Rmb) {
      if (this.readTime[cpu] > this.floor[cpu]) this.floor[cpu] = this.readTime[cpu];
    } else {
      this.flush(cpu);
      if (fence !== Fence.Wmb) this.floor[cpu] = this.now;
    }
    if (this.race !== null) this.race.fence(cpu, fence);
  }

  override waitReady(cpu: number, address: number, mask: number, want: number): boolean {
    return (this.newest(cpu, address) & mask) === want;
  }

  override wait(cpu: number, address: number, mask: number, want: number, order: number): number {
    if (this.count[cpu] !== 0) {
      const i = this.youngest(cpu, address);
      if (i >= 0) return this.#forward(cpu, i, order);
    }
    return this.#loadVersion(cpu, address, order, mask, want);
  }

  override acquireWord(cpu: number, address: number, value: number, site: number): void {
    if (this.count[cpu] !== 0) this.commitAll(cpu, address);
    const time = Math.max(this.since[address], this.floorOf(cpu, address, Order.Relaxed));
    if (time > this.readTime[cpu]) this.readTime[cpu] = time;
    this.floor[cpu] = Math.max(time, this.unlockTime[cpu]);
    this.remember(address);
    this.touch(address, cpu, site);
    this.words[address] = value;
    this.renew(cpu, address);
    if (this.race !== null) this.race.rmw(cpu, address, Order.Acquire);
  }

  override unlockWord(cpu: number, address: number, site: number): void {
    this.unlockTime[cpu] = Math.max(this.readTime[cpu], this.voidTime[cpu]);
    super.unlockWord(cpu, address, site);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    this.unlockTime[cpu] = Math.max(this.readTime[cpu], this.voidTime[cpu]);
    this.flush(cpu);
    this.remember(address);
    this.touch(address, cpu, site);
    this.words[address] = value;
    this.renew(cpu, address);
    if (this.race !== null) this.race.rmw(cpu, address, Order.Release);
  }

  override walk(cpu: number, address: number): number {
    // The walker sees memory as it is; older entries come from the TLB.
    this.lastPointer[cpu] = this.since[address] < this.base ? 0 : this.since[address];
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Acquire);
    return this.words[address];
  }

  override pointerTime(cpu: number): number {
    return this.lastPointer[cpu];
  }

  override usePointerTime(cpu: number, time: number): void {
    this.lastPointer[cpu] = time;
  }
}
