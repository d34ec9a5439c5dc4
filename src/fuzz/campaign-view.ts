import type { Findings } from './campaign-findings.ts';
import type { CampaignJob } from './campaign-job.ts';
import type { CampaignSetup } from './campaign-setup.ts';
import { type Crash, isModelFault } from './directory/crash-store.ts';
import type { CampaignEvent } from './events.ts';
import { drawnOperations } from './generate.ts';
import type { WorkerPool } from './pool.ts';
import { parseSelection } from './selection.ts';
import type { Status } from './statistics/counters.ts';
import { CoverageTotals } from './statistics/coverage.ts';
import { History, Seconds } from './statistics/history.ts';
import { Log } from './statistics/log.ts';
import { PairMatrices } from './statistics/pairs.ts';
import {
  type CampaignState,
  type DesignView,
  type EndReason,
  type FindingView,
  SNAPSHOT_VERSION,
  type Snapshot,
  type StopHint,
  type WorkerView,
} from './statistics/snapshot.ts';
import { Yields } from './statistics/yields.ts';
import type { BatchResult } from './tasks.ts';

/** Seconds of a worker's history that are kept, and over which its present speed is taken. */
const WORKER_SECONDS = 60;
const SPEED_SECONDS = 5;

/** What of the sums is saved with a checkpoint. */
export interface SavedView {
  readonly yields: unknown;
  readonly pairs: unknown;
  readonly log: unknown;
  /** Executions of each job when it last showed a new feature. */
  readonly lastFeature: unknown;
}

/** The parts of a campaign that a snapshot tells of. */
interface Parts {
  readonly jobs: readonly CampaignJob[];
  readonly pool: WorkerPool;
  readonly findings: Findings;
}

/** Keeps the sums that people watch and that nothing else needs, and makes snapshots of a campaign. */
export class CampaignView {
  readonly log = new Log();
  readonly #setup: CampaignSetup;
  readonly #parts: Parts;
  readonly #yields = new Yields();
  readonly #coverage: CoverageTotals;
  readonly #pairs = new PairMatrices();
  readonly #history = new History();
  readonly #speeds: readonly Seconds[];
  /** Of each job: its target, and the names of its operations in the order that workers count in. */
  readonly #operations: readonly { readonly target: string; readonly names: readonly string[] }[];
  /** Executions of each job when it last showed a new feature. */
  readonly #lastFeature: number[];

