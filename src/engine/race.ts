import { Fence, Order } from './access.ts';
import { Attr, type Layout } from './layout.ts';

/** What conflicts with a plain access, for the report. */
export interface RaceFound {
  readonly otherCpu: number;
  readonly otherSite: number;
  readonly otherWrote: boolean;
}

/**
 * Happens-before clocks for plain accesses (Flanagan and Freund, "FastTrack", PLDI 2009, with the fences of the
 * kernel model): a store carries the clock of its CPU as of its last write or full barrier, a release that of
 * now; a load hands it to its CPU at once if it is an acquire or heads an address dependency, else at the next
 * read or full barrier. Clocks travel as numbers of snapshots in a log, so that a marked access costs one word.
 *
 * What it cannot see: control and data dependencies are not counted as ordering only where no load could use
 * them; a write barrier is taken to order earlier plain loads as well (both lose races, neither invents one);
 * an interrupt and the code it interrupts share a clock.
 */
export class Race {
  readonly #cpus: number;
  readonly #plain: Uint8Array;
  readonly #clock: Int32Array;
  readonly #pending: Int32Array;
  readonly #hasPending: Uint8Array;
  readonly #fenceSnapshot: Int32Array;
  /** Per CPU: its last snapshot, while that still says all it knows and has done; 0 if not. */
  readonly #lastSnapshot: Int32Array;
  /** Per CPU: snapshot at the end of its last RCU section; 0 if none. */
  readonly #sectionEnd: Int32Array;
  /** Per `call_rcu`: snapshot at the call. */
  readonly #calls = new Map<number, number>();
  /** What the grace periods started so far hand to later sections; 0 if none. */
  #graceStart = 0;
  #log: Int32Array;
  /** CPU that took each snapshot, -1 for a merged one. */
  #owner: Int32Array;
  #logCount = 1;
  /** Snapshot carried by the newest value of each word, valid where the stamp matches. */
  readonly #message: Int32Array;
  readonly #messageStamp: Int32Array;
  /** Per plain word: last write (cpu, clock, plain?, site), and last reads per CPU. */
  readonly #wCpu: Int32Array;
  readonly #wClock: Int32Array;
  readonly #wPlain: Uint8Array;
  readonly #wSite: Int32Array;
  readonly #rClock: Int32Array;
  readonly #rPlain: Uint8Array;
  readonly #rSite: Int32Array;
  readonly #stamp: Int32Array;
  #epoch = 1;

  constructor(layout: Layout, cpus: number) {
    const n = layout.size;
    this.#cpus = cpus;
    this.#plain = Uint8Array.from(layout.attributes, attr => ((attr & Attr.Plain) !== 0 ? 1 : 0));
    this.#clock = new Int32Array(cpus * cpus);
    this.#pending = new Int32Array(cpus * cpus);
    this.#hasPending = new Uint8Array(cpus);
    this.#fenceSnapshot = new Int32Array(cpus);
    this.#lastSnapshot = new Int32Array(cpus);
    this.#sectionEnd = new Int32Array(cpus);
    this.#log = new Int32Array(cpus * 256);
    this.#owner = new Int32Array(256);
    this.#message = new Int32Array(n);
    this.#messageStamp = new Int32Array(n);
    this.#wCpu = new Int32Array(n);
    this.#wClock = new Int32Array(n);
    this.#wPlain = new Uint8Array(n);
    this.#wSite = new Int32Array(n);
    this.#rClock = new Int32Array(n * cpus);
    this.#rPlain = new Uint8Array(n * cpus);
    this.#rSite = new Int32Array(n * cpus);
    this.#stamp = new Int32Array(n);
    this.reset();
  }

