import { Choice, Fence, Order } from '../access.ts';
import type { Layout } from '../layout.ts';
import { BufferedMemory, DEPTH } from './buffered.ts';
import { type MemoryHost, Note, rmwFails, rmwMayFail, type StateKey } from './memory.ts';

/** Older values kept per word; loads look back at most this far. */
const HISTORY = 8;
/** Objects whose address dependencies are remembered per CPU. */
const DEPENDENCIES = 8;
/** Time at which it starts again from 1, long before it leaves the range of small integers. */
const LATE = 0x3f000000;
/** Stale reads of one word in a row after which a CPU must read the newest value. */
const MAX_STALE_STREAK = 4;
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
export class Arm64 extends BufferedMemory {
  override readonly name: string = 'arm64';

  // Time runs on from one execution to the next; what was written before `#base` counts as initial. Saves a reset.
  #now: number;
  #base = 1;
  /** Time from which the newest version of each word is current. */
  readonly #since: Int32Array;
  /** Ring of superseded versions per word: value, time from which it was current, snapshot. */
  readonly #oldValue: Int32Array;
  readonly #oldSince: Int32Array;
  readonly #oldSnapshot: Int32Array;
  /** Versions in the ring since `#base`, never more than HISTORY; `#oldHead` is the slot of the youngest. */
  readonly #oldCount: Int32Array;
  readonly #oldHead: Int32Array;
  /** Per CPU and word: time of the version last read or written there. */
  readonly #seen: Int32Array;
  /** Per CPU: versions superseded at or before this time are out of reach. */
  readonly #floor: Int32Array;
  /** Per CPU: latest time of a version read, what smp_rmb raises the floor to. */
  readonly #readTime: Int32Array;
  /** Per CPU: as `#readTime`, of void read-modify-writes, which smp_rmb does not order. */
  readonly #voidTime: Int32Array;
  /** Per CPU: latest time of a version read before its last unlock; a later lock raises the floor to it (RCtso). */
  readonly #unlockTime: Int32Array;
  readonly #depBase: Int32Array;
  readonly #depEnd: Int32Array;
  readonly #depTime: Int32Array;
  /** Latest of a CPU's `#depTime`. */
  readonly #depLatest: Int32Array;
  readonly #depNext: Int32Array;
  /** Time of the last pointer load or walk, for accesses marked `Order.Dependent`. */
  readonly #lastPointer: Int32Array;
  readonly #streakAddress: Int32Array;
  readonly #streak: Int32Array;
  readonly #objectBase: Int32Array;
  readonly #objectEnd: Int32Array;

  /** 1 if no older delayed store of this CPU is to the same word: it may be committed next. */
  readonly #first: Int32Array;
  /** Time at which the most recently started grace period started; 0 if none. */
  #graceStart = 0;

  /** `startTime` is for tests of what happens when time runs out. */
  constructor(layout: Layout, cpus: number, host: MemoryHost, startTime = 1) {
    super(layout, cpus, host);
    this.#now = startTime;
    const n = this.size;
    this.#since = new Int32Array(n);
    this.#oldValue = new Int32Array(n * HISTORY);
    this.#oldSince = new Int32Array(n * HISTORY);
    this.#oldSnapshot = new Int32Array(n * HISTORY);
    this.#oldCount = new Int32Array(n);
    this.#oldHead = new Int32Array(n);
    this.#seen = new Int32Array(cpus * n);
    this.#floor = new Int32Array(cpus);
    this.#readTime = new Int32Array(cpus);
    this.#voidTime = new Int32Array(cpus);
    this.#unlockTime = new Int32Array(cpus);
    this.#depBase = new Int32Array(cpus * DEPENDENCIES);
    this.#depEnd = new Int32Array(cpus * DEPENDENCIES);
    this.#depTime = new Int32Array(cpus * DEPENDENCIES);
    this.#depLatest = new Int32Array(cpus);
    this.#depNext = new Int32Array(cpus);
    this.#lastPointer = new Int32Array(cpus);
    this.#streakAddress = new Int32Array(cpus);
    this.#streak = new Int32Array(cpus);
    this.#objectBase = Int32Array.from(layout.objectBase);
    this.#objectEnd = Int32Array.from(layout.objectBase, base => base + layout.objectSize[base]);
    this.#first = new Int32Array(cpus * DEPTH);
  }

  protected override resetModel(): void {
    if (this.#now > LATE) {
      this.#now = 1;
      this.#since.fill(0);
      this.#seen.fill(0);
    }
    this.#graceStart = 0;
    for (let cpu = 0; cpu < this.cpus; cpu++) this.count[cpu] = 0;
    this.#forget();
  }

