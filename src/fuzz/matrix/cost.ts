import { Kind, Order } from '../../engine/access.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Observer } from '../../engine/observer.ts';
import { End } from '../../engine/program.ts';
import { RandomWalk } from '../../engine/strategies/random.ts';
import type { Executor } from '../executor.ts';
import { ProgramGenerator } from '../generate.ts';
import { Stream } from '../stream.ts';
import type { CostTask } from '../tasks.ts';
import type { Cost } from './cost-figures.ts';

/** Executions of one program. */
const SCHEDULES = 10;

/** Runs programs that are the same for every design with the same operations; `beat` returns false to end early. */
export function measureCost(executor: Executor, task: CostTask, beat: () => boolean): Cost {
  const { machine } = executor;
  const { job } = task;
  const generator = new ProgramGenerator(executor.model, job.size, job.ops);
  const observer = new CostObserver(machine);
  const { cpus, pages, mms } = job.size;
  const name = `${job.seed}/${executor.selection.target.name}/${cpus}.${pages}.${mms}/cost`;
  machine.observer = observer;
  try {
    for (let i = 0; i * SCHEDULES < task.executions; i++) {
      const program = executor.bind(generator.draw(new Stream(`${name}/${i}`)));
      const walk = new RandomWalk(`${name}/${i}/schedule`);
      for (let k = 0; k < SCHEDULES; k++) {
        if (!beat()) return observer.cost();
        observer.begin();
        const end = machine.run(program, walk);
        observer.end(end === End.Done);
      }
    }
  } finally {
    machine.observer = null;
  }
  return observer.cost();
}

interface Hold {
  readonly address: number;
  readonly bit: number;
  readonly lockClass: number;
  readonly since: number;
}

const zero = { operations: 0, accesses: 0, barriers: 0, ordered: 0, atomics: 0, locks: 0, held: 0 };
type Sums = typeof zero;

/** Counts one execution at a time and keeps it only if it came to its end. */
class CostObserver implements Observer {
  readonly #machine: Machine;
  readonly #total: Sums = { ...zero };
  #now: Sums = { ...zero };
  #executions = 0;
  #leftOut = 0;
  readonly #steps: number[];
  readonly #holds: Hold[][];
  #longest = 0;
  #longestLock = -1;
  #longestNow = 0;
  #longestLockNow = -1;
  /** Slab cache of each object that an operation allocated, and how many there are and were of each cache. */
  readonly #cacheOf = new Map<number, number>();
  readonly #live: number[];
  readonly #peakNow: number[];
  readonly #peak: number[];

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#steps = machine.cpus.map(() => 0);
    this.#holds = machine.cpus.map(() => []);
    this.#live = machine.layout.caches.map(() => 0);
    this.#peakNow = [...this.#live];
    this.#peak = [...this.#live];
  }

  begin(): void {
    this.#now = { ...zero };
    this.#steps.fill(0);
    for (const holds of this.#holds) holds.length = 0;
    this.#longestNow = 0;
    this.#longestLockNow = -1;
    this.#cacheOf.clear();
    this.#live.fill(0);
    this.#peakNow.fill(0);
  }

  end(complete: boolean): void {
    if (!complete) {
      this.#leftOut++;
      return;
    }
    this.#executions++;
    for (const key of Object.keys(zero) as (keyof Sums)[]) this.#total[key] += this.#now[key];
    if (this.#longestNow > this.#longest) {
      this.#longest = this.#longestNow;
      this.#longestLock = this.#longestLockNow;
    }
    for (const [i, n] of this.#peakNow.entries()) this.#peak[i] = Math.max(this.#peak[i] ?? 0, n);
  }

  cost(): Cost {
    const { caches, classNames } = this.#machine.layout;
    return {
      ...this.#total,
      executions: this.#executions,
      leftOut: this.#leftOut,
      longestHold: this.#longest,
      longestLock: classNames[this.#longestLock] ?? '',
      allocated: Object.fromEntries(
        caches.map(({ name }, i) => [name, this.#peak[i] ?? 0] as const).filter(([, n]) => n > 0),
      ),
    };
  }

  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    b: number,
    order: number,
    _op: number,
    _site: number,
    result: number,
  ): void {
    if (this.#machine.inSetup) return;
    const now = this.#now;
    now.accesses++;
    this.#steps[cpu]++;
    switch (kind) {
      case Kind.Fence:
        now.barriers++;
        break;
      case Kind.Load:
      case Kind.Store:
      case Kind.Wait:
        if ((order & (Order.Acquire | Order.Release | Order.Full)) !== 0) now.ordered++;
        break;
      case Kind.Rmw:
        now.atomics++;
        break;
      case Kind.Lock:
        this.#took(cpu, address, -1, b === 0 ? this.#machine.lockClassOf[address] : b - 1);
        break;
      case Kind.ReadLock:
        this.#took(cpu, address, -1, this.#machine.lockClassOf[address]);
        break;
      case Kind.Trylock:
      case Kind.ReadTrylock:
        if (result === 1) this.#took(cpu, address, -1, this.#machine.lockClassOf[address]);
        break;
      case Kind.BitLock:
        this.#took(cpu, address, a, b);
        break;
      case Kind.BitTrylock:
        if (result === 1) this.#took(cpu, address, a, b);
        break;
      case Kind.Unlock:
      case Kind.ReadUnlock:
        this.#gave(cpu, address, -1);
        break;
      case Kind.BitUnlock:
        this.#gave(cpu, address, a);
        break;
      case Kind.Alloc:
        if (result !== 0) this.#allocated(result, a);
        break;
      case Kind.Free:
        this.#freed(address);
        break;
    }
  }

  commit(): void {}
  interrupt(): void {}
  operation(_cpu: number, _operation: string, _args: readonly number[], begin: boolean): void {
    if (!begin && !this.#machine.inSetup) this.#now.operations++;
  }

  #took(cpu: number, address: number, bit: number, lockClass: number): void {
    this.#holds[cpu]?.push({ address, bit, lockClass, since: this.#steps[cpu] ?? 0 });
    this.#now.locks++;
  }

  #gave(cpu: number, address: number, bit: number): void {
    const holds = this.#holds[cpu] ?? [];
    const i = holds.findLastIndex(hold => hold.address === address && hold.bit === bit);
    const hold = holds[i];
    if (hold === undefined) return;
    holds.splice(i, 1);
    const length = (this.#steps[cpu] ?? 0) - hold.since - 1;
    this.#now.held += length;
    if (length > this.#longestNow) {
      this.#longestNow = length;
      this.#longestLockNow = hold.lockClass;
    }
  }

  #allocated(object: number, cache: number): void {
    // Page frames are memory that is always there, not buffers.
    if (this.#machine.layout.caches[cache]?.poison !== true) return;
    this.#cacheOf.set(object, cache);
    const live = ++this.#live[cache];
    if (live > (this.#peakNow[cache] ?? 0)) this.#peakNow[cache] = live;
  }

  #freed(object: number): void {
    const cache = this.#cacheOf.get(object);
    if (cache === undefined) return;
    this.#cacheOf.delete(object);
    this.#live[cache]--;
  }
}
