import { knownKey } from '../case/case.ts';
import { CoverageMap } from '../coverage/map.ts';
import { HangError, type WorkerPool } from '../pool.ts';
import { SearchQueue, type Step } from '../search/queue.ts';
import type { BatchResult, Discovery, Job, Plan, RawFinding, Seed } from '../tasks.ts';
import { thrownText } from '../thrown.ts';

/** Milliseconds that a timer can take; what is longer would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What a search has done. */
export interface Searched {
  readonly executions: number;
  readonly accesses: number;
  /** Executions cut off for length, without a verdict. */
  readonly cutOff: number;
  /** Executions in which something was observed that is no violation, by its kind. */
  readonly observed: Readonly<Record<string, number>>;
  /** Violations, one for each signature. */
  readonly signatures: readonly string[];
  /** What the model did that no model may: it threw, hung, or is nondeterministic. */
  readonly modelFaults: readonly string[];
}

export interface SearchHooks {
  /** A new signature, after so many executions of this search. */
  found(finding: RawFinding, signature: string, executions: number): Promise<void>;
  /** Called after each batch, with the executions so far. */
  progress(executions: number): void;
}

/**
 * Searches one design as a campaign does, from an empty queue, with one worker and nothing kept on disk. What it finds
 * depends on nothing but job and number of executions.
 */
export class Search {
  readonly #job: Job;
  readonly #pool: WorkerPool;
  readonly #hooks: SearchHooks;
  readonly #map = new CoverageMap();
  readonly #queue: SearchQueue;
  readonly #seeds = new Map<string, Seed>();
  readonly #signatures = new Set<string>();
  readonly #modelFaults = new Set<string>();
  #executions = 0;
  #accesses = 0;
  #cutOff = 0;
  readonly #observed = new Map<string, number>();
  #stopped = false;

  constructor(job: Job, pool: WorkerPool, hooks: SearchHooks) {
    this.#job = job;
    this.#pool = pool;
    this.#hooks = hooks;
    this.#queue = new SearchQueue(`${job.seed}/${job.design}`, cell => this.#map.hits(cell));
  }

  /** Ends the search soon. */
  stop(): void {
    this.#stopped = true;
    this.#pool.endBatch();
  }

  /** Runs until the limits; `null` is no limit. A model that hangs, cannot be built or takes its worker down ends it too. */
  async run(executions: number | null, seconds: number | null): Promise<Searched> {
    const limit = executions ?? Number.MAX_SAFE_INTEGER;
    const timer =
      seconds === null ? undefined : setTimeout(() => this.stop(), Math.min(1000 * seconds, LONGEST_MS));
    try {
      while (!this.#stopped && this.#executions < limit) await this.#step(limit - this.#executions);
    } catch (error) {
      const hangs = error instanceof HangError;
      this.#modelFaults.add(hangs ? 'the model runs on for ever without an access' : thrownText(error));
    } finally {
      clearTimeout(timer);
    }
    return {
      executions: this.#executions,
      accesses: this.#accesses,
      cutOff: this.#cutOff,
      observed: Object.fromEntries(this.#observed),
      signatures: [...this.#signatures],
      modelFaults: [...this.#modelFaults],
    };
  }

  async #step(left: number): Promise<void> {
    const step = this.#queue.next();
    const result = await this.#pool.run<'fuzz'>({
      type: 'fuzz',
      job: this.#job,
      plan: this.#plan(step),
      executions: left,
      known: [...this.#signatures, ...this.#modelFaults],
      untilCrash: false,
      coverage: this.#map.buffer,
      deterministic: false,
    });
    await this.#take(step, result);
  }

  #plan(step: Step): Plan {
    if (step.kind === 'fresh') return step;
    const others = step.others.map(id => this.#seed(id));
    return { ...step, entry: this.#seed(step.entry), others };
  }

  #seed(id: string): Seed {
    const seed = this.#seeds.get(id);
    if (seed === undefined) throw new Error(`the queue has no entry ${id}`);
    return seed;
  }

  async #take(step: Step, result: BatchResult): Promise<void> {
    const before = this.#executions;
    this.#executions += result.executions;
    this.#accesses += result.accesses;
    this.#cutOff += result.cutOff;
    for (const [kind, executions] of Object.entries(result.observed))
      this.#observed.set(kind, (this.#observed.get(kind) ?? 0) + executions);
    for (const one of result.discoveries) this.#keep(one);
    const newFeatures = result.discoveries.reduce((sum, one) => sum + one.features.length, 0);
    this.#queue.done(step, { executions: result.executions, newFeatures });
    for (const finding of result.findings) await this.#found(finding, before + finding.executions);
    this.#hooks.progress(this.#executions);
  }

  #keep({ case: one, answers, parent, features, accesses }: Discovery): void {
    const id = String(this.#seeds.size);
    this.#seeds.set(id, { id, program: one.program, answers });
    this.#queue.add({ id, parent, features, accesses });
  }

  async #found(finding: RawFinding, executions: number): Promise<void> {
    const { expect } = finding.case;
    if (expect.verdict !== 'violation' || finding.nondeterministic) {
      this.#modelFaults.add(finding.message);
      return;
    }
    const signature = knownKey(expect);
    if (this.#signatures.has(signature)) return;
    this.#signatures.add(signature);
    await this.#hooks.found(finding, signature, executions);
  }
}
