import { Kind } from '../../engine/access.ts';
import type { Layout } from '../../engine/layout.ts';
import { siteHashes } from '../../engine/sites.ts';
import type { AccessLog } from './access-log.ts';
import { Feature } from './classes.ts';
import { hashText, mix } from './hash.ts';
import type { Novelty } from './novelty.ts';

const DEPTH = 16;
/** Kinds of context features, so that they do not meet by chance. */
const Context = { LockOrder: 1, Failed: 2, Reader: 3, Beside: 4, Handler: 5 } as const;

/** Locks held, RCU sections and operations under way, as the log of an execution tells, and the pairs that they form. */
export class Contexts {
  readonly #sink: Novelty;
  readonly #kindOf: Int32Array;
  readonly #held: Int32Array;
  readonly #heldCount: Int32Array;
  /** Per CPU: site of the rcu_read_lock of the section that it is in; 0 if in none. */
  readonly #reader: Int32Array;
  #readers = 0;
  readonly #names = new Map<string, number>();
  readonly #running: Int32Array;

  constructor(layout: Layout, cpus: number, sink: Novelty) {
    this.#sink = sink;
    this.#kindOf = Int32Array.from({ length: layout.size }, (_, a) => hashText(layout.kindOf(a)));
    this.#held = new Int32Array(cpus * DEPTH);
    this.#heldCount = new Int32Array(cpus);
    this.#reader = new Int32Array(cpus);
    this.#running = new Int32Array(cpus);
  }

  begin(): void {
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
  operations(begun: AccessLog['begun']): void {
    const running = this.#running;
    running.fill(0);
    for (const { cpu, name, handler, site, end } of begun) {
      const hash = this.#hashOf(name);
      if (handler) {
        if (!end) this.#sink.add(Feature.Context, mix(mix(Context.Handler, hash), siteHashes[site]));
        continue;
      }
      running[cpu] = end ? 0 : hash;
      if (end) continue;
      for (let c = 0; c < running.length; c++) {
        if (c === cpu || running[c] === 0) continue;
        // Which of the two began first is no difference.
        const [one, other] = hash < running[c] ? [hash, running[c]] : [running[c], hash];
        this.#sink.add(Feature.Context, mix(mix(Context.Beside, one), other));
      }
    }
  }

  #hashOf(name: string): number {
    let hash = this.#names.get(name);
    if (hash === undefined) {
      hash = hashText(name) | 1;
      this.#names.set(name, hash);
    }
    return hash;
  }
}
