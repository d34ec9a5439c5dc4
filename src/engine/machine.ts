import type { Code } from './access.ts';
import type { CpuHost } from './cpu/host.ts';
import type { CpuState } from './cpu/state.ts';
import { Cpu } from './cpu.ts';
import type { DecisionSource, MachineView } from './decisions.ts';
import { EngineError } from './errors.ts';
import type { Layout } from './layout.ts';
import { nthBit, popcount } from './machine/bits.ts';
import { Callbacks } from './machine/callbacks.ts';
import { Coroutines } from './machine/coroutines.ts';
import { Execution } from './machine/execution.ts';
import { GracePeriods } from './machine/grace-periods.ts';
import { Interrupts } from './machine/interrupts.ts';
import { Locking } from './machine/locking.ts';
import type { WaitingCallback } from './machine/queued-callback.ts';
import { reportLeaks, reportSleepingInAtomic, waitsFor } from './machine/reports.ts';
import { RunLoop } from './machine/run-loop.ts';
import { calm, MachineState } from './machine/state.ts';
import { Translations } from './machine/translations.ts';
import { Waiting } from './machine/waiting.ts';
import type { Memory, MemoryHost } from './memory/memory.ts';
import { type BoundProgram, End } from './program.ts';
import type { ActorKind } from './schedule.ts';

export interface MachineOptions {
  readonly cpus: number;
  /** Builds the memory model over the layout; see memory/index.ts. */
  readonly memory: (layout: Layout, cpus: number, host: MemoryHost) => Memory;
  /** Accesses without an operation completing after which it is a livelock. */
  readonly livelockBound?: number;
  /** Accesses after which an execution is cut off without a verdict. */
  readonly maxSteps?: number;
  /** Report a spinlock or rwlock taken inside a raw or bit spinlock (PROVE_RAW_LOCK_NESTING): a bug on PREEMPT_RT. */
  readonly rawNesting?: boolean;
}

/**
 * A simulated machine: CPUs as coroutines with one pending access each, one memory, one stream of decisions. Its
 * parts lie below machine/ and share `MachineState`.
 */
export class Machine extends MachineState implements CpuHost, MachineView {
  override readonly cpus: readonly Cpu[];
  readonly lockClassOf: Int32Array;
  /** Called at the beginning of each execution, before the setup: initial state beyond initial values. */
  onBegin: ((machine: Machine) => void) | null = null;
  /** Called when all CPUs are done: final checks of the model and its oracles. */
  onDone: ((machine: Machine) => void) | null = null;

  readonly #locking: Locking;
  readonly #grace: GracePeriods;
  readonly #translations: Translations;
  readonly #interrupts: Interrupts;
  readonly #callbacks: Callbacks;
  readonly #loop: RunLoop;

