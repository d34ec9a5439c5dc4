import type { Code } from '../access.ts';
import type { Layout } from '../layout.ts';
import type { Memory } from '../memory/memory.ts';
import type { CpuState } from './state.ts';

/** What a CPU asks of the machine it is part of, and model code through `cpu.machine`. */
export interface CpuHost {
  readonly layout: Layout;
  readonly memory: Memory;
  readonly cpus: readonly CpuState[];
  /** What the last access did, as bits: see `Note`. */
  readonly note: number;
  /** Class and type of the lock at each address: see `Layout`. */
  readonly lockClassOf: Int32Array;
  lockTypeOf(address: number): number;
  /** A lock of a class is about to be taken, waiting for it if need be. */
  checkLockOrder(cpu: CpuState, lockClass: number, type: number, read: boolean): void;
  /** Interrupts were switched on or off. */
  irqStateChanged(cpu: CpuState): void;
  /** Asks the decision source on behalf of the model. */
  chooseFor(cpu: CpuState, n: number): number;
  /** Keeps what a `call_rcu` is about to queue; its key, which is not 0. */
  rcuCallback(name: string, start: () => Code): number;
  /** Reads the newest value of any word, at no cost: for oracles. */
  peek(address: number): number;
  /** Writes a ghost word. */
  ghostStore(address: number, value: number): void;
  /** Name of the operation, or of the interrupt handler, that a CPU runs. */
  operationName(cpu: CpuState): string;
  /** Ends the execution with a violation. */
  violateNow(
    oracle: string,
    message: string,
    cpu: CpuState | null,
    address: number,
    otherSites: readonly number[],
    details?: readonly string[],
  ): void;
  /** Records a violation; the execution ends after this access. */
  report(
    oracle: string,
    message: string,
    cpu: number,
    address: number,
    sites: readonly number[],
    details?: readonly string[],
  ): void;
  /** Notes what is no violation but worth to be told: see `Observation`. */
  observe(kind: string, message: string, cpu: number): void;
  sleepingInAtomic(cpu: CpuState, what: string): void;
  /** The model uses the engine in a way that makes no sense. */
  misuse(cpu: CpuState, what: string): never;
  /** An access was described but not yielded. */
  forgottenYield(cpu: CpuState): never;
}
