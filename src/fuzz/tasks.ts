import type { Case } from './case/case.ts';
import type { Evaluated } from './coverage/evaluate.ts';
import type { PairCounts } from './coverage/operation-pairs.ts';
import type { Exploration, ExploreRequest } from './explore.ts';
import type { Cost } from './matrix/cost-figures.ts';
import type { Proof, ProofBound } from './matrix/proof.ts';
import type { Minimized } from './minimize/minimize.ts';
import type { Program } from './program.ts';
import type { Replayed } from './replay.ts';
import type { Shares } from './search/portfolio.ts';
import type { Stepped } from './steps/steps.ts';

/** What a batch of programs is drawn for and judged with. */
export interface Job {
  /** `mte-sync/v5.19+switch` */
  readonly design: string;
  readonly memory: string;
  readonly size: { readonly cpus: number; readonly pages: number; readonly mms: number };
  /** Operations to which programs are restricted; empty for all. */
  readonly ops: readonly string[];
  readonly seed: string;
}

/**
 * A queue entry as it travels to a worker: a case, or what the same version of the model found, in numbers. `answers`
 * are those of `Answers`; a case costs an execution more, to find them.
 */
export type Seed =
  | { readonly id: string; readonly program: Program; readonly answers: ArrayLike<number> }
  | { readonly id: string; readonly case: Case };

/** New programs: the number of the first, and how many. */
export interface FreshPlan {
  readonly kind: 'fresh';
  readonly from: number;
  readonly programs: number;
}

/**
 * Children of queue entries, numbered from 0; each is a program (its parent's, or a change of it) with its schedules. The
 * entry and the others take turns as parents, and lend operations to one another's children.
 */
export interface MutatePlan {
  readonly kind: 'mutate';
  readonly entry: Seed;
  /** Names the random stream of the children: the same name gives the same children. */
  readonly stream: string;
  readonly children: number;
  readonly others: readonly Seed[];
}

export type Plan = FreshPlan | MutatePlan;

export interface FuzzTask {
  readonly type: 'fuzz';
  readonly job: Job;
  readonly plan: Plan;
  /** At most this many executions. */
  readonly executions: number;
  /** Signatures already found for this design. */
  readonly known: readonly string[];
  /** End at the first finding. */
  readonly untilCrash: boolean;
  /** The map of features of this design, shared by all workers (`CoverageMap.buffer`); null to look at no coverage. */
  readonly coverage: SharedArrayBuffer | null;
  /**
   * What is new is judged by the map as it was when the task began, and the map is left alone: the main thread merges
   * `BatchResult.mapChanges` in the order of the tasks. Else novelty is global at once.
   */
  readonly deterministic: boolean;
  /** How often each strategy gives a schedule; `defaultShares` unless given. */
  readonly shares?: Shares;
}

/** A violation, or an error of the model, as found. */
export interface RawFinding {
  readonly case: Case;
  /** The oracle's message, or that of the error. */
  readonly message: string;
  readonly program: number;
  /** How program and schedule came about, as in `Discovery`; empty if that is not known. */
  readonly provenance: string;
  /** Executions of the task up to this one. */
  readonly executions: number;
  /** True if the two runs of one execution differed. */
  readonly nondeterministic: boolean;
}

/** An execution that showed what none before it had shown: a candidate for the queue. */
export interface Discovery {
  readonly case: Case;
  /** The decisions in numbers, for this version of the model. */
  readonly answers: Int32Array;
  /** Number of the program, or of the child. */
  readonly program: number;
  /** How program and schedule came about: `fresh pct`, `op-insert walk`, `splice sched-keep`, ... */
  readonly provenance: string;
  /** Id of the entry that it is a child of. */
  readonly parent: string | null;
  /** Cells of the map that were new. */
  readonly features: readonly number[];
  /** Names of the classes that these belong to. */
  readonly classes: readonly string[];
  /** Accesses of the execution. */
  readonly accesses: number;
  /** Executions of the task up to this one. */
  readonly executions: number;
}

/** How many executions a strategy gave the schedule of, or a way of making programs the program. */
export interface Share {
  readonly kind: 'schedule' | 'program';
  readonly name: string;
  readonly executions: number;
}

/**
 * Executions told apart by the order of their conflicting accesses, within one program each: how many were looked at,
 * how many differed, and how many of those were seen once only (what a Good-Turing estimate needs).
 */
export interface ExecutionClasses {
  readonly executions: number;
  readonly distinct: number;
  readonly once: number;
}

