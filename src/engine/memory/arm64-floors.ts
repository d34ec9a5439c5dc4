import { Order } from '../access.ts';
import type { Layout } from '../layout.ts';
import { HISTORY, VersionedMemory } from './arm64-versions.ts';
import { DEPTH } from './buffered.ts';
import type { MemoryHost, StateKey } from './memory.ts';

/** Objects whose address dependencies are remembered per CPU. */
const DEPENDENCIES = 8;
/** Time at which it starts again from 1, long before it leaves the range of small integers. */
const LATE = 0x3f000000;
/** Stale reads of one word in a row after which a CPU must read the newest value. */
const MAX_STALE_STREAK = 4;

/**
 * How far back each CPU may read: a version that was still current at some time not before the CPU's read floor, or that
 * of the load which the address came from, and that is not older than what the CPU already saw or stored there.
 */
export abstract class FlooredMemory extends VersionedMemory {
  /** Per CPU: versions superseded at or before this time are out of reach. */
  protected readonly floor: Int32Array;
  /** Per CPU: latest time of a version read, what smp_rmb raises the floor to. */
  protected readonly readTime: Int32Array;
  /** Per CPU: as `readTime`, of void read-modify-writes, which smp_rmb does not order. */
  protected readonly voidTime: Int32Array;
  /** Per CPU: latest time of a version read before its last unlock; a later lock raises the floor to it (RCtso). */
  protected readonly unlockTime: Int32Array;
  /** Time of the last pointer load or walk, for accesses marked `Order.Dependent`. */
  protected readonly lastPointer: Int32Array;
  readonly #depBase: Int32Array;
  readonly #depEnd: Int32Array;
  readonly #depTime: Int32Array;
  /** Latest of a CPU's `#depTime`. */
  readonly #depLatest: Int32Array;
  readonly #depNext: Int32Array;
  readonly #streakAddress: Int32Array;
  readonly #streak: Int32Array;
  readonly #objectBase: Int32Array;
  readonly #objectEnd: Int32Array;
  /** Time at which the most recently started grace period started; 0 if none. */
  #graceStart = 0;

  constructor(layout: Layout, cpus: number, host: MemoryHost, startTime: number) {
    super(layout, cpus, host, startTime);
    this.floor = new Int32Array(cpus);
    this.readTime = new Int32Array(cpus);
    this.voidTime = new Int32Array(cpus);
    this.unlockTime = new Int32Array(cpus);
    this.lastPointer = new Int32Array(cpus);
    this.#depBase = new Int32Array(cpus * DEPENDENCIES);
    this.#depEnd = new Int32Array(cpus * DEPENDENCIES);
    this.#depTime = new Int32Array(cpus * DEPENDENCIES);
    this.#depLatest = new Int32Array(cpus);
    this.#depNext = new Int32Array(cpus);
    this.#streakAddress = new Int32Array(cpus);
    this.#streak = new Int32Array(cpus);
    this.#objectBase = Int32Array.from(layout.objectBase);
    this.#objectEnd = Int32Array.from(layout.objectBase, base => base + layout.objectSize[base]);
  }

  protected override resetModel(): void {
    if (this.now > LATE) {
      this.now = 1;
      this.since.fill(0);
      this.seen.fill(0);
    }
    this.#graceStart = 0;
    for (let cpu = 0; cpu < this.cpus; cpu++) this.count[cpu] = 0;
    this.#forget();
  }

