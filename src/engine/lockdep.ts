import type { Layout } from './layout.ts';

/** A lock held by a CPU. */
export interface Held {
  address: number;
  /** Bit of a bit lock, -1 for a lock word. */
  bit: number;
  lockClass: number;
  /** One of `LockType`. */
  type: number;
  read: boolean;
  site: number;
  /** Accesses executed by the machine when it was taken, for hold lengths. */
  since: number;
}

/** What the validator found: the oracle's id, the message, the other site and more lines. */
export interface LockProblem {
  readonly oracle: 'lock-order' | 'irq-lock-state';
  readonly message: string;
  readonly otherSite: number;
  readonly details: readonly string[];
}

/** Where a class has been taken or held, as bits: each context, then what must not come together with it. */
export const LockUsage = { Hardirq: 1, IrqsOn: 2, Softirq: 4, SoftirqsOn: 8 } as const;

const INSIDE = LockUsage.Hardirq | LockUsage.Softirq;

/** The pairs that exclude each other, and how reports name them. */
const exclusions = [
  {
    inside: LockUsage.Hardirq,
    on: LockUsage.IrqsOn,
    context: 'hard interrupt',
    with: 'interrupts',
    name: 'irq',
  },
  {
    inside: LockUsage.Softirq,
    on: LockUsage.SoftirqsOn,
    context: 'softirq',
    with: 'softirqs',
    name: 'softirq',
  },
] as const;

/**
 * Lock order and interrupt state by class, as lockdep does (Documentation/locking/lockdep-design.rst): taking B
 * while holding A adds A -> B; a cycle is a possible deadlock even if nobody hung. A class taken in hard
 * interrupt context may not be taken (or held) with interrupts on, nor lead to one that is; the same goes for softirq
 * context, in which RCU callbacks run, and softirqs (bottom halves and interrupts on). It sees one execution, so
 * that a verdict depends on nothing but program and schedule; trylocks add no edge into the lock that they take. A
 * second read lock of a class is recursion too, as a writer may queue between the two; only in interrupt context do
 * readers pass a queued writer (queued rwlocks).
 */
export class Lockdep {
  readonly #layout: Layout;
  readonly #after = new Int32Array(32);
  /** Every edge that any execution of this machine had; while it has no cycle, no execution can have one. */
  readonly #ever = new Int32Array(32);
  #everCyclic = false;
  readonly #usage = new Int32Array(32);
  /** Usage of all classes in this execution. */
  #anyUsage = 0;
  /** Per class and bit of its usage: the first site of it. */
  readonly #usageSite = new Int32Array(32 * 4);
  readonly #edgeSite = new Int32Array(32 * 32);

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  reset(): void {
    for (let c = 0; c < this.#layout.classNames.length; c++) {
      this.#after[c] = 0;
      this.#usage[c] = 0;
    }
    this.#anyUsage = 0;
  }