export interface BatchResult {
  /** The first program or child that was not run to the end of its executions. */
  readonly next: number;
  readonly executions: number;
  /** Executions that ended in a violation, and those cut off for length. */
  readonly violations: number;
  readonly cutOff: number;
  /** Executions in which something was observed that is no violation, by its kind. */
  readonly observed: Readonly<Record<string, number>>;
  readonly accesses: number;
  readonly findings: readonly RawFinding[];
  /** How often each violation was seen, by signature. */
  readonly seen: readonly (readonly [signature: string, times: number])[];
  readonly discoveries: readonly Discovery[];
  readonly shares: readonly Share[];
  readonly classes: ExecutionClasses;
  readonly pairs: PairCounts;
  /** For `CoverageMap.merge`; null unless the task was deterministic. */
  readonly mapChanges: Int32Array | null;
}

/** What a worker answers: a batch, and the keys of sites that it had not reached, or not told of, before. */
export interface FuzzResult extends BatchResult {
  readonly sites: readonly string[];
}

/** Writes down the answers of an execution that hung or threw; steps go to the heartbeat as they happen. */
export interface DescribeTask {
  readonly type: 'describe';
  readonly job: Job;
  readonly plan: Plan;
  /** Number of the program or child. */
  readonly program: number;
  readonly answers: readonly number[];
}

/** The case of a program whose execution hung after the steps given. */
export interface HungTask {
  readonly type: 'hung';
  readonly job: Job;
  readonly plan: Plan;
  readonly program: number;
  readonly steps: readonly (readonly [actor: number, cpu: number, address: number])[];
}

export interface ReplayTask {
  readonly type: 'replay';
  readonly case: Case;
}

/** Replays a case and tells each step; with `limit`, no more of them. */
export interface StepsTask {
  readonly type: 'steps';
  readonly case: Case;
  readonly limit: number | null;
}

export interface SearchTask {
  readonly type: 'search';
  readonly case: Case;
}

export interface MinimizeTask {
  readonly type: 'minimize';
  readonly case: Case;
  /** At most this many executions. */
  readonly budget: number;
}

/** Runs what one program can do within ever wider bounds, then random schedules. */
export interface ExploreTask extends ExploreRequest {
  readonly type: 'explore';
}

/**
 * Runs cases once each on the machine of a job and tells their features; a text for those that do not fit, null for those
 * without a violation whose features are all in a map.
 */
export interface EvaluateTask {
  readonly type: 'evaluate';
  readonly job: Job;
  readonly cases: readonly Case[];
  /** A `CoverageMap.buffer`; null to be told of all cases. */
  readonly known: SharedArrayBuffer | null;
}

/** Reads case files and runs each once on the machine that it names; a text for those that cannot be run. */
export interface ShowTask {
  readonly type: 'show';
  readonly paths: readonly string[];
}

/** What the case of a file shows, and of which design it is. */
export interface FileShown {
  readonly design: string;
  readonly features: Int32Array;
  readonly accesses: number;
}

/** Measures what a design costs, on programs that do not depend on the design. */
export interface CostTask {
  readonly type: 'cost';
  readonly job: Job;
  readonly executions: number;
}

/** Runs every execution within a bound of some of the programs within it. */
export interface ProveTask {
  readonly type: 'prove';
  readonly job: Job;
  readonly bound: ProofBound;
  /** Number of the first program, and how many. */
  readonly from: number;
  readonly programs: number;
  /** At most this many executions. */
  readonly executions: number;
}

/** Each kind of task with its result. */
export interface Tasks {
  fuzz: { task: FuzzTask; result: FuzzResult };
  describe: { task: DescribeTask; result: null };
  hung: { task: HungTask; result: Case };
  replay: { task: ReplayTask; result: Replayed };
  steps: { task: StepsTask; result: Stepped };
  search: { task: SearchTask; result: Case | null };
  minimize: { task: MinimizeTask; result: Minimized | null };
  explore: { task: ExploreTask; result: Exploration };
  evaluate: { task: EvaluateTask; result: readonly (Evaluated | string | null)[] };
  show: { task: ShowTask; result: readonly (FileShown | string)[] };
  cost: { task: CostTask; result: Cost };
  prove: { task: ProveTask; result: Proof };
}

export type TaskKind = keyof Tasks;
export type Task = Tasks[TaskKind]['task'];

/** What travels to a worker: the task, the modules that hold targets, and the shared words. */
export interface Envelope {
  readonly task: Task;
  readonly modules: readonly string[];
  readonly heartbeat: SharedArrayBuffer;
  /** File in which the worker writes down each program before it runs it; see `Journal`. */
  readonly journal: string | null;
  /** File in which it writes down what the program does; see `Notes`. */
  readonly notes: string | null;
}