  /** Makes the present the beginning: no older version can be read by anyone. */
  #forget(): void {
    this.base = ++this.now;
    // Loops, as elsewhere in resets: `fill` leaves compiled code, which costs more than a few words do.
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      this.floor[cpu] = this.now;
      this.readTime[cpu] = 0;
      this.voidTime[cpu] = 0;
      this.unlockTime[cpu] = 0;
      this.#depLatest[cpu] = 0;
      this.#depNext[cpu] = 0;
      this.lastPointer[cpu] = 0;
      this.#streakAddress[cpu] = 0;
    }
    for (let d = 0; d < this.#depTime.length; d++) this.#depTime[d] = 0;
  }

  override settle(): void {
    this.flush(-1);
    this.#forget();
  }

  override rcuReadLock(cpu: number): void {
    if (this.#graceStart > this.floor[cpu]) this.floor[cpu] = this.#graceStart;
  }

  override gracePeriodStart(cpu: number): void {
    super.gracePeriodStart(cpu);
    this.#graceStart = this.now;
  }

  override callbackGraceStart(_cpu: number, _call: number): void {
    this.#graceStart = this.now;
  }

  /** How many superseded versions this CPU could still read. */
  protected reach(cpu: number, address: number, order: number): number {
    const since = this.since[address];
    if (since < this.base) return 0;
    const floor = this.floorOf(cpu, address, order);
    const seen = this.seen[cpu * this.size + address];
    let end = since;
    let n = 0;
    const count = this.oldCount[address];
    while (n < count && end > floor && end > seen) {
      end = this.oldSince[address * HISTORY + ((this.oldHead[address] - n + HISTORY) % HISTORY)];
      n++;
    }
    return n;
  }

  override older(cpu: number, address: number, order: number): readonly number[] {
    const tired = this.#streakAddress[cpu] === address && this.#streak[cpu] >= MAX_STALE_STREAK;
    if (tired || this.youngest(cpu, address) >= 0) return [];
    const n = this.reach(cpu, address, order);
    return Array.from({ length: n }, (_, i) => this.versionValue(address, i + 1));
  }

  override settledFor(cpu: number, address: number): boolean {
    for (let c = 0; c < this.cpus; c++) if (this.youngest(c, address) >= 0) return false;
    return this.reach(cpu, address, Order.Relaxed) === 0;
  }

  /** Whether no address that this CPU could use is later than its floor. */
  protected independent(cpu: number, order: number): boolean {
    const floor = this.floor[cpu];
    return (
      this.#depLatest[cpu] <= floor && ((order & Order.Dependent) === 0 || this.lastPointer[cpu] <= floor)
    );
  }

  /** The floor under which a CPU reads a word: its own, or the time of the load that the address came from. */
  protected floorOf(cpu: number, address: number, order: number): number {
    let floor = this.floor[cpu];
    if ((order & Order.Dependent) !== 0 && this.lastPointer[cpu] > floor) floor = this.lastPointer[cpu];
    if (this.#depLatest[cpu] <= floor) return floor;
    const d0 = cpu * DEPENDENCIES;
    for (let d = d0; d < d0 + DEPENDENCIES; d++) {
      if (this.#depTime[d] > floor && address >= this.#depBase[d] && address < this.#depEnd[d])
        floor = this.#depTime[d];
    }
    return floor;
  }

  /** Whether a CPU has read a word stale so often in a row that it must now read the newest value. */
  protected tired(cpu: number, address: number): boolean {
    if (this.#streakAddress[cpu] !== address || this.#streak[cpu] < MAX_STALE_STREAK) return false;
    this.#streakAddress[cpu] = 0;
    return true;
  }

  protected countStale(cpu: number, address: number, version: number): void {
    if (version === 0) this.#streakAddress[cpu] = 0;
    else if (this.#streakAddress[cpu] === address) this.#streak[cpu]++;
    else {
      this.#streakAddress[cpu] = address;
      this.#streak[cpu] = 1;
    }
  }

  protected pointer(cpu: number, value: number, since: number): void {
    this.lastPointer[cpu] = since;
    if (value <= 0 || value >= this.size || since <= this.floor[cpu]) return;
    // A slot that bears the object already, else one that the floor has overtaken, else the oldest.
    const base = this.#objectBase[value];
    const d0 = cpu * DEPENDENCIES;
    let free = -1;
    for (let d = d0; d < d0 + DEPENDENCIES; d++) {
      if (this.#depTime[d] <= this.floor[cpu]) free = d;
      else if (this.#depBase[d] === base) {
        if (since > this.#depTime[d]) this.#depTime[d] = since;
        if (since > this.#depLatest[cpu]) this.#depLatest[cpu] = since;
        return;
      }
    }
    if (free < 0) {
      // To forget a dependency would show what it forbids: the floor stands in for it.
      free = d0 + this.#depNext[cpu];
      this.#depNext[cpu] = (this.#depNext[cpu] + 1) % DEPENDENCIES;
      this.floor[cpu] = this.#depTime[free];
    }
    this.#depBase[free] = base;
    this.#depEnd[free] = this.#objectEnd[value];
    this.#depTime[free] = since;
    if (since > this.#depLatest[cpu]) this.#depLatest[cpu] = since;
  }

  override retire(cpu: number, from: number, to: number): void {
    for (let a = from; a < to; a++) {
      if (this.count[cpu] !== 0) this.commitAll(cpu, a);
      this.since[a] = 0;
    }
  }

  override catchUp(): void {
    this.flush(-1);
    this.floor.fill(this.now);
  }

  override addTime(key: StateKey, cpu: number, time: number): void {
    key.add(time <= this.floor[cpu] ? 0 : time - this.base);
  }

  override addState(key: StateKey, graces: readonly number[]): void {
    let lowest = this.now;
    for (let cpu = 0; cpu < this.cpus; cpu++) lowest = Math.min(lowest, this.floor[cpu]);
    for (let a = 0; a < this.size; a++) {
      if (this.since[a] < this.base) continue;
      key.add(a);
      key.add(this.words[a]);
      key.add(this.since[a] - this.base);
      let end = this.since[a];
      for (let v = 1; v <= this.oldCount[a] && end > lowest; v++) {
        const slot = a * HISTORY + ((this.oldHead[a] - v + 1 + HISTORY) % HISTORY);
        end = this.oldSince[slot];
        key.add(this.oldValue[slot]);
        key.add(end - this.base);
      }
      for (let cpu = 0; cpu < this.cpus; cpu++) this.addTime(key, cpu, this.seen[cpu * this.size + a]);
    }
    key.add(this.#graceStart === 0 ? 0 : this.#graceStart - this.base);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      key.add(this.floor[cpu] - this.base);
      this.addTime(key, cpu, this.readTime[cpu]);
      this.addTime(key, cpu, this.voidTime[cpu]);
      this.addTime(key, cpu, this.unlockTime[cpu]);
      key.add(this.#streakAddress[cpu]);
      key.add(this.#streakAddress[cpu] === 0 ? 0 : this.#streak[cpu]);
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.count[cpu]; i++) {
        key.add(this.addresses[i]);
        key.add(this.values[i]);
        if (this.sections[i] !== 0) for (const grace of graces) key.add(this.sections[i] < grace ? -2 : -3);
      }
    }
  }
}
