import { Choice, type Code, Kind } from '../access.ts';
import type { Cpu, Driver } from '../cpu.ts';
import { End } from '../program.ts';
import { nthBit, popcount } from './bits.ts';
import type { Callbacks } from './callbacks.ts';
import type { Coroutines } from './coroutines.ts';
import type { Execution } from './execution.ts';
import type { Interrupts } from './interrupts.ts';
import { reportDeadlock, reportLivelock } from './reports.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Waiting } from './waiting.ts';

/**
 * What `#next` adds to the place of a commit among those on offer, to the number of a CPU that is interrupted, and to that
 * of a CPU for whose callbacks RCU does something.
 */
const COMMIT = 1 << 10;
const INTERRUPT = 1 << 20;
const RCU = 1 << 21;

/** Up to so many CPUs, who is the k-th enabled one, and how many are, is looked up instead of counted. */
const TABLE_CPUS = 6;
/** A row of that table is 1 << ROW wide; the last place has the number of enabled CPUs. */
const ROW = 3;
const COUNT = (1 << ROW) - 1;

/**
 * Runs actors until all CPUs are done: each step a CPU whose access is enabled, a delayed store that commits, an
 * interrupt, or RCU at work for its callbacks. Which one is asked of the decision source.
 */
export class RunLoop implements Driver {
  readonly #m: MachineState;
  readonly #execution: Execution;
  readonly #coroutines: Coroutines;
  readonly #waiting: Waiting;
  readonly #interrupts: Interrupts;
  readonly #callbacks: Callbacks;
  /** What was thrown by an access, or by the source of decisions, while model code ran. */
  #failed = false;
  #failure: unknown = null;
  /** A row for each current CPU and set of enabled CPUs: the k-th enabled CPU, counting from the current one. */
  readonly #rows: Uint8Array;
  /** 1 if there are too many CPUs for that table, else 0. */
  readonly #tooMany: number;

  constructor(
    m: MachineState,
    execution: Execution,
    coroutines: Coroutines,
    waiting: Waiting,
    interrupts: Interrupts,
    callbacks: Callbacks,
  ) {
    this.#m = m;
    this.#execution = execution;
    this.#coroutines = coroutines;
    this.#waiting = waiting;
    this.#interrupts = interrupts;
    this.#callbacks = callbacks;
    const n = popcount(m.all);
    this.#tooMany = n > TABLE_CPUS ? 1 : 0;
    this.#rows = new Uint8Array(n > TABLE_CPUS ? 0 : n << (TABLE_CPUS + ROW));
    for (let i = 0; i < this.#rows.length; i++) {
      const enabled = (i >> ROW) & m.all;
      const k = i & COUNT;
      this.#rows[i] = k === COUNT ? popcount(enabled) : kthFrom(i >> (TABLE_CPUS + ROW), enabled, k, n);
    }
  }

