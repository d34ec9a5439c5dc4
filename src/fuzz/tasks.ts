import type { Case } from './case/case.ts';
import type { Minimized } from './minimize/minimize.ts';
import type { Replayed } from './replay.ts';

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

export interface FuzzTask {
  readonly type: 'fuzz';
  readonly job: Job;
  /** Number of the first program, and how many. */
  readonly from: number;
  readonly programs: number;
  /** At most this many executions. */
  readonly executions: number;
  /** Signatures already found for this design. */
  readonly known: readonly string[];
  /** End at the first finding. */
  readonly untilCrash: boolean;
}

/** A violation, or an error of the model, as found. */
export interface RawFinding {
  readonly case: Case;
  /** The oracle's message, or that of the error. */
  readonly message: string;
  readonly program: number;
  /** True if the two runs of one execution differed. */
  readonly nondeterministic: boolean;
}

export interface BatchResult {
  /** The first program that was not run to the end of its executions. */
  readonly next: number;
  readonly executions: number;
  /** Executions that ended in a violation, and those cut off for length. */
  readonly violations: number;
  readonly cutOff: number;
  readonly accesses: number;
  readonly findings: readonly RawFinding[];
}

/** Writes down the answers of an execution that hung or threw; steps go to the heartbeat as they happen. */
export interface DescribeTask {
  readonly type: 'describe';
  readonly job: Job;
  readonly program: number;
  readonly answers: readonly number[];
}

/** The case of a program whose execution hung after the steps given. */
export interface HungTask {
  readonly type: 'hung';
  readonly job: Job;
  readonly program: number;
  readonly steps: readonly (readonly [actor: number, cpu: number, address: number])[];
}

export interface ReplayTask {
  readonly type: 'replay';
  readonly case: Case;
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

/** Sites of a target's model that executions reached, and all of them. */
export interface SitesTask {
  readonly type: 'sites';
}

export interface SiteCount {
  readonly key: string;
  readonly line: number;
  readonly count: number;
}

/** Each kind of task with its result. */
export interface Tasks {
  fuzz: { task: FuzzTask; result: BatchResult };
  describe: { task: DescribeTask; result: null };
  hung: { task: HungTask; result: Case };
  replay: { task: ReplayTask; result: Replayed };
  search: { task: SearchTask; result: Case | null };
  minimize: { task: MinimizeTask; result: Minimized | null };
  sites: { task: SitesTask; result: readonly SiteCount[] };
}

export type TaskKind = keyof Tasks;
export type Task = Tasks[TaskKind]['task'];

/** What travels to a worker: the task, the modules that hold targets, and the shared words. */
export interface Envelope {
  readonly task: Task;
  readonly modules: readonly string[];
  readonly heartbeat: SharedArrayBuffer;
}
