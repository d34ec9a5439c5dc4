import { sameVerdict, type Verdict, verdictText } from '../case/case.ts';
import { HangError, type WorkerPool } from '../pool.ts';
import { designName } from '../selection.ts';
import type { RawFinding } from '../tasks.ts';
import { thrownText } from '../thrown.ts';
import { cellsOf, hazardsOf, type Seen, type Shown } from './cells.ts';
import { allows, type CorpusCase } from './corpus.ts';
import type { Cost } from './cost-figures.ts';
import { commonOperations, type Planned } from './plan.ts';
import { boundText, isProved, joined, type Proof, type ProofBound } from './proof.ts';
import { Search, type Searched } from './search.ts';
import { type Changed, oraclesOf, type Row, type Table } from './table.ts';

export interface MatrixLimits {
  /** Executions of random programs for each design; null for no limit but time. */
  readonly executions: number | null;
  /** Seconds for all designs together; null for no limit. */
  readonly seconds: number | null;
  /** Executions over which cost is measured. */
  readonly costExecutions: number;
  /** What to prove of each design, within how many executions; null for nothing. */
  readonly proof: { readonly bound: ProofBound; readonly executions: number } | null;
}

export interface MatrixHooks {
  /** What is being done, after how many designs of all. */
  progress(text: string, done: number, all: number): void;
  /** A violation that no case of the corpus on this design shows. */
  found(finding: RawFinding, signature: string): Promise<void>;
}

/** Seconds that a design gets at least, however little is left. */
const MIN_SHARE = 0.05;

/** Milliseconds between two looks at how far a proof is. */
const PROGRESS_MS = 250;

/** Programs of a proof that one task runs. */
const PROOF_PROGRAMS = 20;

/** Runs designs one after the other: their cases of the corpus, random programs, cost. */
export class MatrixRun {
  readonly #planned: readonly Planned[];
  readonly #corpus: readonly CorpusCase[];
  readonly #limits: MatrixLimits;
  readonly #pool: WorkerPool;
  readonly #hooks: MatrixHooks;
  readonly #rows = new Map<Planned, Row>();
  #search: Search | null = null;
  #stopped = false;

  constructor(
    planned: readonly Planned[],
    corpus: readonly CorpusCase[],
    limits: MatrixLimits,
    pool: WorkerPool,
    hooks: MatrixHooks,
  ) {
    this.#planned = planned;
    this.#corpus = corpus;
    this.#limits = limits;
    this.#pool = pool;
    this.#hooks = hooks;
  }

  /** Ends the run soon; the designs that are done stay in the tables. */
  stop(): void {
    this.#stopped = true;
    this.#search?.stop();
    this.#pool.stop();
  }

