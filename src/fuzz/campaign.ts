import { knownKey } from './batch.ts';
import type { Case } from './case/case.ts';
import { HangError, type WorkerPool } from './pool.ts';
import type { BatchResult, Job, Plan, RawFinding } from './tasks.ts';

/** What ends a campaign, and what it runs. */
export interface CampaignOptions {
  readonly jobs: readonly Job[];
  /** Executions in total, shared evenly by the jobs; null for no limit. */
  readonly executions: number | null;
  /** Seconds; null for no limit. */
  readonly seconds: number | null;
  readonly untilCrash: boolean;
}

/** A finding of a campaign: one for each design and signature. */
export interface Finding extends RawFinding {
  readonly job: Job;
  /** What tells it apart from others of its design. */
  readonly key: string;
  /** True if it is a fault of the model (it threw, hung or is nondeterministic) and not of the design. */
  readonly modelFault: boolean;
}

/** Counters of a campaign. */
export interface CampaignStats {
  executions: number;
  accesses: number;
  violations: number;
  /** Executions cut off for length, without a verdict. */
  cutOff: number;
  programs: number;
  /** Wall time spent in batches, minimisation of findings left out: what rates refer to. */
  fuzzSeconds: number;
  findings: number;
  modelFaults: number;
}

export interface CampaignHooks {
  /** Called for each new finding before the campaign goes on. */
  found(finding: Finding): Promise<void>;
  /** Called after each batch. */
  progress(stats: Readonly<CampaignStats>, job: Job): void;
  /** One line for the log. */
  note(message: string): void;
}

/** Wall time that a batch should take. */
const BATCH_SECONDS = 0.3;
/** Batch size where the end of the campaign depends on what a batch finds. */
const FIXED_BATCH = 20;
/** Programs of one design that may hang before it is left out: each costs twice the watchdog's time. */
const MAX_HANGS = 3;

interface JobState {
  readonly job: Job;
  readonly known: Set<string>;
  /** Executions left; Infinity for no limit. */
  left: number;
  next: number;
  programs: number;
  hangs: number;
}

/**
 * Runs the jobs in turn, batch by batch. What a job finds depends on nothing but the job: neither on the size of
 * batches nor on other jobs, so a campaign limited by executions gives the same findings every time.
 */
