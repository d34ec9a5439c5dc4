import { Choice } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { Cpu } from '../cpu.ts';
import type { DecisionSource } from '../decisions.ts';
import { EngineError, ExecutionStop } from '../errors.ts';
import { Attr, type Layout } from '../layout.ts';
import type { Memory, MemoryHost } from '../memory/memory.ts';
import type { Observer } from '../observer.ts';
import type { BoundOperation, BoundProgram } from '../program.ts';
import { Race } from '../race.ts';
import { Slab } from '../slab.ts';
import type { Observation, Violation } from '../violation.ts';
import type { QueuedCallback } from './queued-callback.ts';

/** `MachineState.changed`: any word, section or translation may have changed. */
export const EVERYTHING = -1;

/** CPUs of a machine at most: sets of them are the bits of a small integer. */
export const MAX_CPUS = 30;

/** Bounds of an execution, in accesses. */
export interface Bounds {
  /** Without an operation completing, after which it is a livelock. */
  readonly livelock: number;
  /** Likewise, after which memory is made calm, so that only a true livelock goes on. */
  readonly patience: number;
  /** In all. */
  readonly steps: number;
}

/** Always the calmest answer: runs the setup. */
export const calm: DecisionSource = {
  everyStep: false,
  begin: () => {},
  choose: () => 0,
};

const noOperations: readonly BoundOperation[] = [];

/** What the parts of a machine share: the memory, the execution so far, and who can run next. */
export abstract class MachineState implements MemoryHost {
  readonly layout: Layout;
  readonly memory: Memory;
  readonly words: Int32Array;
  abstract readonly cpus: readonly Cpu[];
  readonly slab: Slab;
  readonly race: Race | null;
  note = 0;
  /** Accesses executed in this execution, setup included. */
  steps = 0;
  violation: Violation | null = null;
  /** What was noticed in this execution that is no violation; see `observe`. */
  readonly observations: Observation[] = [];
  observer: Observer | null = null;
  /** Called when a store reaches a word declared `watched`; may call `report`. */
  watcher: ((address: number, old: number, value: number, cpu: number, site: number) => void) | null = null;
  program: BoundProgram | null = null;
  readonly bounds: Bounds;
  /** The CPU that ran last: staying on it is the calmest decision. */
  current = 0;

  // For the parts of the machine alone. Sets of CPUs are bits.

  /** All CPUs. */
  readonly all: number;
  /** CPUs whose pending access can run. */
  enabled = 0;
  /** CPUs whose pending access is of a kind that may have to wait. */
  waiting = 0;
  /**
   * The words that these accesses are to, by the last five bits of each address, or all where that does not tell; some more
   * since the last look at everything.
   */
  awaited = 0;
  /** CPUs that have an interrupt to take and interrupts on. */
  irqReady = 0;
  /** RCU callbacks that have not ended, in the order of their calls. */
  readonly callbacks: QueuedCallback[] = [];
  /** How many there are. */
  callbackCount = 0;
  /** CPUs for whose callbacks RCU can do something. */
  rcuReady = 0;
  /** CPUs that have run all their operations. */
  done = 0;
  /** What the last step may have changed of what CPUs wait for: 0 nothing, a word, or EVERYTHING. */
  changed = EVERYTHING;
  /** The actor that goes next, if that was asked while model code ran: see `RunLoop.runOn`. -1 if not. */
  decided = -1;
  /** CPUs whose code is on the stack of JavaScript: it runs, or waits there for that of others. */
  running = 0;
  /** Up to so many steps no bound of the execution is reached; -1 while accesses may not run inside model code. */
  free = -1;
  /** `steps` when an operation last completed. */
  progressAt = 0;
  inSetup = false;
  /** The first error of the model in this execution; `Machine.run` throws it even if model code caught it. */
  fault: EngineError | null = null;
  source: DecisionSource = calm;
  /** Thrown through model code at a violation. */
  readonly stop = new ExecutionStop('the execution ended at a violation');
  /** Per CPU: the operation and the interrupt that come next. */
  readonly nextOperation: Int32Array;
  readonly nextInterrupt: Int32Array;

  constructor(
    layout: Layout,
    cpus: number,
    bounds: Bounds,
    memory: (layout: Layout, cpus: number, host: MemoryHost) => Memory,
  ) {
    if (cpus < 1 || cpus > MAX_CPUS) throw new EngineError(`a machine has 1 to ${MAX_CPUS} CPUs`);
    this.layout = layout;
    this.bounds = bounds;
    this.memory = memory(layout, cpus, this);
    this.words = this.memory.words;
    this.race = layout.attributes.some(attr => (attr & Attr.Plain) !== 0) ? new Race(layout, cpus) : null;
    this.memory.race = this.race;
    this.slab = new Slab(layout, this.memory);
    this.all = (1 << cpus) - 1;
    this.nextOperation = new Int32Array(cpus);
    this.nextInterrupt = new Int32Array(cpus);
  }