  async run(): Promise<readonly Table[]> {
    const began = performance.now();
    for (const [i, planned] of this.#planned.entries()) {
      const { seconds } = this.#limits;
      const left = seconds === null ? null : seconds - (performance.now() - began) / 1000;
      const share = left === null ? null : Math.max(MIN_SHARE, left / (this.#planned.length - i));
      const row = await this.#row(planned, share);
      // Else it would look clean.
      if (row.executions === 0 && row.modelFaults.length === 0) {
        if (this.#stopped) break;
        continue;
      }
      this.#rows.set(planned, row);
    }
    return this.tables();
  }

  /** What has been run so far, a table for each target. */
  tables(): readonly Table[] {
    const targets = [...new Set(this.#planned.map(({ selection }) => selection.target))];
    return targets.map(target => {
      const mine = this.#planned.filter(one => one.selection.target === target);
      const rows = mine.flatMap(one => this.#rows.get(one) ?? []);
      return {
        target: target.name,
        summary: target.summary,
        oracles: oraclesOf(target.oracles, rows),
        rows,
        costOperations: commonOperations(mine),
        notRun: mine.filter(one => !this.#rows.has(one)).map(one => one.job.design),
      };
    });
  }

  async #row(planned: Planned, seconds: number | null): Promise<Row> {
    const { selection, job } = planned;
    const { target, variant, switches } = selection;
    const corpus = this.#corpus.filter(one => one.case.target === target.name);
    const { shown, changed, replayed } = await this.#replay(planned);
    const searched = await this.#searched(planned, seconds, shown);
    const { executions, accesses, cutOff, observed, modelFaults } = searched;
    const proof = await this.#proof(planned);
    const { cost, fault } = await this.#cost(planned);
    const seen: Seen = {
      oracles: target.oracles,
      shown,
      found: [...searched.signatures, ...(proof?.signatures ?? [])],
      executions,
      proved: proof?.proved === true ? proof.bound : null,
    };
    return {
      design: job.design,
      name: designName(selection),
      summary: [variant.summary, ...switches.map(one => one.summary)].join('; '),
      origin: [variant, ...switches].map(one => one.origin).join('; '),
      fixed: variant.fixed === true && switches.length === 0,
      memory: job.memory,
      size: job.size,
      executions,
      cutOff,
      observed,
      accesses,
      replayed,
      cells: cellsOf(seen, corpus),
      hazards: hazardsOf(job.design, seen, corpus),
      changed,
      // The search has told what the model throws, with the operation that does it.
      modelFaults: fault === null || modelFaults.length > 0 ? modelFaults : [fault],
      cost,
      proof,
    };
  }

  /** Replays the cases of the corpus that are executions of this design under its memory model. */
  async #replay(
    planned: Planned,
  ): Promise<{ shown: readonly Shown[]; changed: readonly Changed[]; replayed: number }> {
    const { job, memory } = planned;
    const mine = this.#corpus.filter(one => one.design === job.design && allows(memory, one.case.memory));
    const shown: Shown[] = [];
    const changed: Changed[] = [];
    for (const [i, of] of mine.entries()) {
      this.#progress(planned, `case ${i + 1} of ${mine.length} of the corpus`);
      const { verdict, accesses } = await this.#verdictOf(of);
      const { expect } = of.case;
      if (!sameVerdict(verdict, expect)) {
        changed.push({ file: of.file, expected: verdictText(expect), got: verdictText(verdict) });
      }
      if (verdict.verdict === 'violation') shown.push({ of, signature: verdict.signature, accesses });
    }
    return { shown, changed, replayed: mine.length };
  }

  async #verdictOf(of: CorpusCase): Promise<{ verdict: Verdict; accesses: number }> {
    try {
      const { verdict, diverged, accesses } = await this.#pool.run<'replay'>({
        type: 'replay',
        case: of.case,
      });
      if (diverged === null) return { verdict, accesses };
      return { verdict: { verdict: 'error', message: `diverged: ${diverged.message}` }, accesses };
    } catch (error) {
      if (error instanceof HangError) return { verdict: { verdict: 'hang' }, accesses: 0 };
      return { verdict: { verdict: 'error', message: thrownText(error) }, accesses: 0 };
    }
  }

  async #searched(planned: Planned, seconds: number | null, shown: readonly Shown[]): Promise<Searched> {
    const { executions } = this.#limits;
    const of = executions === null ? '' : ` of ${executions}`;
    const search = new Search(planned.job, this.#pool, {
      found: async (finding, signature) => {
        if (!shown.some(one => one.signature === signature)) await this.#hooks.found(finding, signature);
      },
      progress: done => this.#progress(planned, `${done}${of} executions`),
    });
    this.#search = search;
    if (this.#stopped) search.stop();
    return search.run(executions, seconds);
  }

  async #proof(planned: Planned): Promise<Row['proof']> {
    if (this.#limits.proof === null || this.#stopped) return null;
    const { bound, executions } = this.#limits.proof;
    const { job } = planned;
    let proof: Proof = { programs: 1, next: 0, executions: 0, cutOff: 0, signatures: [], errors: [] };
    // One program may have millions of executions.
    const ticker = setInterval(() => {
      const { programs, next, executions: done } = proof;
      const where = next === 0 ? '' : ` program ${next + 1} of ${programs},`;
      this.#progress(planned, `proof:${where} ${done + this.#pool.begun} executions`);
    }, PROGRESS_MS);
    try {
      while (!this.#stopped && proof.next < proof.programs && proof.executions < executions) {
        const left = executions - proof.executions;
        const part = { from: proof.next, programs: PROOF_PROGRAMS, executions: left };
        const more = await this.#pool.run<'prove'>({ type: 'prove', job, bound, ...part });
        proof = joined(proof, more);
      }
    } catch (error) {
      const fault = error instanceof HangError ? 'the model hangs' : thrownText(error);
      proof = joined(proof, { ...proof, executions: 0, cutOff: 0, errors: [fault] });
    } finally {
      clearInterval(ticker);
    }
    return { ...proof, bound: boundText(job, bound, proof.programs), proved: isProved(proof) };
  }

  /** Null for a cost that is not wanted, or whose programs showed a fault of the model. */
  async #cost(planned: Planned): Promise<{ readonly cost: Cost | null; readonly fault: string | null }> {
    const { job, selection } = planned;
    const { costExecutions } = this.#limits;
    const ops = commonOperations(this.#planned.filter(one => one.selection.target === selection.target));
    if (costExecutions === 0 || ops.length === 0 || this.#stopped) return { cost: null, fault: null };
    this.#progress(planned, 'cost');
    try {
      const task = { type: 'cost', job: { ...job, ops }, executions: costExecutions } as const;
      return { cost: await this.#pool.run<'cost'>(task), fault: null };
    } catch (error) {
      return { cost: null, fault: thrownText(error) };
    }
  }

  #progress({ job }: Planned, text: string): void {
    this.#hooks.progress(`${job.design}: ${text}`, this.#rows.size, this.#planned.length);
  }
}
