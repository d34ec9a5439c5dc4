import { type Access, type Code, Fence, Order } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { Cpu } from '../cpu.ts';
import { EngineError } from '../errors.ts';
import type { GracePeriods } from './grace-periods.ts';
import type { Interrupts } from './interrupts.ts';
import type { QueuedCallback, WaitingCallback } from './queued-callback.ts';
import type { MachineState } from './state.ts';

/**
 * RCU callbacks (kernel/rcu/tree.c: call_rcu, rcu_core, rcu_barrier): from the call to the softirq that runs them.
 *
 * The grace period of a callback starts in a step of its own, since `call_rcu` is no barrier for its caller: what the
 * caller does next may be seen before what it did before, by sections that the callback then waits for. Under `sc` it
 * starts with the call, which loses nothing there. Before its start the caller's earlier stores have reached memory; as
 * `call_rcu` queues with interrupts off, which makes a section of it (since v5.0), other grace periods that start later
 * wait for them too. The callbacks of a CPU start and run in order; one that can start its grace period does so before an
 * older one runs. Left out: callbacks run by kthreads (offloaded CPUs, CONFIG_RCU_NOCB_CPU) or after a CPU goes offline.
 */
export class Callbacks {
  readonly #m: MachineState;
  readonly #grace: GracePeriods;
  readonly #interrupts: Interrupts;
  /** What was described by `callRcu`; it is queued when that access executes. */
  readonly #described: Pick<QueuedCallback, 'name' | 'start'>[] = [];
  /** Per CPU: what its last callback hands to the data-race clocks; -1 before any has ended. */
  readonly #ended: Int32Array;
  #last = 0;

  constructor(m: MachineState, grace: GracePeriods, interrupts: Interrupts, cpus: number) {
    this.#m = m;
    this.#grace = grace;
    this.#interrupts = interrupts;
    this.#ended = new Int32Array(cpus).fill(-1);
  }

  reset(): void {
    if (this.#described.length === 0) return;
    this.#described.length = 0;
    this.#last = 0;
    this.#ended.fill(-1);
  }

  /** The number of the callback that was queued last; 0 if none was. */
  get last(): number {
    return this.#last;
  }

  /** Keeps what is about to be queued; its key, for `queue`, is not 0. */
  describe(name: string, start: () => Code): number {
    const spelled = name === '' ? 'callback' : name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
    return this.#described.push({ name: spelled, start });
  }

  /** The name of what was described, in kernel spelling. */
  nameOf(key: number): string {
    return this.#described[key - 1]?.name ?? '';
  }

  queue(cpu: CpuState, key: number): void {
    const m = this.#m;
    const described = this.#described[key - 1];
    if (described === undefined) throw new EngineError(`no RCU callback was described with key ${key}`);
    const queued: QueuedCallback = {
      cpu: cpu.id,
      number: ++this.#last,
      name: described.name,
      site: cpu.site,
      start: described.start,
      call: this.#grace.call(cpu.id),
      grace: 0,
      waitsFor: [],
      running: false,
    };
    m.callbacks.push(queued);
    m.callbackCount++;
    if (m.memory.startsAtCall && this.#startable(queued)) this.#start(queued);
  }

  /** Looks which CPUs RCU can do something for, and returns how many; for each step while there are callbacks. */
  look(): number {
    const m = this.#m;
    let ready = 0;
    let count = 0;
    for (let c = 0; c < m.cpus.length; c++) {
      const unstarted = this.#unstarted(c);
      if (unstarted === null && this.#runnable(m.cpus[c]) === null) continue;
      ready |= 1 << c;
      count++;
    }
    m.rcuReady = ready;
    return count;
  }

  /** What RCU does next for a CPU: starts a grace period, or has the CPU run its oldest callback, which then begins. */
  act(cpu: Cpu): boolean {
    const unstarted = this.#unstarted(cpu.id);
    if (unstarted !== null) {
      this.#start(unstarted);
      return false;
    }
    const queued = this.#runnable(cpu);
    if (queued === null) return false;
    queued.running = true;
    this.#grace.endOf(queued);
    this.#interrupts.enter(cpu, { name: queued.name, start: own => this.#run(own, queued) }, true);
    // What a callback of the engine does is put down to who called for it.
    cpu.site = queued.site;
    return true;
  }

  /** The end of a `rcu_barrier`: its caller comes after all callbacks that have run. */
  barrier(cpu: CpuState): void {
    const { memory, race } = this.#m;
    for (let c = 0; c < this.#ended.length; c++) {
      if (this.#ended[c] < 0) continue;
      // The callback that rcu_barrier() queues behind the others counts down with a full atomic.
      if (c !== cpu.id) memory.fence(c, Fence.Mb);
      if (race !== null) race.loaded(cpu.id, 0, this.#ended[c], Order.Acquire);
    }
    memory.fence(cpu.id, Fence.Mb);
  }

  /** The callbacks that have not ended, in the order of their calls. */
  waiting(): readonly WaitingCallback[] {
    return this.#m.callbacks.map(queued => {
      const { cpu, name, running } = queued;
      return { cpu, name, what: this.#waitsFor(queued), running };
    });
  }

  #waitsFor(queued: QueuedCallback): string {
    const m = this.#m;
    if (queued.running) return 'runs';
    if (queued.grace === 0) return 'waits for its grace period to start';
    const readers = m.cpus.filter(cpu => this.#grace.inSection(cpu.id, queued.waitsFor[cpu.id]));
    if (readers.length > 0)
      return `waits for the read-side section of ${readers.map(one => `CPU${one.id}`).join(', ')}`;
    const oldest = m.callbacks.find(one => one.cpu === queued.cpu);
    if (oldest !== queued) return `waits for the callback ${oldest?.name ?? ''} before it`;
    return 'waits for interrupts and bottom halves to be on';
  }

  *#run(cpu: Cpu, queued: QueuedCallback): Generator<Access | Code, void, unknown> {
    yield queued.start();
    const m = this.#m;
    m.callbacks.splice(m.callbacks.indexOf(queued), 1);
    if (--m.callbackCount === 0) m.rcuReady = 0;
    this.#ended[cpu.id] = m.race === null ? 0 : m.race.storeSnapshot(cpu.id, Order.Release);
  }

  #start(queued: QueuedCallback): void {
    const m = this.#m;
    this.#grace.startOf(queued);
    if (m.observer !== null) m.observer.interrupt(queued.cpu, queued.name, true, 'grace');
  }

  #startable(queued: QueuedCallback): boolean {
    return !this.#m.memory.delaysBefore(queued.cpu, queued.call);
  }

  /** The oldest callback of a CPU whose grace period has not started, if it can start now. */
  #unstarted(cpu: number): QueuedCallback | null {
    for (const queued of this.#m.callbacks) {
      if (queued.cpu !== cpu || queued.grace !== 0) continue;
      return this.#startable(queued) ? queued : null;
    }
    return null;
  }

  /** The oldest callback of a CPU, if it can run now. */
  #runnable(cpu: Cpu): QueuedCallback | null {
    if (cpu.irqsOff || cpu.hardirqDepth !== 0 || cpu.softirqDepth !== 0 || cpu.inflight !== 0) return null;
    for (const queued of this.#m.callbacks) {
      if (queued.cpu !== cpu.id) continue;
      return queued.grace !== 0 && this.#grace.overFor(queued) ? queued : null;
    }
    return null;
  }
}