  protected resetState(): void {
    this.memory.reset();
    if (this.race !== null) this.race.reset();
    this.slab.reset();
    for (let c = 0; c < this.cpus.length; c++) {
      this.cpus[c].reset();
      this.nextOperation[c] = 0;
      this.nextInterrupt[c] = 0;
    }
    this.inSetup = false;
    this.steps = 0;
    this.violation = null;
    this.fault = null;
    if (this.observations.length > 0) this.observations.length = 0;
    if (this.callbacks.length > 0) this.callbacks.length = 0;
    this.callbackCount = 0;
    this.rcuReady = 0;
    this.current = 0;
    this.progressAt = 0;
    this.decided = -1;
    this.free = -1;
  }

  /** An operation has completed. */
  progressed(): void {
    this.progressAt = this.steps;
    if (this.free >= 0) this.beginFree();
  }

  /** Sets `free` anew. */
  beginFree(): void {
    this.free = Math.min(this.progressAt + this.bounds.patience, this.bounds.steps);
  }

  /** Asks the decision source; 0 is the calmest answer. */
  choose(kind: number, n: number): number {
    return this.source.choose(kind, n);
  }

  observe(kind: string, message: string, cpu: number): void {
    this.observations.push({ kind, message, cpu });
  }

  chooseFor(_cpu: CpuState, n: number): number {
    return this.source.choose(Choice.Model, n);
  }

  committed(address: number, old: number, value: number, cpu: number, site: number): void {
    if (this.watcher !== null) this.watcher(address, old, value, cpu, site);
  }

  /** The operations that a CPU runs in this phase. */
  operationsOf(cpu: number): readonly BoundOperation[] {
    const { program } = this;
    if (program === null) return noOperations;
    if (this.inSetup) return cpu === 0 ? program.setup : noOperations;
    return program.cpus[cpu] ?? noOperations;
  }

  /** Sees whether an interrupt may arrive on a CPU now. */
  updateIrq(cpu: CpuState): void {
    const list = this.program?.interrupts[cpu.id];
    const bit = 1 << cpu.id;
    const can =
      !this.inSetup &&
      list !== undefined &&
      this.nextInterrupt[cpu.id] < list.length &&
      !cpu.irqsOff &&
      cpu.hardirqDepth === 0 &&
      cpu.inflight === 0;
    if (can) this.irqReady |= bit;
    else this.irqReady &= ~bit;
  }

  /** Records a violation; only the first one counts. */
  report(
    oracle: string,
    message: string,
    cpu: number,
    address: number,
    sites: readonly number[],
    details: readonly string[] = [],
  ): void {
    if (this.violation !== null) return;
    const object = address === 0 ? '' : this.layout.kindOf(address);
    this.violation = { oracle, message, cpu, sites, object, address, details };
  }

  /** Ends the execution with a violation; call it from model code or an oracle. Only the first one counts. */
  violateNow(
    oracle: string,
    message: string,
    cpu: CpuState | null,
    address: number,
    otherSites: readonly number[],
    details: readonly string[] = [],
  ): void {
    const sites = cpu === null ? otherSites : [cpu.site, ...otherSites];
    this.report(oracle, message, cpu === null ? -1 : cpu.id, address, sites, details);
    throw this.stop;
  }

  /** An access was described but not yielded before the next one, or before the operation returned. */
  forgottenYield(cpu: CpuState): never {
    const where = this.operationName(cpu);
    this.fail(
      `${where}: an access to ${this.layout.nameOf(cpu.address)} was described but never yielded (forgotten yield?)`,
    );
  }

  /** The model uses the engine in a way that makes no sense: not a finding, but an error of the model. */
  misuse(cpu: CpuState, what: string): never {
    this.fail(`${this.operationName(cpu)}: ${what}`);
  }

  /** Throws an error of the model, which its code may catch: it stays an error, see `fault`. */
  fail(message: string): never {
    this.fault ??= new EngineError(message);
    throw this.fault;
  }

  /** Name of the operation, or of the interrupt handler, that a CPU runs. */
  operationName(cpu: CpuState): string {
    if (cpu.inHandler) return cpu.handler;
    return this.operationsOf(cpu.id)[cpu.operation]?.name ?? 'interrupt';
  }
}
