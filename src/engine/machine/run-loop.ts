import { Choice } from '../access.ts';
import { End } from '../program.ts';
import { nthBit, popcount } from './bits.ts';
import type { Coroutines } from './coroutines.ts';
import type { Execution } from './execution.ts';
import type { Interrupts } from './interrupts.ts';
import { reportDeadlock, reportLivelock } from './reports.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Waiting } from './waiting.ts';

/** Up to so many CPUs, who is the k-th enabled one is looked up instead of counted. */
const MAX_TABLE_CPUS = 6;

/** Bounds of an execution, in accesses. */
export interface Bounds {
  readonly livelock: number;
  readonly steps: number;
}

/**
 * Runs actors until all CPUs are done: each step a CPU whose access is enabled, a delayed store that commits, or an
 * interrupt. Which one is asked of the decision source.
 */
export class RunLoop {
  readonly #m: MachineState;
  readonly #execution: Execution;
  readonly #coroutines: Coroutines;
  readonly #waiting: Waiting;
  readonly #interrupts: Interrupts;
  readonly #bounds: Bounds;
  /** Accesses without progress after which memory is made calm, so that only a true livelock goes on. */
  readonly #patience: number;
  /** By current CPU, enabled CPUs and k: the k-th enabled CPU, counting from the current one. */
  readonly #kth: Uint8Array;

  constructor(
    m: MachineState,
    execution: Execution,
    coroutines: Coroutines,
    waiting: Waiting,
    interrupts: Interrupts,
    bounds: Bounds,
  ) {
    this.#m = m;
    this.#execution = execution;
    this.#coroutines = coroutines;
    this.#waiting = waiting;
    this.#interrupts = interrupts;
    this.#bounds = bounds;
    this.#patience = bounds.livelock >> 1;
    const n = m.all > 1 << MAX_TABLE_CPUS ? 0 : popcount(m.all);
    this.#kth = new Uint8Array((n * n) << n);
    for (let i = 0; i < this.#kth.length; i++) {
      const at = ((i / n) | 0) >> n;
      this.#kth[i] = kthFrom(at, ((i / n) | 0) & m.all, i % n, n);
    }
  }

  /** Runs the setup or the concurrent part; returns one of `End`. */
  phase(): number {
    const m = this.#m;
    this.#begin();
    if (m.violation !== null) return End.Violation;
    const { memory, source } = m;
    while (true) {
      if (m.waiting !== 0 && m.changed !== 0) this.#waiting.recheck(m.changed);
      const { enabled } = m;
      let k = 0;
      let count = 1;
      if (
        (enabled & (enabled - 1)) !== 0 ||
        memory.commits !== 0 ||
        m.irqReady !== 0 ||
        enabled === 0 ||
        source.everyStep
      ) {
        if (m.done === m.all) return End.Done;
        count = popcount(enabled);
        const n = count + memory.commits + (m.irqReady === 0 ? 0 : popcount(m.irqReady));
        if (n === 0) {
          reportDeadlock(m);
          return End.Violation;
        }
        k = n > 1 || source.everyStep ? source.choose(Choice.Actor, n) : 0;
      }
      if (k < count) this.#access(k);
      else if (k < count + memory.commits) this.#commit(k - count);
      else {
        m.changed = EVERYTHING;
        const cpu = m.cpus[nthBit(m.irqReady, k - count - memory.commits)];
        this.#interrupts.begin(cpu);
        this.#coroutines.advance(cpu, 0);
      }
      if (m.violation !== null) return End.Violation;
      if (m.steps - m.progressAt > this.#patience && this.#stuck()) return End.Violation;
      if (m.steps > this.#bounds.steps) return End.Long;
    }
  }

  #begin(): void {
    const m = this.#m;
    m.enabled = 0;
    m.waiting = 0;
    m.done = 0;
    m.irqReady = 0;
    m.current = 0;
    m.progressAt = m.steps;
    for (const cpu of m.cpus) {
      this.#coroutines.advance(cpu, 0);
      m.updateIrq(cpu);
      if (m.violation !== null) return;
    }
    m.changed = EVERYTHING;
  }

  #access(k: number): void {
    const m = this.#m;
    const id = this.enabledCpu(k);
    m.current = id;
    const cpu = m.cpus[id];
    // Whether this CPU must wait for what comes next is looked at when it has come there.
    m.changed = m.waiting === 0 ? 0 : this.#waiting.changedBy(cpu);
    const result = this.#execution.execute(cpu);
    if (m.violation === null) this.#coroutines.advance(cpu, result);
  }

  #commit(place: number): void {
    const m = this.#m;
    m.changed = EVERYTHING;
    if (m.observer === null) {
      m.memory.commit(place);
      return;
    }
    const [owner, address] = m.memory.committable(place);
    m.memory.commit(place);
    m.observer.commit(owner, address);
  }

  /** After long without progress: calms memory, or gives up. */
  #stuck(): boolean {
    const m = this.#m;
    m.memory.catchUp();
    m.changed = EVERYTHING;
    if (m.violation === null && m.steps - m.progressAt > this.#bounds.livelock) {
      reportLivelock(m, this.#bounds.livelock);
    }
    return m.violation !== null;
  }

  /** The k-th enabled CPU, counting from the current one. */
  enabledCpu(k: number): number {
    const { current, enabled, cpus } = this.#m;
    const n = cpus.length;
    return n <= MAX_TABLE_CPUS
      ? this.#kth[((current << n) | enabled) * n + k]
      : kthFrom(current, enabled, k, n);
  }
}

/** The k-th CPU of a set of `n`, counting from the one at `at`. */
function kthFrom(at: number, set: number, k: number, n: number): number {
  const rotated = ((set >>> at) | (set << (n - at))) & ((1 << n) - 1);
  return (nthBit(rotated, k) + at) % n;
}
