import type { CpuState } from './cpu/state.ts';
import type { Cpu } from './cpu.ts';
import type { Layout } from './layout.ts';
import type { Memory } from './memory/memory.ts';
import type { ActorKind } from './schedule.ts';

/** What a decision source can see of the machine that asks it. */
export interface MachineView {
  readonly layout: Layout;
  readonly memory: Memory;
  readonly cpus: readonly Cpu[];
  readonly steps: number;
  readonly actors: number;
  /** CPUs whose pending access can run, as bits, and the one that ran last: CPUs are offered from it on, in a round. */
  readonly enabled: number;
  readonly current: number;
  actorAt(k: number): readonly [kind: ActorKind, index: number];
  isEnabled(cpu: number): boolean;
  isDone(cpu: number): boolean;
  waitsFor(cpu: CpuState): string;
  operationName(cpu: CpuState): string;
}

/**
 * The one source of everything that program and model code do not determine. Strategies (random walk, replay, ...)
 * implement it; what records, checks or measures wraps it.
 */
export interface DecisionSource {
  /** Called before each execution. */
  begin(machine: MachineView): void;
  /** Chooses among `n` >= 1 answers, 0 being the calmest. `kind` is one of `Choice`. */
  choose(kind: number, n: number): number;
  /** If set, `choose(Choice.Actor, 1)` is asked too, so that every step can be checked against a schedule. */
  readonly everyStep: boolean;
}
