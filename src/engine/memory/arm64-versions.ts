import type { Layout } from '../layout.ts';
import { BufferedMemory, DEPTH } from './buffered.ts';
import type { MemoryHost } from './memory.ts';

/** Older values kept per word; loads look back at most this far. */
export const HISTORY = 8;

/**
 * The versions of each word, and delayed stores that are committed in any order but per word. `now` counts commits to
 * memory; a version of a word is current from its commit until that of the next.
 */
export abstract class VersionedMemory extends BufferedMemory {
  // Time runs on from one execution to the next; what was written before `base` counts as initial. Saves a reset.
  protected now: number;
  protected base = 1;
  /** Time from which the newest version of each word is current. */
  protected readonly since: Int32Array;
  /** Ring of superseded versions per word: value, time from which it was current, snapshot. */
  protected readonly oldValue: Int32Array;
  protected readonly oldSince: Int32Array;
  protected readonly oldSnapshot: Int32Array;
  /** Versions in the ring since `base`, never more than HISTORY; `oldHead` is the slot of the youngest. */
  protected readonly oldCount: Int32Array;
  protected readonly oldHead: Int32Array;
  /** Per CPU and word: time of the version last read or written there. */
  protected readonly seen: Int32Array;
  /** 1 if no older delayed store of this CPU is to the same word: it may be committed next. */
  readonly #first: Int32Array;

  constructor(layout: Layout, cpus: number, host: MemoryHost, startTime: number) {
    super(layout, cpus, host);
    this.now = startTime;
    const n = this.size;
    this.since = new Int32Array(n);
    this.oldValue = new Int32Array(n * HISTORY);
    this.oldSince = new Int32Array(n * HISTORY);
    this.oldSnapshot = new Int32Array(n * HISTORY);
    this.oldCount = new Int32Array(n);
    this.oldHead = new Int32Array(n);
    this.seen = new Int32Array(cpus * n);
    this.#first = new Int32Array(cpus * DEPTH);
  }

  /** Delays a store of a CPU; the oldest is committed if there is no place for one more. */
  protected delay(cpu: number, address: number, value: number, site: number, snapshot: number): void {
    if (this.count[cpu] === DEPTH) this.#commitAt(cpu, cpu * DEPTH);
    const first = this.youngest(cpu, address) < 0 ? 1 : 0;
    this.#first[this.append(cpu, address, value, site, snapshot)] = first;
    this.commits += first;
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

  /** Commits all delayed stores of a CPU to one word. */
  protected commitAll(cpu: number, address: number): void {
    const base = cpu * DEPTH;
    for (let i = base; i < base + this.count[cpu]; ) {
      if (this.addresses[i] === address) this.#commitAt(cpu, i);
      else i++;
    }
  }

  #commitAt(cpu: number, i: number): void {
    const address = this.addresses[i];
    this.publish(cpu, address, this.values[i], this.storeSites[i], this.snapshots[i]);
    this.commits -= this.#first[i];
    this.take(cpu, i);
    const end = cpu * DEPTH + this.count[cpu];
    let next = -1;
    for (let j = i; j < end; j++) {
      this.#first[j] = this.#first[j + 1];
      if (next < 0 && this.addresses[j] === address) next = j;
    }
    if (next >= 0 && this.#first[next] === 0) {
      this.#first[next] = 1;
      this.commits++;
    }
  }

  protected publish(cpu: number, address: number, value: number, site: number, snapshot: number): void {
    this.remember(address);
    this.write(cpu, address, value, site);
    this.renew(cpu, address);
    if (this.race !== null) this.race.published(address, snapshot);
  }

  /** The value of a version: 0 is the newest, 1 the one before. */
  protected versionValue(address: number, version: number): number {
    if (version === 0) return this.words[address];
    return this.oldValue[address * HISTORY + ((this.oldHead[address] - version + 1 + HISTORY) % HISTORY)];
  }

  /** Puts the newest version of a word, about to be superseded, into its ring. */
  protected remember(address: number): void {
    const fresh = this.since[address] < this.base;
    const head = fresh ? 0 : (this.oldHead[address] + 1) % HISTORY;
    const slot = address * HISTORY + head;
    this.oldHead[address] = head;
    this.oldCount[address] = fresh ? 1 : Math.min(this.oldCount[address] + 1, HISTORY);
    this.oldValue[slot] = this.words[address];
    // An initial value counts as current since the beginning, which no floor and no earlier execution excludes.
    this.oldSince[slot] = fresh ? this.base : this.since[address];
    this.oldSnapshot[slot] = this.race === null ? 0 : this.race.current(address);
  }

  /** A word has a new version, which the CPU that made it has seen. */
  protected renew(cpu: number, address: number): void {
    this.since[address] = ++this.now;
    this.seen[cpu * this.size + address] = this.now;
  }
}