  /** Runs the setup or the concurrent part; returns one of `End`. */
  phase(): number {
    const m = this.#m;
    this.#begin();
    if (m.violation !== null) return End.Violation;
    while (true) {
      const actor = m.decided >= 0 ? m.decided : this.#next();
      m.decided = -1;
      if (actor < 0) return m.violation === null ? End.Done : End.Violation;
      if (actor < COMMIT) {
        const cpu = m.cpus[actor];
        const result = this.#access(cpu);
        if (m.violation === null) this.#coroutines.advance(cpu, result);
      } else if (actor < INTERRUPT) this.#commit(actor - COMMIT);
      else {
        m.changed = EVERYTHING;
        const cpu = m.cpus[actor < RCU ? actor - INTERRUPT : actor - RCU];
        if (this.#arrives(cpu, actor)) this.#coroutines.advance(cpu, 0);
      }
      if (this.#failed) this.#fail();
      if (m.violation !== null) return End.Violation;
      if (m.steps > m.free) {
        if (m.steps - m.progressAt > m.bounds.patience && this.#stuck()) return End.Violation;
        if (m.steps > m.bounds.steps) return End.Long;
      }
    }
  }

  /**
   * Model code of a CPU runs and has described its next access: decides who goes next, as `phase` would if the code were
   * suspended, and lets them, until it is the turn of this CPU; then its access is executed and its result left in
   * `cpu.result`. A suspension costs several times what an access does: so a CPU that goes on is not suspended, and another
   * one runs on top of it. Returns false if the code must be suspended: it is the turn of a CPU that waits below it on the
   * stack of JavaScript, of an interrupt, or of nobody.
   */
  runOn(cpu: Cpu): boolean {
    const m = this.#m;
    if (m.steps > m.free || m.violation !== null) return false;
    try {
      if (cpu.kind >= Kind.FirstBlocking) this.#waiting.describes(cpu);
      else {
        const bit = 1 << cpu.id;
        m.waiting &= ~bit;
        m.enabled |= bit;
      }
      const actor = this.#next();
      if (actor !== cpu.id && !this.#othersFirst(cpu, actor)) return false;
      cpu.result = this.#access(cpu);
      return m.violation === null;
    } catch (error) {
      // Not to be thrown through model code, which is not at fault.
      this.#failed = true;
      this.#failure = error;
      return false;
    }
  }

  /** Lets others go, beginning with `actor`, until it is the turn of a CPU; false if that must be suspended first. */
  #othersFirst(cpu: Cpu, first: number): boolean {
    const m = this.#m;
    let actor = first;
    do {
      if (actor < COMMIT) {
        if (actor < 0 || (m.running & (1 << actor)) !== 0) {
          m.decided = actor;
          return false;
        }
        const other = m.cpus[actor];
        const result = this.#access(other);
        if (m.violation !== null) return false;
        this.#coroutines.advance(other, result);
        if (m.violation !== null || m.steps > m.free || this.#failed) return false;
      } else if (actor < INTERRUPT) {
        this.#commit(actor - COMMIT);
        if (m.violation !== null) return false;
      } else {
        m.decided = actor;
        return false;
      }
      actor = m.decided >= 0 ? m.decided : this.#next();
      m.decided = -1;
    } while (actor !== cpu.id);
    return true;
  }

  call(cpu: Cpu, callee: Code): boolean {
    return this.#coroutines.call(cpu, callee);
  }

  #begin(): void {
    const m = this.#m;
    m.enabled = 0;
    m.waiting = 0;
    m.awaited = 0;
    m.done = 0;
    m.irqReady = 0;
    m.current = 0;
    m.running = 0;
    m.progressAt = m.steps;
    m.free = -1;
    for (const cpu of m.cpus) {
      this.#coroutines.advance(cpu, 0);
      m.updateIrq(cpu);
      if (m.violation !== null) return;
    }
    m.changed = EVERYTHING;
    m.beginFree();
  }

  /** An interrupt, or what RCU does for a CPU; true if a handler begins there. */
  #arrives(cpu: Cpu, actor: number): boolean {
    if (actor >= RCU) return this.#callbacks.act(cpu);
    this.#interrupts.begin(cpu);
    return true;
  }

  /** Who goes next: a CPU, COMMIT and the place of a store, INTERRUPT or RCU and a CPU; -1 if that is nobody. */
  #next(): number {
    const m = this.#m;
    const { enabled, source } = m;
    const more = m.changed | m.memory.commits | m.irqReady | m.callbackCount | this.#tooMany;
    if (more !== 0 || enabled === 0 || source.everyStep === true) return this.#nextOfAll();
    const row = (m.current << (TABLE_CPUS + ROW)) | (enabled << ROW);
    const count = this.#rows[row + COUNT];
    return this.#rows[count === 1 ? row : row + source.choose(Choice.Actor, count)];
  }

  /** Likewise where CPUs may have become ready, more than CPUs may go next, or nobody, or the source is asked at every step. */
  #nextOfAll(): number {
    const m = this.#m;
    if (m.changed !== 0) this.#waiting.recheck(m.changed);
    if (m.done === m.all && m.callbackCount === 0) return -1;
    const { enabled, source } = m;
    const { commits } = m.memory;
    const count = popcount(enabled);
    let n = count + commits + (m.irqReady === 0 ? 0 : popcount(m.irqReady));
    const others = n;
    if (m.callbackCount !== 0) n += this.#callbacks.look();
    if (n === 0) {
      reportDeadlock(m, this.#callbacks.waiting());
      return -1;
    }
    const k = n > 1 || source.everyStep ? source.choose(Choice.Actor, n) : 0;
    if (k >= others) return RCU + nthBit(m.rcuReady, k - others);
    if (k >= count + commits) return INTERRUPT + nthBit(m.irqReady, k - count - commits);
    return k >= count ? COMMIT + k - count : this.enabledCpu(k);
  }

  #access(cpu: Cpu): number {
    const m = this.#m;
    m.current = cpu.id;
    // Whether this CPU must wait for what comes next is looked at when it has come there.
    m.changed = (m.waiting & ~(1 << cpu.id)) === 0 ? 0 : this.#waiting.changedBy(cpu);
    return this.#execution.execute(cpu);
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

  #fail(): never {
    this.#failed = false;
    const failure = this.#failure;
    this.#failure = null;
    throw failure;
  }

  /** After long without progress: calms memory, or gives up. */
  #stuck(): boolean {
    const m = this.#m;
    m.memory.catchUp();
    m.changed = EVERYTHING;
    if (m.violation === null && m.steps - m.progressAt > m.bounds.livelock) {
      reportLivelock(m, m.bounds.livelock);
    }
    return m.violation !== null;
  }

  /** The k-th enabled CPU, counting from the current one. */
  enabledCpu(k: number): number {
    const { current, enabled, cpus } = this.#m;
    if (this.#tooMany !== 0) return kthFrom(current, enabled, k, cpus.length);
    return this.#rows[(current << (TABLE_CPUS + ROW)) | (enabled << ROW) | k];
  }
}

/** The k-th CPU of a set of `n`, counting from the one at `at`. */
function kthFrom(at: number, set: number, k: number, n: number): number {
  const rotated = ((set >>> at) | (set << (n - at))) & ((1 << n) - 1);
  return (nthBit(rotated, k) + at) % n;
}
