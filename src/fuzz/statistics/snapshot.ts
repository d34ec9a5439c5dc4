import type { Status } from './counters.ts';

/** Version of the form of `snapshot.json`; readers refuse others. */
export const SNAPSHOT_VERSION = 1;

/** Why a campaign ended. */
export type EndReason = 'executions' | 'time' | 'crash' | 'stopped' | 'nothing-left';

/** What a campaign is at. */
export type CampaignState =
  | 'starting'
  | 'self-check'
  | 'searching'
  /** By the user; time does not run meanwhile. */
  | 'paused'
  | 'disk-full'
  /** The search is over; findings are still minimised. */
  | 'minimizing'
  | 'ended';

/** What one way of making executions has brought. */
export interface Yield {
  /** Executions that it gave the schedule, or the program, of. */
  readonly schedules: number;
  /** Features that these were the first to show, and queue entries made of them. */
  readonly newFeatures: number;
  readonly entries: number;
  readonly findings: number;
}

/** A strategy that chooses schedules (`pct`, `sched-keep`), or a way to make programs (`fresh`, `op-insert`). */
export interface StrategyView {
  readonly name: string;
  readonly kind: 'schedule' | 'program';
  /** Since the campaign began, all runs together. */
  readonly total: Yield;
  readonly lastMinute: Yield;
}

/** Coverage of one class of feature, added up over the designs. */
export interface CoverageView {
  readonly name: string;
  readonly meaning: string;
  readonly covered: number;
  /**
   * How many there are, where that is known: places in the code of the targets in work, of which a design uses only a
   * part. Else null.
   */
  readonly known: number | null;
  /** New features for 1,000 executions, in the last minute. */
  readonly perThousand: number;
  /** Good-Turing: expected new features of this class in one more execution; null before anything was sampled. */
  readonly unseen: number | null;
}

/** A worker thread. */
export interface WorkerView {
  /** What it does: `fuzz`, `minimize`, `evaluate`, ...; null if it waits. */
  readonly task: string | null;
  readonly design: string;
  /** In a few words: `new programs from 1216`, `children of entry 33`, `minimises stale-tags`. */
  readonly doing: string;
  /** In the last seconds. */
  readonly executionsPerSecond: number;
  readonly accessesPerSecond: number;
  /** Executions in each of the last seconds, oldest first. */
  readonly history: readonly number[];
}

/** How much a case consists of, in what the minimiser makes smaller. */
export interface CaseSize {
  readonly operations: number;
  /** CPUs that run operations. */
  readonly cpus: number;
  readonly pages: number;
  /** Switches between CPUs that need not be. */
  readonly switches: number;
  /** Stale reads, delays and commits. */
  readonly weak: number;
  /** Failures, interrupts and other choices. */
  readonly choices: number;
  readonly accesses: number;
}

/** How far the minimiser is with a finding. */
export interface MinimizeView {
  /** `as-found`: it cannot be run again, as it hangs or differs each time; `failed`: see the log. */
  readonly state: 'waiting' | 'running' | 'done' | 'as-found' | 'failed';
  /** As found, and the smallest so far; null before the minimiser has run it. */
  readonly before: CaseSize | null;
  readonly now: CaseSize | null;
  /** Executions spent, of how many at most. */
  readonly executions: number;
  readonly budget: number;
  /** True if nothing smaller is left in any dimension. */
  readonly complete: boolean;
}

/** When something was seen, in the campaign's own measures. */
export interface Moment {
  readonly executions: number;
  /** Seconds that the campaign had run. Null where it is not known (an earlier run of a deterministic campaign). */
  readonly seconds: number | null;
  /** Unix time in seconds; null where results must not depend on it. */
  readonly time: number | null;
}

export interface FindingView {
  /** Its folder, which is also its name in commands to the campaign. */
  readonly folder: string;
  /** The smallest case in the folder: `found.yaml` or `minimized.yaml`. */
  readonly file: string;
  readonly design: string;
  readonly memory: string;
  readonly verdict: 'violation' | 'error' | 'hang' | 'clean';
  /** The oracle, or `error` or `hang`. */
  readonly kind: string;
  /** The signature, or the text of an error. */
  readonly key: string;
  readonly modelFault: boolean;
  readonly count: number;
  readonly first: Moment;
  readonly last: Moment;
  /** True once `report.txt` is there. */
  readonly reported: boolean;
  readonly minimize: MinimizeView;
}

/** A design of the campaign. */
export interface DesignView {
  readonly design: string;
  readonly memory: string;
  /** `left-out`: its model hung or failed again and again. */
  readonly state: 'running' | 'done' | 'left-out';
  readonly executions: number;
  /** Batches that failed, so that their programs were not run. */
  readonly failedBatches: number;
  /** Executions that are left to it; null for no limit. */
  readonly left: number | null;
  readonly queue: number;
  readonly features: number;
  readonly findings: number;
  /** Executions of the design since it showed a new feature. */
  readonly quiet: number;
}

/**
 * Which operations of a target met: one CPU ran the first and another then the second, both touched one word, and one
 * of the two accesses wrote. Counted in one execution of some (`sampled`).
 */
export interface PairsView {
  readonly target: string;
  /** Rows and columns. */
  readonly operations: readonly string[];
  /** Executions looked at. */
  readonly sampled: number;
  /** Of these, those in which the pair met; `met[first * operations.length + second]`. */
  readonly met: readonly number[];
  /** Seconds of the campaign when it was first seen to; -1 for never. Same order. */
  readonly since: readonly number[];
}

/** What the figures were, second by second for some minutes; oldest first. For more see `plot_data`. */
export interface HistoryView {
  readonly executionsPerSecond: readonly number[];
  readonly accessesPerSecond: readonly number[];
  readonly newFeatures: readonly number[];
}

export interface LogLine {
  /** Unix time in seconds. */
  readonly time: number;
  readonly level: 'info' | 'warning' | 'finding';
  readonly message: string;
}

/** Whether going on is worth it. */
export interface StopHint {
  /** Executions since the last new feature of any design, and those before it. */
  readonly quiet: number;
  readonly before: number;
  /** Seconds since then. */
  readonly quietSeconds: number;
  /** quiet / before: at 1, the second half of the campaign has shown nothing new. */
  readonly ratio: number;
}

/**
 * A moment of a campaign, whole: status screens, `fuzzer_stats`, `plot_data`, `--json` and reports show nothing else.
 * Plain data; it travels in the `status` event, and lies in the campaign directory as `snapshot.json`.
 */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly dir: string;
  readonly seed: string;
  /** Version of the program, and the command that runs. */
  readonly pagestorm: string;
  readonly command: string;
  readonly deterministic: boolean;
  readonly state: CampaignState;
  /** Why it ended; null while it runs. */
  readonly reason: EndReason | null;
  readonly status: Status;
  readonly strategies: readonly StrategyView[];
  readonly coverage: readonly CoverageView[];
  readonly workers: readonly WorkerView[];
  readonly history: HistoryView;
  readonly pairs: readonly PairsView[];
  /** In the order in which they were found. */
  readonly findings: readonly FindingView[];
  readonly designs: readonly DesignView[];
  /** The last lines, oldest first. */
  readonly log: readonly LogLine[];
  readonly stop: StopHint;
}