  /** Checks and records that a lock of a class is about to be taken. */
  acquire(
    held: readonly Held[],
    count: number,
    lockClass: number,
    read: boolean,
    trylock: boolean,
    usage: number,
    site: number,
  ): LockProblem | null {
    if ((usage & ~this.#usage[lockClass]) !== 0) {
      const problem = this.#used(lockClass, usage, site);
      if (problem !== null) return problem;
    }
    if (trylock) return null;
    for (let i = 0; i < count; i++) {
      const from = held[i].lockClass;
      if (from < 0) continue;
      if (from === lockClass) {
        if (read && held[i].read && (usage & INSIDE) !== 0) continue;
        return this.#problem(
          'lock-order',
          `possible recursive locking of class ${this.#name(lockClass)}`,
          held[i].site,
          [`already held: ${this.#layout.nameOf(held[i].address)}`],
        );
      }
      if ((this.#after[from] & (1 << lockClass)) !== 0) continue;
      this.#after[from] |= 1 << lockClass;
      this.#edgeSite[from * 32 + lockClass] = site;
      const path = this.#mayCycle(from, lockClass) ? this.#path(this.#after, lockClass, from) : null;
      if (path !== null) {
        const chain = [...path, lockClass].map(c => this.#name(c)).join(' --> ');
        const first = path[1] ?? from;
        return this.#problem(
          'lock-order',
          `possible circular locking: ${this.#name(lockClass)} is taken while ${this.#name(from)} is held, but depends on it`,
          this.#edgeSite[lockClass * 32 + first],
          [`chain: ${chain}`],
        );
      }
      const problem = this.#irqProblem(lockClass, site);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** Interrupts or softirqs are switched on, as `usage` says, while locks are held. */
  irqsOn(held: readonly Held[], count: number, usage: number, site: number): LockProblem | null {
    for (let i = 0; i < count; i++) {
      const { lockClass } = held[i];
      if (lockClass < 0 || (usage & ~this.#usage[lockClass]) === 0) continue;
      const problem = this.#used(lockClass, usage, site);
      if (problem !== null) return problem;
    }
    return null;
  }

  #used(lockClass: number, usage: number, site: number): LockProblem | null {
    let fresh = usage & ~this.#usage[lockClass];
    this.#usage[lockClass] |= usage;
    this.#anyUsage |= usage;
    while (fresh !== 0) {
      this.#usageSite[lockClass * 4 + 31 - Math.clz32(fresh & -fresh)] = site;
      fresh &= fresh - 1;
    }
    return this.#irqProblem(lockClass, site);
  }

  #siteOf(lockClass: number, usage: number): number {
    return this.#usageSite[lockClass * 4 + 31 - Math.clz32(usage)];
  }

  #name(lockClass: number): string {
    return this.#layout.classNames[lockClass] ?? `class ${lockClass}`;
  }

  #problem(
    oracle: LockProblem['oracle'],
    message: string,
    otherSite: number,
    details: readonly string[],
  ): LockProblem {
    return { oracle, message, otherSite, details };
  }

  /** Classes on a path from one class to another, both included, or null. */
  #path(edges: Int32Array, from: number, to: number, seen = 0): readonly number[] | null {
    if (from === to) return [from];
    for (let next = 0; next < 32; next++) {
      if ((edges[from] & (1 << next)) === 0 || (seen & (1 << next)) !== 0) continue;
      const rest = this.#path(edges, next, to, seen | (1 << from));
      if (rest !== null) return [from, ...rest];
    }
    return null;
  }

  /** Whether adding an edge could close a cycle, judged by the edges of all executions. */
  #mayCycle(from: number, to: number): boolean {
    if ((this.#ever[from] & (1 << to)) === 0) {
      this.#ever[from] |= 1 << to;
      if (this.#path(this.#ever, to, from) !== null) this.#everCyclic = true;
    }
    return this.#everCyclic;
  }

  #irqProblem(lockClass: number, site: number): LockProblem | null {
    if ((this.#anyUsage & INSIDE) === 0) return null;
    for (const exclusion of exclusions) {
      if ((this.#anyUsage & exclusion.inside) === 0) continue;
      const problem = this.#excluded(exclusion, lockClass, site);
      if (problem !== null) return problem;
    }
    return null;
  }

  #excluded(exclusion: (typeof exclusions)[number], lockClass: number, site: number): LockProblem | null {
    const { inside, on, context, with: what, name } = exclusion;
    if ((this.#usage[lockClass] & (inside | on)) === (inside | on)) {
      const inIrq = this.#siteOf(lockClass, inside);
      const irqsOn = this.#siteOf(lockClass, on);
      const message = `inconsistent lock state of ${this.#name(lockClass)}: taken in ${context} context and with ${what} on`;
      return this.#problem('irq-lock-state', message, site === inIrq ? irqsOn : inIrq, []);
    }
    for (let safe = 0; safe < this.#layout.classNames.length; safe++) {
      if ((this.#usage[safe] & inside) === 0) continue;
      for (let unsafe = 0; unsafe < this.#layout.classNames.length; unsafe++) {
        if (safe === unsafe || (this.#usage[unsafe] & on) === 0) continue;
        const path = this.#path(this.#after, safe, unsafe);
        if (path === null) continue;
        return this.#problem(
          'irq-lock-state',
          `${name}-safe class ${this.#name(safe)} leads to ${name}-unsafe class ${this.#name(unsafe)}`,
          this.#siteOf(unsafe, on),
          [`chain: ${path.map(c => this.#name(c)).join(' --> ')}`],
        );
      }
    }
    return null;
  }
}