  constructor(setup: CampaignSetup, parts: Parts) {
    this.#setup = setup;
    this.#parts = parts;
    this.#operations = setup.config.jobs.map(job => {
      const [selection] = parseSelection(job.design, setup.targets);
      const model = selection?.target.build(selection.settings, job.size);
      const target = selection?.target.name ?? '';
      const names = model?.operations.map(one => one.name) ?? [];
      const drawn = model === undefined ? [] : drawnOperations(model, job.ops);
      this.#pairs.declare(
        target,
        drawn.map(one => one.name),
        names,
      );
      return { target, names };
    });
    this.#coverage = new CoverageTotals(parts.jobs);
    this.#speeds = parts.pool.workers().map(() => new Seconds(WORKER_SECONDS));
    this.#lastFeature = parts.jobs.map(() => 0);
  }

  /** Adds up what a batch has brought; `admitted` are its discoveries with the features that were new. */
  took(
    job: CampaignJob,
    results: readonly BatchResult[],
    admitted: readonly { readonly provenance: string; readonly features: readonly number[] }[],
    seconds: number,
  ): void {
    const { target = '', names = [] } = this.#operations[job.index] ?? {};
    for (const { shares, pairs } of results) {
      for (const { kind, name, executions } of shares)
        this.#yields.add(kind, name, { schedules: executions });
      this.#pairs.add(target, names, pairs, seconds);
    }
    for (const { provenance, features } of admitted) {
      this.#bring(provenance, { newFeatures: features.length, entries: 1 });
      this.#coverage.add(features);
      this.#lastFeature[job.index] = job.done;
    }
  }

  /** A finding came, by the strategies that its provenance names. */
  found(provenance: string): void {
    if (provenance !== '') this.#bring(provenance, { findings: 1 });
  }

  /** Features that came with entries from elsewhere. */
  imported(features: readonly number[]): void {
    this.#coverage.add(features);
  }

  /** Remembers an event for the log. */
  take(event: CampaignEvent): void {
    this.log.take(event);
  }

  snapshot(state: CampaignState, reason: EndReason | null, status: Status): Snapshot {
    const { config, places, banner } = this.#setup;
    const { jobs } = this.#parts;
    const { runSeconds } = status.counters;
    const executions = status.counters.executions + status.running;
    this.#sample(runSeconds, executions, status);
    return {
      version: SNAPSHOT_VERSION,
      dir: places.root,
      seed: config.seed,
      pagestorm: config.pagestorm,
      command: banner['command_line'] ?? '',
      deterministic: config.deterministic,
      state,
      reason,
      status,
      strategies: this.#yields.views(),
      coverage: this.#coverage.views(runSeconds, executions, reason !== null),
      workers: this.#workers(),
      history: this.#history.view(),
      pairs: this.#pairs.views(),
      findings: this.#parts.findings.store.all.map(crash => this.#finding(crash)),
      designs: jobs.map(job => this.#design(job)),
      log: this.log.lines,
      stop: stopHint(status),
    };
  }

  save(): SavedView {
    const lastFeature = [...this.#lastFeature];
    return { yields: this.#yields.save(), pairs: this.#pairs.views(), log: this.log.lines, lastFeature };
  }

  /** Goes on from what was saved; the coverage is taken from the maps of the jobs. */
  restore(saved: unknown): void {
    const { yields, pairs, log, lastFeature } = (
      typeof saved === 'object' && saved !== null ? saved : {}
    ) as Partial<SavedView>;
    this.#yields.restore(yields);
    this.#pairs.restore(pairs);
    this.log.restore(log);
    this.#coverage.restore();
    for (const { index, done } of this.#parts.jobs) {
      const executions: unknown = Array.isArray(lastFeature) ? lastFeature[index] : null;
      this.#lastFeature[index] = typeof executions === 'number' ? executions : done;
    }
  }

  /** `op-insert pct`: a way of making the program, and the strategy of the schedule. */
  #bring(provenance: string, change: Parameters<Yields['add']>[2]): void {
    const [how = '', strategy = ''] = provenance.split(' ');
    this.#yields.add('program', how, change);
    this.#yields.add('schedule', strategy, change);
  }

  #sample(at: number, executions: number, { counters, runningAccesses }: Status): void {
    this.#yields.sample(at);
    this.#coverage.sample(at, executions);
    this.#history.sample(at, executions, counters.accesses + runningAccesses, counters.features);
    for (const [i, one] of this.#parts.pool.workers().entries()) {
      this.#speeds[i]?.sample(at, [one.executions, one.accesses]);
    }
  }

  #workers(): readonly WorkerView[] {
    return this.#parts.pool.workers().map(({ task, design, doing }, i) => ({
      task,
      design,
      doing,
      executionsPerSecond: this.#speeds[i]?.lately(0, SPEED_SECONDS) ?? 0,
      accessesPerSecond: this.#speeds[i]?.lately(1, SPEED_SECONDS) ?? 0,
      history: this.#speeds[i]?.of(0) ?? [],
    }));
  }

  #finding(crash: Crash): FindingView {
    const minimize = this.#parts.findings.progress(crash);
    return {
      folder: crash.folder,
      file: crash.file,
      design: crash.design,
      memory: crash.memory,
      verdict: crash.verdict,
      kind: crash.verdict === 'violation' ? (crash.key.split(' | ')[0] ?? '') : crash.verdict,
      key: crash.key,
      modelFault: isModelFault(crash),
      count: crash.count,
      first: { executions: crash.first.execs, seconds: crash.firstSeconds, time: crash.first.time },
      last: { executions: crash.last.execs, seconds: crash.lastSeconds, time: crash.last.time },
      reported: crash.reported,
      minimize,
    };
  }

  #design(job: CampaignJob): DesignView {
    const { design, memory } = job.job;
    const state = job.closed ? 'left-out' : job.left > 0 ? 'running' : 'done';
    return {
      design,
      memory,
      state,
      executions: job.done,
      failedBatches: job.failedBatches,
      left: Number.isFinite(job.left) ? Math.max(0, job.left) : null,
      queue: job.queue.size,
      features: job.features,
      findings: this.#parts.findings.store.all.filter(one => one.design === design && one.memory === memory)
        .length,
      quiet: job.done - (this.#lastFeature[job.index] ?? 0),
    };
  }
}

function stopHint({ counters }: Status): StopHint {
  const quiet = counters.executions - counters.executionsAtFind;
  const before = counters.executionsAtFind;
  return {
    quiet,
    before,
    quietSeconds: Math.max(0, counters.runSeconds - counters.secondsAtFind),
    ratio: before === 0 ? 0 : quiet / before,
  };
}
