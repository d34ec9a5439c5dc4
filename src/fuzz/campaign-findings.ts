import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { knownKey } from './batch.ts';
import type { Case } from './case/case.ts';
import {
  type Crash,
  type CrashStore,
  Found,
  Minimized,
  Report,
  type Sighting,
} from './directory/crash-store.ts';
import type { Provenance } from './directory/names.ts';
import type { CampaignEvent } from './events.ts';
import type { WorkerPool } from './pool.ts';
import type { Job, RawFinding } from './tasks.ts';
import type { Trace } from './trace.ts';

/** Executions that the minimiser may spend on a finding in the background. */
const MINIMIZE_BUDGET = 60_000;

/** How findings read: what the layers above know. */
export interface Texts {
  /** The text of a case file with a comment about its message. */
  caseText(one: Case, message: string): string;
  /** The report of a case: headline, signature, diagram. */
  report(one: Case, message: string, trace: Trace | null): string;
}

/** A finding to be minimised. */
interface Waiting {
  readonly crash: Crash;
  readonly case: Case;
  readonly message: string;
  /** Not to be minimised: the model does not do the same twice, or takes its worker down. */
  readonly asFound: boolean;
}

/** Writes findings down, each once, and minimises them in the background, one at a time. */
export class Findings {
  readonly store: CrashStore;
  readonly #pool: WorkerPool;
  readonly #texts: Texts;
  readonly #emit: (event: CampaignEvent) => void;
  readonly #waiting: Waiting[] = [];
  readonly #marker: string;
  /** The finding that an earlier process was minimising when it ended. */
  readonly #before: string | null;
  #work: Promise<void> | null = null;
  #stopped = false;

  /** @param marker file that names the finding in work, so that one that kills its process is known. */
  constructor(
    store: CrashStore,
    pool: WorkerPool,
    texts: Texts,
    emit: (event: CampaignEvent) => void,
    marker: string,
  ) {
    this.#marker = marker;
    this.#before = readMark(marker);
    this.store = store;
    this.#pool = pool;
    this.#texts = texts;
    this.#emit = emit;
  }

  /** Findings whose report is not written yet. */
  get pending(): number {
    return this.#waiting.length + (this.#work === null ? 0 : 1);
  }

  /**
   * Writes a finding down, unless it is known; resolves to it once its case is on the disk.
   *
   * @param asFound true if it must not be run again: it hangs, or takes its worker down.
   */
  async add(
    raw: RawFinding,
    job: Job,
    provenance: Omit<Provenance, 'id'>,
    at: Sighting,
    seconds: number,
    asFound: boolean,
  ): Promise<Crash | null> {
    const { case: one, message } = raw;
    if (this.store.find(job.design, job.memory, knownKey(one.expect)) !== undefined) return null;
    const crash = await this.store.create(one, this.#texts.caseText(one, message), provenance, at);
    const modelFault = isModelFault(raw);
    this.#emit({
      type: 'finding',
      folder: crash.folder,
      design: job.design,
      memory: job.memory,
      verdict: one.expect.verdict,
      key: knownKey(one.expect),
      message,
      modelFault,
      executions: at.execs,
      seconds,
    });
    this.enqueue({
      crash,
      case: one,
      message,
      asFound: asFound || raw.nondeterministic,
    });
    return crash;
  }

  /** Whether it was this finding that was being minimised when the process ended. */
  wasInWork({ folder }: Crash): boolean {
    return this.#before === folder;
  }

  /** Has a finding minimised when its turn comes. */
  enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#work ??= this.#minimizeAll();
  }

  /** Findings in work end with the best so far, those that wait are left to a later run. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing is minimised any more. */
  async settled(): Promise<void> {
    while (this.#work !== null) await this.#work;
  }

  async #minimizeAll(): Promise<void> {
    try {
      for (let next = this.#waiting[0]; next !== undefined && !this.#stopped; next = this.#waiting[0]) {
        try {
          await this.#minimize(next);
        } finally {
          this.#waiting.shift();
        }
      }
    } finally {
      this.#work = null;
    }
  }

  async #minimize({ crash, case: one, message, asFound }: Waiting): Promise<void> {
    let smallest = one;
    let trace: Trace | null = null;
    if (!asFound) {
      this.#mark(crash.folder);
      try {
        const minimized = await this.#pool.run<'minimize'>({
          type: 'minimize',
          case: one,
          budget: MINIMIZE_BUDGET,
        });
        if (minimized !== null) smallest = minimized.case;
        trace = (await this.#pool.run<'replay'>({ type: 'replay', case: smallest })).trace;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#emit({
          type: 'note',
          level: 'warning',
          message: `${crash.folder}: cannot be minimised: ${why}`,
        });
      } finally {
        rmSync(this.#marker, { force: true });
      }
    }
    // The minimised case is about other pages and values than the one found.
    const shown = trace?.violation?.message ?? message;
    if (smallest !== one) await this.store.write(crash, Minimized, this.#texts.caseText(smallest, shown));
    const text = this.#texts.report(smallest, shown, trace);
    // Last: a finding with a report is done with.
    await this.store.write(crash, Report, text);
    this.#emit({
      type: 'report',
      folder: crash.folder,
      file: smallest === one ? Found : Minimized,
      modelFault: crash.verdict !== 'violation' || asFound,
      text,
    });
  }

  #mark(folder: string): void {
    try {
      writeFileSync(this.#marker, folder);
    } catch {
      // A full disk: then a finding that kills its process is tried once more.
    }
  }
}

function readMark(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Whether a finding is a fault of the model and not of the design. */
export function isModelFault(raw: Pick<RawFinding, 'case' | 'nondeterministic'>): boolean {
  return raw.case.expect.verdict !== 'violation' || raw.nondeterministic;
}
