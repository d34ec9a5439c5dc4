import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../targets/target.ts';
import { type Case, knownKey } from './case/case.ts';
import {
  type Crash,
  type CrashStore,
  Found,
  isModelFault,
  Minimized,
  Report,
} from './directory/crash-store.ts';
import type { Provenance } from './directory/names.ts';
import type { MinimizedFigures, SightingNow } from './directory/seen.ts';
import type { CampaignEvent } from './events.ts';
import { HangError, type WorkerPool } from './pool.ts';
import type { MinimizeView } from './statistics/snapshot.ts';
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
  /** Not to be minimised, as the process has died of that too often. */
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
  #inWork: Crash | null = null;
  #interrupted = 0;
  #stopped = false;

  /** @param state folder for the file that names the finding in work, so that one that kills its process is known. */
  constructor(
    store: CrashStore,
    pool: WorkerPool,
    texts: Texts,
    emit: (event: CampaignEvent) => void,
    state: string,
  ) {
    this.#marker = join(state, 'minimizing');
    this.#before = readMark(this.#marker);
    this.store = store;
    this.#pool = pool;
    this.#texts = texts;
    this.#emit = emit;
  }

  /** Findings that are not minimised yet, or not to the end. */
  get pending(): number {
    return this.#waiting.length + (this.#inWork === null ? 0 : 1) + this.#interrupted;
  }

  /**
   * Writes a finding down, unless it is known and not awaited; resolves to it once its case is on the disk.
   *
   * @param fatal true if it must not be run again: see `Seen`.
   */
  async add(
    raw: RawFinding,
    job: Job,
    provenance: Omit<Provenance, 'id'>,
    at: SightingNow,
    fatal: boolean,
  ): Promise<Crash | null> {
    const { case: one, message } = raw;
    const known = this.store.find(job.design, job.memory, knownKey(one.expect));
    if (known?.awaited === false) return null;
    if (known !== undefined) this.store.foundAgain(known, at);
    const text = this.#texts.caseText(one, message);
    const crash = known ?? (await this.store.create({ ...raw, fatal }, text, provenance, at));
    this.#emit({
      type: 'finding',
      folder: crash.folder,
      design: job.design,
      memory: job.memory,
      verdict: one.expect.verdict,
      key: knownKey(one.expect),
      message,
      modelFault: isModelFault(crash),
      executions: at.execs,
      seconds: at.seconds,
    });
    // Else it has waited since the campaign goes on, or is done with.
    if (known === undefined) this.enqueue({ crash, case: one, message, asFound: false });
    return crash;
  }

  /** Whether it was this finding that was being minimised when the process ended. */
  wasInWork({ folder }: Crash): boolean {
    return this.#before === folder;
  }

  /** Has a finding minimised when its turn comes. */
  enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    // Once stopped it would be over before it is noted as work, and be waited for, for ever.
    if (!this.#stopped) this.#work ??= this.#minimizeAll();
  }

  /** Has a finding minimised before others, or once more from where it was left; returns what comes of that, for the log. */
  hurry(folder: string, targets: readonly Target[]): string {
    const crash = this.store.all.find(one => one.folder === folder);
    if (crash === undefined) return `${folder}: no such finding`;
    if (this.#inWork === crash) return `${folder}: is being minimised`;
    const place = this.#waiting.findIndex(one => one.crash === crash);
    if (place >= 0) {
      this.#waiting.unshift(...this.#waiting.splice(place, 1));
      return `${folder}: is minimised next`;
    }
    if (crash.minimized === null) return `${folder}: cannot be minimised, as it cannot be run again`;
    if (crash.minimized.complete) return `${folder}: nothing smaller is left in any dimension`;
    this.enqueue({ ...this.store.read(crash, crash.file, targets), asFound: false });
    return `${folder}: is minimised further`;
  }

  /** The finding in work ends with the best so far, those that wait are left to a later run. */
  stop(): void {
    this.#stopped = true;
    this.#pool.endMinimizing();
  }

  /** Resolves when nothing is minimised any more. */
  async settled(): Promise<void> {
    while (this.#work !== null) await this.#work;
  }

  /** How far the minimiser is with a finding. */
  progress(crash: Crash): MinimizeView {
    const view = { before: null, now: null, executions: 0, budget: MINIMIZE_BUDGET, complete: false };
    if (this.#inWork === crash) {
      const { executions = 0, sizes = null } = this.#pool.minimizing ?? {};
      return { ...view, ...sizes, state: 'running', executions };
    }
    if (crash.minimized !== null) return { ...view, ...crash.minimized, state: 'done' };
    if (!crash.reported) return { ...view, state: 'waiting' };
    return { ...view, state: runsAgain(crash) ? 'failed' : 'as-found' };
  }

  async #minimizeAll(): Promise<void> {
    try {
      while (!this.#stopped) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        await this.#minimize(next);
      }
    } catch (error) {
      // Its files cannot be written: it has no report, so that --resume takes it up.
      const message = error instanceof Error ? error.message : String(error);
      this.#emit({ type: 'note', level: 'warning', message });
    } finally {
      this.#work = null;
    }
  }

  async #minimize({ crash, case: one, message, asFound }: Waiting): Promise<void> {
    let smallest = one;
    let trace: Trace | null = null;
    let figures: MinimizedFigures | null = null;
    if (runsAgain(crash) && !asFound) {
      this.#mark(crash.folder);
      this.#inWork = crash;
      try {
        const minimized = await twice(() =>
          this.#pool.run<'minimize'>({ type: 'minimize', case: one, budget: MINIMIZE_BUDGET }),
        );
        if (minimized !== null) {
          smallest = minimized.case;
          const { before, now, executions, complete } = minimized;
          const interrupted = this.#stopped && !complete;
          if (interrupted) this.#interrupted++;
          figures = { before, now, executions, complete, interrupted };
        }
        trace = (await twice(() => this.#pool.run<'replay'>({ type: 'replay', case: smallest }))).trace;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#emit({
          type: 'note',
          level: 'warning',
          message: `${crash.folder}: cannot be minimised: ${why}`,
        });
      } finally {
        this.#inWork = null;
        rmSync(this.#marker, { force: true });
      }
    }
    // The minimised case is about other pages and values than the one found.
    const shown = trace?.violation?.message ?? message;
    if (smallest !== one) await this.store.write(crash, Minimized, this.#texts.caseText(smallest, shown));
    const text = this.#texts.report(smallest, shown, trace);
    // A finding with a report is done with, unless its figures say that it was interrupted.
    const again = crash.reported;
    if (figures !== null && !again) this.store.minimized(crash, figures);
    await this.store.write(crash, Report, text);
    if (figures !== null && again) this.store.minimized(crash, figures);
    this.#emit({
      type: 'report',
      folder: crash.folder,
      file: smallest === one ? Found : Minimized,
      modelFault: isModelFault(crash) || asFound,
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

/** Does a task once more if it made no progress: on a busy machine its worker may have had no turn. */
async function twice<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
    return await run();
  }
}

/** Whether a finding can be run again. */
function runsAgain({ nondeterministic, fatal, verdict }: Crash): boolean {
  return !nondeterministic && !fatal && verdict !== 'hang';
}

function readMark(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
