import { Kind } from '../../engine/access.ts';
import type { Layout } from '../../engine/layout.ts';
import { siteHashes } from '../../engine/sites.ts';
import { type AccessLog, TURN_WIDTH, Turn } from './access-log.ts';
import { Feature } from './classes.ts';
import { hashText, mix } from './hash.ts';
import type { Novelty } from './novelty.ts';
import { PairCache } from './pair-cache.ts';

const DEPTH = 16;
/** Kinds of context features, so that they do not meet by chance. */
const Context = { LockOrder: 1, Failed: 2, Reader: 3, Beside: 4, Handler: 5 } as const;

/** Locks held, RCU sections and operations under way, as the log of an execution tells, and the pairs that they form. */
export class Contexts {
  readonly #sink: Novelty;
  readonly #kindOf: Int32Array;
  readonly #orders = new PairCache(10);
  readonly #held: Int32Array;
  readonly #heldCount: Int32Array;
  /** Per CPU: site of the rcu_read_lock of the section that it is in; 0 if in none. */
  readonly #reader: Int32Array;
  #readers = 0;
  #sampling = false;
  readonly #running: Int32Array;

  constructor(layout: Layout, cpus: number, sink: Novelty) {
    this.#sink = sink;
    this.#kindOf = Int32Array.from({ length: layout.size }, (_, a) => hashText(layout.kindOf(a)));
    this.#held = new Int32Array(cpus * DEPTH);
    this.#heldCount = new Int32Array(cpus);
    this.#reader = new Int32Array(cpus);
    this.#running = new Int32Array(cpus);
  }

  /** Forgets which pairs this worker knows to be in the map. */
  forget(): void {
    this.#orders.clear();
  }

  begin(sampling: boolean): void {
    this.#sampling = sampling;
    this.#heldCount.fill(0);
    this.#reader.fill(0);
    this.#readers = 0;
  }

  /** Whether some CPU is in an RCU section. */
  get reading(): boolean {
    return this.#readers > 0;
  }

  take(cpu: number, address: number): void {
    const base = cpu * DEPTH;
    const count = this.#heldCount[cpu];
    const kind = this.#kindOf[address];
    for (let i = base; i < base + count; i++) {
      if (this.#orders.seen(1 + this.#held[i] * this.#kindOf.length + address) && !this.#sampling) continue;
      this.#sink.add(Feature.Context, mix(mix(Context.LockOrder, this.#kindOf[this.#held[i]]), kind));
    }
    if (count === DEPTH) return;
    this.#held[base + count] = address;
    this.#heldCount[cpu]++;
  }

  give(cpu: number, address: number): void {
    const base = cpu * DEPTH;
    let i = base + this.#heldCount[cpu] - 1;
    while (i >= base && this.#held[i] !== address) i--;
    if (i < base) return;
    const last = base + --this.#heldCount[cpu];
    for (; i < last; i++) this.#held[i] = this.#held[i + 1];
  }

  /** A store to a pointer, a free or a grace period that begins, while others read under RCU. */
  updated(cpu: number, site: number): void {
    for (let c = 0; c < this.#reader.length; c++) {
      if (c === cpu || this.#reader[c] === 0) continue;
      const hash = mix(mix(Context.Reader, siteHashes[this.#reader[c]]), siteHashes[site]);
      this.#sink.add(Feature.Context, hash);
    }
  }

  /** An access that touches no word. */
  rare(cpu: number, kind: number, site: number, failed: boolean): void {
    switch (kind) {
      case Kind.Alloc:
        if (failed) this.#sink.add(Feature.Context, mix(Context.Failed, siteHashes[site]));
        return;
      case Kind.RcuReadLock:
      case Kind.SrcuReadLock:
        if (this.#reader[cpu] === 0) this.#readers++;
        this.#reader[cpu] = site;
        return;
      case Kind.RcuReadUnlock:
      case Kind.SrcuReadUnlock:
        if (this.#reader[cpu] !== 0) this.#readers--;
        this.#reader[cpu] = 0;
        return;
      default:
        if (this.#readers > 0) this.updated(cpu, site);
    }
  }

  /** Operations beside one another, and the places where handlers arrived. */
  turns(log: AccessLog): void {
    const running = this.#running;
    running.fill(0);
    const { turns, turnsEnd } = log;
    for (let i = 0; i < turnsEnd; i += TURN_WIDTH) {
      const cpu = turns[i] & Turn.Cpu;
      const hash = turns[i + 1];
      const ends = (turns[i] & Turn.End) !== 0;
      if ((turns[i] & Turn.Handler) !== 0) {
        const place = siteHashes[turns[i + 2]];
        if (!ends) this.#sink.add(Feature.Context, mix(mix(Context.Handler, hash), place));
        continue;
      }
      running[cpu] = ends ? 0 : hash;
      if (ends) continue;
      for (let c = 0; c < running.length; c++) {
        if (c === cpu || running[c] === 0) continue;
        // Which of the two began first is no difference.
        const one = hash < running[c] ? hash : running[c];
        this.#sink.add(Feature.Context, mix(mix(Context.Beside, one), hash ^ running[c]));
      }
    }
  }
}