  reset(): void {
    const n = this.#cpus;
    for (let i = 0; i < n * n; i++) {
      this.#clock[i] = 0;
      this.#pending[i] = 0;
    }
    for (let c = 0; c < n; c++) {
      this.#clock[c * n + c] = 1;
      this.#hasPending[c] = 0;
      this.#fenceSnapshot[c] = 0;
      this.#lastSnapshot[c] = 0;
      this.#sectionEnd[c] = 0;
    }
    this.#graceStart = 0;
    if (this.#calls.size > 0) this.#calls.clear();
    this.#logCount = 1;
    if (++this.#epoch > 0x3fffffff) {
      this.#stamp.fill(0);
      this.#messageStamp.fill(0);
      this.#epoch = 1;
    }
  }

  /** Everybody is ordered after everything so far. */
  settle(): void {
    this.reset();
  }

  /** The snapshot that the newest value of a word carries. */
  current(address: number): number {
    return this.#messageStamp[address] === this.#epoch ? this.#message[address] : 0;
  }

  /** A new value of a word reached memory, carrying a snapshot. */
  published(address: number, snapshot: number): void {
    this.#messageStamp[address] = this.#epoch;
    this.#message[address] = snapshot;
  }

  /** The snapshot that a store issued now carries. */
  storeSnapshot(cpu: number, order: number): number {
    return (order & (Order.Release | Order.Full)) !== 0 ? this.#snapshot(cpu) : this.#fenceSnapshot[cpu];
  }

  /** A marked load of a value that carries `snapshot`. */
  loaded(cpu: number, _address: number, snapshot: number, order: number): void {
    if (snapshot === 0) return;
    // What this CPU published itself it knows already; and who knows what another one had done by its snapshot knows all
    // that the other knew then.
    const owner = this.#owner[snapshot];
    if (owner === cpu) return;
    const n = this.#cpus;
    if (owner >= 0 && this.#log[snapshot * n + owner] <= this.#clock[cpu * n + owner]) return;
    if ((order & (Order.Acquire | Order.Full | Order.Pointer)) !== 0) this.#joinClock(cpu, snapshot);
    else this.#joinPending(cpu, snapshot);
  }

  /** A successful read-modify-write on the newest value: continues the release sequence it found. */
  rmw(cpu: number, address: number, order: number): void {
    const found = this.current(address);
    if (found !== 0) this.loaded(cpu, address, found, order);
    if ((order & Order.Full) !== 0) {
      // The clock has joined what was found, so the snapshot of the barrier carries it too.
      this.full(cpu);
      this.published(address, this.#fenceSnapshot[cpu]);
      return;
    }
    this.published(address, this.sequel(cpu, found, order));
  }

  /** The snapshot that a read-modify-write issued now carries, if the value that it read carries `found`. */
  sequel(cpu: number, found: number, order: number): number {
    const carried = this.storeSnapshot(cpu, order);
    if (found === 0 || found === carried) return carried;
    const includes =
      (order & Order.Release) !== 0 && ((order & Order.Acquire) !== 0 || this.#owner[found] === cpu);
    if (includes) return carried;
    return carried === 0 ? found : this.#merge(carried, found);
  }

  fence(cpu: number, fence: number): void {
    if (fence !== Fence.Wmb) this.#takePending(cpu);
    if (fence !== Fence.Rmb) this.#fenceSnapshot[cpu] = this.#snapshot(cpu);
  }

  full(cpu: number): void {
    this.fence(cpu, Fence.Mb);
  }

  /** Outermost rcu_read_lock: after the start of every grace period that has started. */
  rcuReadLock(cpu: number): void {
    if (this.#graceStart !== 0) this.#joinClock(cpu, this.#graceStart);
  }

  rcuReadUnlock(cpu: number): void {
    this.#sectionEnd[cpu] = this.#snapshot(cpu);
  }

  gracePeriodStart(cpu: number): void {
    this.#graceStarts(this.#snapshot(cpu));
  }

  /** A `call_rcu`; its number is that of `callbackGraceStart`. */
  callRcu(cpu: number, call: number): void {
    this.#calls.set(call, this.#snapshot(cpu));
  }

  callbackGraceStart(call: number): void {
    this.#graceStarts(this.#calls.get(call) ?? 0);
  }

  #graceStarts(snapshot: number): void {
    this.#graceStart = this.#graceStart === 0 ? snapshot : this.#merge(this.#graceStart, snapshot);
  }

  /** After the end of every section that has ended: of some more than those that it waited for. */
  gracePeriodEnd(cpu: number): void {
    for (let c = 0; c < this.#cpus; c++) {
      if (this.#sectionEnd[c] !== 0) this.#joinClock(cpu, this.#sectionEnd[c]);
    }
    this.full(cpu);
  }

  /**
   * Records an access to a plain word (marked accesses to it too) and returns the conflicting access that is
   * not ordered before it, if at least one of the two is plain and one writes.
   */
  check(cpu: number, address: number, write: boolean, isPlain: boolean, site: number): RaceFound | null {
    if (this.#plain[address] === 0) return null;
    const n = this.#cpus;
    this.#lastSnapshot[cpu] = 0;
    if (this.#stamp[address] !== this.#epoch) {
      this.#stamp[address] = this.#epoch;
      this.#wCpu[address] = -1;
      for (let r = address * n; r < address * n + n; r++) this.#rClock[r] = 0;
    }
    let found: RaceFound | null = null;
    const w = this.#wCpu[address];
    if (w >= 0 && w !== cpu && this.#wClock[address] > this.#clock[cpu * n + w]) {
      if (isPlain || this.#wPlain[address] === 1) {
        found = { otherCpu: w, otherSite: this.#wSite[address], otherWrote: true };
      }
    }
    if (write) {
      for (let d = 0; d < n && found === null; d++) {
        const r = this.#rClock[address * n + d];
        if (d !== cpu && r > this.#clock[cpu * n + d] && (isPlain || this.#rPlain[address * n + d] === 1)) {
          found = { otherCpu: d, otherSite: this.#rSite[address * n + d], otherWrote: false };
        }
      }
      // A marked access must not hide a plain one of the same CPU that nothing has ordered since.
      const now = this.#clock[cpu * n + cpu];
      if (isPlain || w !== cpu || this.#wClock[address] !== now || this.#wPlain[address] === 0) {
        this.#wCpu[address] = cpu;
        this.#wClock[address] = now;
        this.#wPlain[address] = isPlain ? 1 : 0;
        this.#wSite[address] = site;
      }
    } else {
      const now = this.#clock[cpu * n + cpu];
      const r = address * n + cpu;
      if (isPlain || this.#rClock[r] !== now || this.#rPlain[r] === 0) {
        this.#rClock[r] = now;
        this.#rPlain[r] = isPlain ? 1 : 0;
        this.#rSite[r] = site;
      }
    }
    return found;
  }

  /** The words of an object that has been freed: its next life starts anew, ordered by the allocator. */
  forget(from: number, to: number): void {
    this.#stamp.fill(0, from, to);
  }

  #takePending(cpu: number): void {
    if (this.#hasPending[cpu] === 0) return;
    const n = this.#cpus;
    const clock = this.#clock;
    const pending = this.#pending;
    for (let i = cpu * n; i < cpu * n + n; i++) {
      if (pending[i] <= clock[i]) continue;
      clock[i] = pending[i];
      this.#lastSnapshot[cpu] = 0;
    }
    this.#hasPending[cpu] = 0;
  }

  #joinClock(cpu: number, snapshot: number): void {
    const n = this.#cpus;
    const log = this.#log;
    const clock = this.#clock;
    for (let d = 0; d < n; d++) {
      const value = log[snapshot * n + d];
      if (value <= clock[cpu * n + d]) continue;
      clock[cpu * n + d] = value;
      this.#lastSnapshot[cpu] = 0;
    }
  }

  #joinPending(cpu: number, snapshot: number): void {
    const n = this.#cpus;
    const log = this.#log;
    const clock = this.#clock;
    const pending = this.#pending;
    for (let d = 0; d < n; d++) {
      const value = log[snapshot * n + d];
      if (value <= clock[cpu * n + d] || value <= pending[cpu * n + d]) continue;
      pending[cpu * n + d] = value;
      this.#hasPending[cpu] = 1;
    }
  }

  /** What a CPU knows and has done so far. It is written down anew only if that has changed. */
  #snapshot(cpu: number): number {
    const last = this.#lastSnapshot[cpu];
    if (last !== 0) return last;
    const n = this.#cpus;
    const id = this.#newSnapshot(cpu);
    const log = this.#log;
    const clock = this.#clock;
    for (let d = 0; d < n; d++) log[id * n + d] = clock[cpu * n + d];
    clock[cpu * n + cpu]++;
    this.#lastSnapshot[cpu] = id;
    return id;
  }

  #merge(one: number, other: number): number {
    const n = this.#cpus;
    let log = this.#log;
    // As in `loaded`: who knows of a snapshot's owner knows the snapshot.
    const owner = this.#owner[one];
    const otherOwner = this.#owner[other];
    if (otherOwner >= 0 && log[one * n + otherOwner] >= log[other * n + otherOwner]) return one;
    if (owner >= 0 && log[other * n + owner] >= log[one * n + owner]) return other;
    let more = 0;
    let less = 0;
    for (let d = 0; d < n; d++) {
      const difference = log[one * n + d] - log[other * n + d];
      if (difference > 0) more++;
      else if (difference < 0) less++;
    }
    if (less === 0) return one;
    if (more === 0) return other;
    const id = this.#newSnapshot(-1);
    log = this.#log;
    for (let d = 0; d < n; d++) log[id * n + d] = Math.max(log[one * n + d], log[other * n + d]);
    return id;
  }

  #newSnapshot(owner: number): number {
    const id = this.#logCount++;
    if ((id + 1) * this.#cpus > this.#log.length) {
      const larger = new Int32Array(this.#log.length * 2);
      larger.set(this.#log);
      this.#log = larger;
      const owners = new Int32Array(this.#owner.length * 2);
      owners.set(this.#owner);
      this.#owner = owners;
    }
    this.#owner[id] = owner;
    return id;
  }
}