  constructor(layout: Layout, options: MachineOptions) {
    const livelock = options.livelockBound ?? 5_000;
    const bounds = { livelock, patience: livelock >> 1, steps: options.maxSteps ?? 50_000 };
    super(layout, options.cpus, bounds, options.memory);
    this.cpus = Array.from({ length: options.cpus }, (_, id) => new Cpu(id, this));
    this.#locking = new Locking(this, options.rawNesting ?? false);
    this.lockClassOf = this.#locking.classOf;
    this.#grace = new GracePeriods(this, options.cpus);
    this.#translations = new Translations(this, options.cpus);
    const waiting = new Waiting(this, this.#grace, this.#translations);
    this.#interrupts = new Interrupts(this, waiting);
    this.#callbacks = new Callbacks(this, this.#grace, this.#interrupts, options.cpus);
    const execution = new Execution(this, this.#locking, this.#grace, this.#callbacks, this.#translations);
    const coroutines = new Coroutines(this, waiting, this.#interrupts);
    this.#loop = new RunLoop(this, execution, coroutines, waiting, this.#interrupts, this.#callbacks);
    for (const cpu of this.cpus) cpu.driver = this.#loop;
  }

  /** Runs a program to its end; returns one of `End`. Model errors are thrown. */
  run(program: BoundProgram, source: DecisionSource): number {
    this.resetState();
    this.#locking.reset();
    this.#grace.reset();
    this.#callbacks.reset();
    this.#translations.reset();
    this.program = program;
    if (this.onBegin !== null) this.onBegin(this);
    source.begin(this);
    let end: number = End.Done;
    if (program.setup.length > 0) {
      this.source = calm;
      this.inSetup = true;
      end = this.#loop.phase();
      this.inSetup = false;
      this.memory.settle();
      this.#translations.settle();
      if (this.race !== null) this.race.settle();
      for (let c = 0; c < this.cpus.length; c++) this.nextOperation[c] = 0;
    }
    if (end === End.Done) {
      this.source = source;
      end = this.#loop.phase();
    }
    if (end === End.Done) {
      this.memory.flush(-1);
      if (this.violation === null) this.#finish();
      if (this.violation !== null) end = End.Violation;
    }
    if (this.fault !== null) throw this.fault;
    return end;
  }

  #finish(): void {
    if (this.onDone !== null) {
      try {
        const ended: unknown = this.onDone(this);
        if (ended instanceof Promise) {
          throw new EngineError('the final check (onDone) is async: what it finds would come too late');
        }
      } catch (error) {
        if (error !== this.stop) throw error;
      }
    }
    if (this.violation === null && this.slab.live > 0) reportLeaks(this);
  }

  /** How many actors may go next, as `choose(Choice.Actor, n)` sees them. */
  get actors(): number {
    return popcount(this.enabled) + this.memory.commits + popcount(this.irqReady) + popcount(this.rcuReady);
  }

  /** The k-th actor: a CPU, a commit (with its place among the commits), an interrupt on a CPU, or RCU for a CPU. */
  actorAt(k: number): readonly [kind: ActorKind, index: number] {
    const cpus = popcount(this.enabled);
    if (k < cpus) return ['cpu', this.#loop.enabledCpu(k)];
    if (k < cpus + this.memory.commits) return ['commit', k - cpus];
    const others = k - cpus - this.memory.commits;
    const irqs = popcount(this.irqReady);
    return others < irqs
      ? ['irq', nthBit(this.irqReady, others)]
      : ['rcu', nthBit(this.rcuReady, others - irqs)];
  }

  /** True if the CPU's pending access can run now. */
  isEnabled(cpu: number): boolean {
    return ((this.enabled >>> cpu) & 1) === 1;
  }

  /** True if the CPU has run all its operations. */
  isDone(cpu: number): boolean {
    return ((this.done >>> cpu) & 1) === 1;
  }

  /** What the pending access of a CPU that cannot run waits for, in words. */
  waitsFor(cpu: CpuState): string {
    return waitsFor(this, cpu);
  }

  /** The RCU callbacks that have not ended, and what they wait for. */
  callbacksWait(): readonly WaitingCallback[] {
    return this.#callbacks.waiting();
  }

  /** Reads the newest value of any word, at no cost: for oracles. */
  peek(address: number): number {
    return this.words[address];
  }

  /** Writes a ghost word. */
  ghostStore(address: number, value: number): void {
    this.memory.poke(address, value);
  }

  // ---- what CPUs ask -------------------------------------------------------------------------------------------

  lockTypeOf(address: number): number {
    return this.#locking.typeOf[address];
  }

  checkLockOrder(cpu: CpuState, lockClass: number, type: number, read: boolean): void {
    this.#locking.checkOrder(cpu, lockClass, type, read);
  }

  rcuCallback(name: string, start: () => Code): number {
    return this.#callbacks.describe(name, start);
  }

  /** The name of the callback that an access of kind `SyncRcuStart` is about. */
  rcuCallbackName(key: number): string {
    return this.#callbacks.nameOf(key);
  }

  irqStateChanged(cpu: CpuState): void {
    this.#interrupts.stateChanged(cpu);
    if (!cpu.irqsOff && cpu.hardirqDepth === 0) this.#locking.irqsOn(cpu);
  }

  sleepingInAtomic(cpu: CpuState, what: string): void {
    reportSleepingInAtomic(this, cpu, what);
  }
}