  /** Makes the present the beginning: no older version can be read by anyone. */
  #forget(): void {
    this.#base = ++this.#now;
    // Loops, as elsewhere in resets: `fill` leaves compiled code, which costs more than a few words do.
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      this.#floor[cpu] = this.#now;
      this.#readTime[cpu] = 0;
      this.#voidTime[cpu] = 0;
      this.#unlockTime[cpu] = 0;
      this.#depLatest[cpu] = 0;
      this.#depNext[cpu] = 0;
      this.#lastPointer[cpu] = 0;
      this.#streakAddress[cpu] = 0;
    }
    for (let d = 0; d < this.#depTime.length; d++) this.#depTime[d] = 0;
  }

  override settle(): void {
    this.flush(-1);
    this.#forget();
  }

  override load(cpu: number, address: number, order: number): number {
    if (this.count[cpu] !== 0) {
      const i = this.youngest(cpu, address);
      if (i >= 0) return this.#forward(cpu, i, order);
    }
    const floor = this.#floor[cpu];
    if (this.#since[address] <= floor && ((order & HEADS) === 0 || this.#independent(cpu, order))) {
      // This CPU sees this version or a later one from here on; nothing to remember.
      if ((order & Order.Pointer) !== 0) this.#lastPointer[cpu] = floor;
      if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), order);
      return this.words[address];
    }
    return this.#loadVersion(cpu, address, order, 0, 0);
  }

  /** Chooses among the versions in reach whose value v satisfies (v & mask) === want. */
  #loadVersion(cpu: number, address: number, order: number, mask: number, want: number): number {
    const n = this.#reach(cpu, address, order);
    let version = 0;
    if (n > 0 && !this.#tired(cpu, address)) version = this.#chooseVersion(cpu, address, n, mask, want);
    return this.#readVersion(cpu, address, version, order);
  }

  /** How many superseded versions this CPU could still read. */
  #reach(cpu: number, address: number, order: number): number {
    const since = this.#since[address];
    if (since < this.#base) return 0;
    const floor = this.#floorOf(cpu, address, order);
    const seen = this.#seen[cpu * this.size + address];
    let end = since;
    let n = 0;
    const count = this.#oldCount[address];
    while (n < count && end > floor && end > seen) {
      end = this.#oldSince[address * HISTORY + ((this.#oldHead[address] - n + HISTORY) % HISTORY)];
      n++;
    }
    return n;
  }

  /** Whether no address that this CPU could use is later than its floor. */
  #independent(cpu: number, order: number): boolean {
    const floor = this.#floor[cpu];
    return (
      this.#depLatest[cpu] <= floor && ((order & Order.Dependent) === 0 || this.#lastPointer[cpu] <= floor)
    );
  }

  /** The floor under which a CPU reads a word: its own, or the time of the load that the address came from. */
  #floorOf(cpu: number, address: number, order: number): number {
    let floor = this.#floor[cpu];
    if ((order & Order.Dependent) !== 0 && this.#lastPointer[cpu] > floor) floor = this.#lastPointer[cpu];
    if (this.#depLatest[cpu] <= floor) return floor;
    const d0 = cpu * DEPENDENCIES;
    for (let d = d0; d < d0 + DEPENDENCIES; d++) {
      if (this.#depTime[d] > floor && address >= this.#depBase[d] && address < this.#depEnd[d])
        floor = this.#depTime[d];
    }
    return floor;
  }

  /** Whether a CPU has read a word stale so often in a row that it must now read the newest value. */
  #tired(cpu: number, address: number): boolean {
    if (this.#streakAddress[cpu] !== address || this.#streak[cpu] < MAX_STALE_STREAK) return false;
    this.#streakAddress[cpu] = 0;
    return true;
  }

  #valueOf(address: number, version: number): number {
    if (version === 0) return this.words[address];
    return this.#oldValue[address * HISTORY + ((this.#oldHead[address] - version + 1 + HISTORY) % HISTORY)];
  }

  #chooseVersion(cpu: number, address: number, n: number, mask: number, want: number): number {
    let version: number;
    if (mask === 0) version = this.host.choose(Choice.Stale, n + 1);
    else {
      let fitting = 0;
      for (let v = 0; v <= n; v++) if ((this.#valueOf(address, v) & mask) === want) fitting++;
      let k = fitting > 1 ? this.host.choose(Choice.Stale, fitting) : 0;
      version = 0;
      for (let v = 0; v <= n; v++) {
        if ((this.#valueOf(address, v) & mask) === want && k-- === 0) {
          version = v;
          break;
        }
      }
    }
    this.#countStale(cpu, address, version);
    return version;
  }

  #countStale(cpu: number, address: number, version: number): void {
    if (version === 0) this.#streakAddress[cpu] = 0;
    else if (this.#streakAddress[cpu] === address) this.#streak[cpu]++;
    else {
      this.#streakAddress[cpu] = address;
      this.#streak[cpu] = 1;
    }
  }

  #readVersion(cpu: number, address: number, version: number, order: number): number {
    let value: number;
    let since: number;
    let snapshot: number;
    if (version === 0) {
      value = this.words[address];
      since = this.#since[address];
      snapshot = this.race === null ? 0 : this.race.current(address);
    } else {
      this.host.note |= version << Note.StaleShift;
      const slot = address * HISTORY + ((this.#oldHead[address] - version + 1 + HISTORY) % HISTORY);
      value = this.#oldValue[slot];
      since = this.#oldSince[slot];
      snapshot = this.#oldSnapshot[slot];
    }
    this.#seen[cpu * this.size + address] = since;
    // What is ordered after this load is ordered after what this load was ordered after.
    const time = Math.max(since, this.#floorOf(cpu, address, order));
    if ((order & Order.Void) === 0 && time > this.#readTime[cpu]) this.#readTime[cpu] = time;
    if ((order & Order.Acquire) !== 0) this.#floor[cpu] = time;
    if ((order & Order.Pointer) !== 0) this.#pointer(cpu, value, time);
    if (this.race !== null) this.race.loaded(cpu, address, snapshot, order);
    return value;
  }

  /**
   * A load that forwards from the CPU's own delayed store. Its address dependency reaches back to the loads that
   * the stored value came from (LKMM dep;rfi); without taint that is taken to be the newest read of this CPU.
   */
  #forward(cpu: number, i: number, order: number): number {
    this.host.note |= Note.Forwarded;
    if ((order & Order.Pointer) !== 0) this.#pointer(cpu, this.values[i], this.#readTime[cpu]);
    return this.values[i];
  }

  #pointer(cpu: number, value: number, since: number): void {
    this.#lastPointer[cpu] = since;
    if (value <= 0 || value >= this.size || since <= this.#floor[cpu]) return;
    // A slot that bears the object already, else one that the floor has overtaken, else the oldest.
    const base = this.#objectBase[value];
    const d0 = cpu * DEPENDENCIES;
    let free = -1;
    for (let d = d0; d < d0 + DEPENDENCIES; d++) {
      if (this.#depTime[d] <= this.#floor[cpu]) free = d;
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
      this.#floor[cpu] = this.#depTime[free];
    }
    this.#depBase[free] = base;
    this.#depEnd[free] = this.#objectEnd[value];
    this.#depTime[free] = since;
    if (since > this.#depLatest[cpu]) this.#depLatest[cpu] = since;
  }

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    if ((order & Order.Release) !== 0) this.flush(cpu);
    const snapshot = this.race === null ? 0 : this.race.storeSnapshot(cpu, order);
    if (this.host.choose(Choice.Delay, 2) === 0) {
      if (this.count[cpu] !== 0) this.#commitAll(cpu, address);
      this.#publish(cpu, address, value, site, snapshot);
      return;
    }
    this.host.note |= Note.Delayed;
    if (this.count[cpu] === DEPTH) this.#commitAt(cpu, cpu * DEPTH);
    const i = cpu * DEPTH + this.count[cpu];
    this.#first[i] = this.youngest(cpu, address) < 0 ? 1 : 0;
    this.commits += this.#first[i];
    this.count[cpu]++;
    this.addresses[i] = address;
    this.values[i] = value;
    this.storeSites[i] = site;
    this.snapshots[i] = snapshot;
    this.translations[i] = 0;
    this.sections[i] = 0;
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
        this.#commitAll(cpu, address);
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
    const time = Math.max(this.#since[address], this.#floorOf(cpu, address, order));
    if ((order & Order.Void) !== 0) this.#voidTime[cpu] = Math.max(this.#voidTime[cpu], time);
    else if (time > this.#readTime[cpu]) this.#readTime[cpu] = time;
    if ((order & Order.Acquire) !== 0) this.#floor[cpu] = time;
    if ((order & Order.Pointer) !== 0) this.#pointer(cpu, this.words[address], time);
    this.#remember(address);
    const old = this.modify(cpu, address, op, operand, expected, site);
    this.#since[address] = ++this.#now;
    this.#seen[cpu * this.size + address] = this.#now;
    if ((order & Order.Full) !== 0) this.#floor[cpu] = this.#now;
    if (this.race !== null) this.race.rmw(cpu, address, order);
    return old;
  }

  /**
   * The version that a conditional read-modify-write reads and fails on, or -1 if it succeeds. A failed one is a
   * relaxed load and may be stale; it may also fail because it is stale.
   */
  #failingVersion(cpu: number, address: number, op: number, expected: number): number {
    const failsNow = rmwFails(op, this.words[address], expected);
    let n = this.#reach(cpu, address, 0);
    if (n > 0 && this.#tired(cpu, address)) n = 0;
    let options = 1;
    for (let v = 1; v <= n; v++) if (rmwFails(op, this.#valueOf(address, v), expected)) options++;
    let k = options > 1 ? this.host.choose(Choice.Stale, options) : 0;
    let version = 0;
    while (k > 0) if (rmwFails(op, this.#valueOf(address, ++version), expected)) k--;
    this.#countStale(cpu, address, version);
    return version === 0 && !failsNow ? -1 : version;
  }

  override fence(cpu: number, fence: number): void {
    if (fence === Fence.Rmb) {
      if (this.#readTime[cpu] > this.#floor[cpu]) this.#floor[cpu] = this.#readTime[cpu];
    } else {
      this.flush(cpu);
      if (fence !== Fence.Wmb) this.#floor[cpu] = this.#now;
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
    if (this.count[cpu] !== 0) this.#commitAll(cpu, address);
    const time = Math.max(this.#since[address], this.#floorOf(cpu, address, Order.Relaxed));
    if (time > this.#readTime[cpu]) this.#readTime[cpu] = time;
    this.#floor[cpu] = Math.max(time, this.#unlockTime[cpu]);
    this.#remember(address);
    this.touch(address, cpu, site);
    this.words[address] = value;
    this.#since[address] = ++this.#now;
    this.#seen[cpu * this.size + address] = this.#now;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Acquire);
  }

  override unlockWord(cpu: number, address: number, site: number): void {
    this.#unlockTime[cpu] = Math.max(this.#readTime[cpu], this.#voidTime[cpu]);
    super.unlockWord(cpu, address, site);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    this.#unlockTime[cpu] = Math.max(this.#readTime[cpu], this.#voidTime[cpu]);
    this.flush(cpu);
    this.#remember(address);
    this.touch(address, cpu, site);
    this.words[address] = value;
    this.#since[address] = ++this.#now;
    this.#seen[cpu * this.size + address] = this.#now;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Release);
  }

  override walk(cpu: number, address: number): number {
    // The walker sees memory as it is; older entries come from the TLB.
    this.#lastPointer[cpu] = this.#since[address] < this.#base ? 0 : this.#since[address];
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Acquire);
    return this.words[address];
  }

  override pointerTime(cpu: number): number {
    return this.#lastPointer[cpu];
  }

  override usePointerTime(cpu: number, time: number): void {
    this.#lastPointer[cpu] = time;
  }

  override commit(k: number): number {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.count[cpu]; i++) {
        if (this.#first[i] === 1 && k-- === 0) {
          this.#commitAt(cpu, i);
          return cpu;
        }
      }
    }
    return -1;
  }

  override committable(k: number): readonly [number, number] {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.count[cpu]; i++) {
        if (this.#first[i] === 1 && k-- === 0) return [cpu, this.addresses[i]];
      }
    }
    return [-1, 0];
  }

  override flush(cpu: number): void {
    if (this.commits === 0) return;
    if (cpu < 0) for (let c = 0; c < this.cpus; c++) while (this.count[c] > 0) this.#commitAt(c, c * DEPTH);
    else while (this.count[cpu] > 0) this.#commitAt(cpu, cpu * DEPTH);
  }

  override newest(cpu: number, address: number): number {
    const i = this.count[cpu] === 0 ? -1 : this.youngest(cpu, address);
    return i >= 0 ? this.values[i] : this.words[address];
  }

  override rcuReadLock(cpu: number): void {
    if (this.#graceStart > this.#floor[cpu]) this.#floor[cpu] = this.#graceStart;
  }

  override settledFor(cpu: number, address: number): boolean {
    for (let c = 0; c < this.cpus; c++) if (this.youngest(c, address) >= 0) return false;
    return this.#reach(cpu, address, Order.Relaxed) === 0;
  }

  override older(cpu: number, address: number, order: number): readonly number[] {
    const tired = this.#streakAddress[cpu] === address && this.#streak[cpu] >= MAX_STALE_STREAK;
    if (tired || this.youngest(cpu, address) >= 0) return [];
    const n = this.#reach(cpu, address, order);
    return Array.from({ length: n }, (_, i) => this.#valueOf(address, i + 1));
  }

  override gracePeriodStart(cpu: number): void {
    super.gracePeriodStart(cpu);
    this.#graceStart = this.#now;
  }

  override addTime(key: StateKey, cpu: number, time: number): void {
    key.add(time <= this.#floor[cpu] ? 0 : time - this.#base);
  }

  override addState(key: StateKey, graces: readonly number[]): void {
    let lowest = this.#now;
    for (let cpu = 0; cpu < this.cpus; cpu++) lowest = Math.min(lowest, this.#floor[cpu]);
    for (let a = 0; a < this.size; a++) {
      if (this.#since[a] < this.#base) continue;
      key.add(a);
      key.add(this.words[a]);
      key.add(this.#since[a] - this.#base);
      let end = this.#since[a];
      for (let v = 1; v <= this.#oldCount[a] && end > lowest; v++) {
        const slot = a * HISTORY + ((this.#oldHead[a] - v + 1 + HISTORY) % HISTORY);
        end = this.#oldSince[slot];
        key.add(this.#oldValue[slot]);
        key.add(end - this.#base);
      }
      for (let cpu = 0; cpu < this.cpus; cpu++) this.addTime(key, cpu, this.#seen[cpu * this.size + a]);
    }
    key.add(this.#graceStart === 0 ? 0 : this.#graceStart - this.#base);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      key.add(this.#floor[cpu] - this.#base);
      this.addTime(key, cpu, this.#readTime[cpu]);
      this.addTime(key, cpu, this.#voidTime[cpu]);
      this.addTime(key, cpu, this.#unlockTime[cpu]);
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

  override retire(cpu: number, from: number, to: number): void {
    for (let a = from; a < to; a++) {
      if (this.count[cpu] !== 0) this.#commitAll(cpu, a);
      this.#since[a] = 0;
    }
  }

  override catchUp(): void {
    this.flush(-1);
    this.#floor.fill(this.#now);
  }

  /** Commits all delayed stores of a CPU to one word. */
  #commitAll(cpu: number, address: number): void {
    const base = cpu * DEPTH;
    for (let i = base; i < base + this.count[cpu]; ) {
      if (this.addresses[i] === address) this.#commitAt(cpu, i);
      else i++;
    }
  }

  #commitAt(cpu: number, i: number): void {
    const address = this.addresses[i];
    this.#publish(cpu, address, this.values[i], this.storeSites[i], this.snapshots[i]);
    this.commits -= this.#first[i];
    const last = cpu * DEPTH + --this.count[cpu];
    let next = -1;
    for (let j = i; j < last; j++) {
      this.addresses[j] = this.addresses[j + 1];
      this.values[j] = this.values[j + 1];
      this.storeSites[j] = this.storeSites[j + 1];
      this.snapshots[j] = this.snapshots[j + 1];
      this.translations[j] = this.translations[j + 1];
      this.#first[j] = this.#first[j + 1];
      this.sections[j] = this.sections[j + 1];
      if (next < 0 && this.addresses[j] === address) next = j;
    }
    if (next >= 0 && this.#first[next] === 0) {
      this.#first[next] = 1;
      this.commits++;
    }
  }

  #publish(cpu: number, address: number, value: number, site: number, snapshot: number): void {
    this.#remember(address);
    this.write(cpu, address, value, site);
    this.#since[address] = ++this.#now;
    this.#seen[cpu * this.size + address] = this.#now;
    if (this.race !== null) this.race.published(address, snapshot);
  }

  /** Puts the newest version of a word, about to be superseded, into its ring. */
  #remember(address: number): void {
    const fresh = this.#since[address] < this.#base;
    const head = fresh ? 0 : (this.#oldHead[address] + 1) % HISTORY;
    const slot = address * HISTORY + head;
    this.#oldHead[address] = head;
    this.#oldCount[address] = fresh ? 1 : Math.min(this.#oldCount[address] + 1, HISTORY);
    this.#oldValue[slot] = this.words[address];
    // An initial value counts as current since the beginning, which no floor and no earlier execution excludes.
    this.#oldSince[slot] = fresh ? this.#base : this.#since[address];
    this.#oldSnapshot[slot] = this.race === null ? 0 : this.race.current(address);
  }
}
