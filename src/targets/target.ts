import type fc from 'fast-check';
import type { Kernel } from '../engine/access.ts';
import type { Cpu } from '../engine/cpu.ts';
import type { Layout } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import type { MemoryName } from '../engine/memory/index.ts';

/** How large a machine is. */
export interface Size {
  readonly cpus: number;
  readonly pages: number;
  /** Address spaces, where the target has them. */
  readonly mms: number;
}

/** One argument of an operation: a small integer, with names for its values where they help a reader. */
export interface Parameter {
  readonly name: string;
  /** Draws a value; 0 is the simplest, and the arbitrary must be able to shrink a value read from a file. */
  arbitrary(size: Size): fc.Arbitrary<number>;
  /** Operations of one program should mostly agree on it: they meet on the same page, say. */
  readonly focus?: boolean;
  /** Names of the values 0, 1, ... in case files and diagrams. */
  readonly values?: readonly string[];
}

/** One kernel entry point, run to its end on one CPU. */
export interface Operation {
  readonly name: string;
  /** One line: what the kernel does here, with the function it enters. */
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** An interrupt handler: injected, never scheduled. */
  readonly interrupt?: boolean;
  /** How often it is drawn relative to the others; 1 unless given, 0 for operations only named explicitly. */
  readonly weight?: number;
  run(cpu: Cpu, args: readonly number[]): Kernel<unknown>;
}

/** What differs between designs: each setting has a value per variant, and switches change single ones. */
export type Settings = Readonly<Record<string, boolean | string>>;

/** One design of the subsystem, as posted, merged or proposed. */
export interface Variant {
  readonly name: string;
  readonly summary: string;
  /** Commit, thread or version it is taken from. */
  readonly origin: string;
  /** True if every catalogued fix is on: any violation is a new finding or a fault of the model. */
  readonly fixed?: boolean;
  readonly settings: Settings;
}

/** A change to a variant, nameable as `target/variant+switch`. */
export interface Switch {
  readonly name: string;
  readonly summary: string;
  readonly origin: string;
  readonly settings: Settings;
}

/**
 * What coverage sees of objects of one kind: a small state of each, a projection of some of its words, whose changes
 * are features. Without any, each word of flags is an object of its own.
 */
export interface Abstraction {
  /** The kind of object, for telling features apart: `page`, `rmp entry`. */
  readonly kind: string;
  /** For each object the addresses of the words that its state depends on; no word may belong to two objects. */
  readonly objects: readonly (readonly number[])[];
  /** The state of an object as a number, from those words alone. Called at each change of one: it must be cheap. */
  state(words: Int32Array, object: number): number;
}

/** A target built for one design and size: memory layout and operations that close over it. */
export interface Model {
  readonly layout: Layout;
  readonly operations: readonly Operation[];
  readonly abstractions?: readonly Abstraction[];
  /**
   * Installs the model's hooks in a machine built over its layout: `onBegin` (initial state beyond initial values),
   * `onDone` (final checks, when all CPUs are done and all stores have reached memory), `watcher`. Call it once.
   */
  attach(machine: Machine): void;
}

/** An executable model of one kernel subsystem. */
export interface Target {
  readonly name: string;
  readonly summary: string;
  /** Explains in a few lines which thread it comes from and what to try first. */
  readonly description: string;
  /** Memory model used unless another is asked for. */
  readonly memory: MemoryName;
  /** Size used unless another is asked for. */
  readonly size: Size;
  readonly variants: readonly Variant[];
  readonly switches: readonly Switch[];
  /** Ids of the oracles that can judge here; see src/oracles/index.ts. */
  readonly oracles: readonly string[];
  build(settings: Settings, size: Size): Model;
}