export class Campaign {
  readonly stats: CampaignStats = {
    executions: 0,
    accesses: 0,
    violations: 0,
    cutOff: 0,
    programs: 0,
    fuzzSeconds: 0,
    findings: 0,
    modelFaults: 0,
  };
  readonly #options: CampaignOptions;
  readonly #pool: WorkerPool;
  readonly #hooks: CampaignHooks;
  readonly #states: readonly JobState[];
  #deadline = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: CampaignOptions, pool: WorkerPool, hooks: CampaignHooks) {
    this.#options = options;
    this.#pool = pool;
    this.#hooks = hooks;
    const { jobs, executions } = options;
    this.#states = jobs.map((job, i) => ({
      job,
      known: new Set<string>(),
      left:
        executions === null
          ? Number.POSITIVE_INFINITY
          : Math.floor((executions + jobs.length - 1 - i) / jobs.length),
      next: 0,
      programs: options.untilCrash ? FIXED_BATCH : 4,
      hangs: 0,
    }));
  }

  /** Ends the campaign soon; what the running batch has found is still reported. */
  stop(): void {
    this.#stopped = true;
    this.#pool.stop();
  }

  async run(): Promise<void> {
    const { seconds } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    if (seconds !== null) {
      this.#deadline = Date.now() + 1000 * seconds;
      timer = setInterval(() => {
        if (Date.now() >= this.#deadline) this.#pool.endBatch();
      }, 20);
    }
    try {
      for (let live = this.#live(); live.length > 0; live = this.#live()) {
        for (const state of live) {
          if (this.#over()) return;
          await this.#batch(state);
        }
      }
    } finally {
      clearInterval(timer);
    }
  }

  #live(): readonly JobState[] {
    return this.#over() ? [] : this.#states.filter(state => state.left > 0 && state.hangs < MAX_HANGS);
  }

  #over(): boolean {
    const { findings, modelFaults } = this.stats;
    const crashed = this.#options.untilCrash && findings + modelFaults > 0;
    return this.#stopped || crashed || Date.now() >= this.#deadline;
  }

  async #batch(state: JobState): Promise<void> {
    const began = Date.now();
    let seconds: number;
    try {
      const result = await this.#fuzz(state, state.programs);
      seconds = (Date.now() - began) / 1000;
      this.stats.fuzzSeconds += seconds;
      await this.#take(state, result);
    } catch (error) {
      if (!(error instanceof HangError)) throw error;
      await this.#hung(state, error);
      return;
    }
    if (this.#options.untilCrash) return;
    const factor = Math.min(2, Math.max(0.5, BATCH_SECONDS / Math.max(seconds, 0.001)));
    state.programs = Math.max(1, Math.min(5_000, Math.round(state.programs * factor)));
  }

  #fuzz(state: JobState, programs: number): Promise<BatchResult> {
    return this.#pool.run<'fuzz'>({
      type: 'fuzz',
      job: state.job,
      plan: { kind: 'fresh', from: state.next, programs },
      executions: Math.min(state.left, Number.MAX_SAFE_INTEGER),
      known: [...state.known],
      untilCrash: this.#options.untilCrash,
      coverage: null,
      deterministic: false,
    });
  }

  async #take(state: JobState, result: BatchResult): Promise<void> {
    const { stats } = this;
    stats.executions += result.executions;
    stats.accesses += result.accesses;
    stats.violations += result.violations;
    stats.cutOff += result.cutOff;
    stats.programs += result.next - state.next;
    state.left -= result.executions;
    state.next = result.next;
    for (const raw of result.findings) await this.#report(state, raw);
    this.#hooks.progress(stats, state.job);
  }

  async #report(state: JobState, raw: RawFinding): Promise<void> {
    const key = knownKey(raw.case.expect);
    if (state.known.has(key)) return;
    state.known.add(key);
    const modelFault = raw.case.expect.verdict !== 'violation' || raw.nondeterministic;
    if (modelFault) this.stats.modelFaults++;
    else this.stats.findings++;
    await this.#hooks.found({ ...raw, job: state.job, key, modelFault });
  }

  /**
   * A program hung: what the batch found before it is found again by running it up to that program (a batch is
   * reproducible), then the program is written down, and the campaign goes on with the next one.
   */
  async #hung(state: JobState, hang: HangError): Promise<void> {
    const { job } = state;
    if (hang.program < 0)
      throw new Error(`${job.design}: the model hung while it was built: ${hang.message}`);
    const before = hang.program - state.next;
    if (before > 0) await this.#take(state, await this.#fuzz(state, before));
    if (state.next !== hang.program) return;
    const plan: Plan = { kind: 'fresh', from: hang.program, programs: 1 };
    let steps: HangError['steps'] | null = null;
    try {
      await this.#pool.run<'describe'>({
        type: 'describe',
        job,
        plan,
        program: hang.program,
        answers: hang.answers,
      });
    } catch (error) {
      if (!(error instanceof HangError)) throw error;
      steps = error.steps;
    }
    if (steps === null) {
      this.#hooks.note(
        `${job.design}: ${hang.message}, but run again it went on: a busy machine? Increase --hang-timeout`,
      );
      return;
    }
    state.hangs++;
    state.next = hang.program + 1;
    const found: Case = await this.#pool.run<'hung'>({
      type: 'hung',
      job,
      plan,
      program: hang.program,
      steps,
    });
    const message = 'the model runs on for ever without an access';
    await this.#report(state, {
      case: found,
      message,
      program: hang.program,
      executions: 1,
      nondeterministic: false,
    });
    if (state.hangs === MAX_HANGS) {
      this.#hooks.note(`${job.design}: ${MAX_HANGS} programs hung; it is left out from here on`);
    }
  }
}
