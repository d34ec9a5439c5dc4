import { totalmem } from 'node:os';
import { Piscina } from 'piscina';
import { caseDesign, kindOf } from './case/case.ts';
import { Journal, journalPath } from './directory/journal.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Envelope, FuzzTask, Task, TaskKind, Tasks } from './tasks.ts';
import { Threads } from './threads.ts';

type Steps = readonly (readonly [actor: number, cpu: number, address: number])[];

/** A task that was lost with its worker, which is replaced. */
export class LostWorker extends Error {
  override name = 'LostWorker';
  /** The program or child that ran, -1 if none, and the answers given in the execution that was lost. */
  readonly program: number;
  readonly answers: readonly number[];
  readonly steps: Steps;

  constructor(message: string, heartbeat: Heartbeat) {
    super(message);
    this.program = heartbeat.program;
    this.answers = [...heartbeat.answers.subarray(0, heartbeat.answerCount[0])];
    this.steps = heartbeat.steps();
  }
}

/** The worker made no progress and was ended. */
export class HangError extends LostWorker {
  override name = 'HangError';
}

/** The worker ran out of memory. */
export class MemoryError extends LostWorker {
  override name = 'MemoryError';
}

/** Times a second that the watchdog looks. */
const LOOKS = 10;
/** Seconds that a worker may take to start and to build the model before its first execution. */
const START_SECONDS = 30;
/** MiB of heap that a worker may use: a model that fills it is at fault, whatever the host has. */
const HEAP_MIB = 512;

export interface PoolOptions {
  /** Worker threads; 1 unless given. */
  readonly threads?: number;
  /** Folder in which is written down what each worker runs; nothing is unless given. */
  readonly journals?: string;
  /** File in which workers note what programs do (`Notes`); nothing is unless given. */
  readonly notes?: string;
  /** MiB of heap that a worker may use; `HEAP_MIB`, or less on a small host, unless given. */
  readonly heapMib?: number;
}

/** The place of one worker's task: what it shares with the main thread. */
interface Slot {
  readonly heartbeat: Heartbeat;
  readonly journal: Journal | null;
  task: TaskKind | null;
  /** The design of the task, and the task in a few words. */
  design: string;
  doing: string;
  /** By the tasks that are done. */
  executions: number;
  accesses: number;
}

/** What a worker is at, and what it has done since the pool began. */
export interface WorkerProgress {
  readonly task: TaskKind | null;
  readonly design: string;
  readonly doing: string;
  readonly executions: number;
  readonly accesses: number;
}

/** Runs tasks in worker threads, each of which is ended and replaced when it makes no progress. */
export class WorkerPool {
  readonly #pool: Piscina;
  readonly #threads: Threads;
  readonly #modules: readonly string[];
  readonly #hangSeconds: number;
  readonly #notes: string | null;
  readonly #slots: readonly Slot[];
  readonly #waiting: (() => void)[] = [];
  #stopped = false;
  #closed = false;
  #paused = false;

  /** @param modules paths of modules with targets; @param hangSeconds time without progress that is a hang. */
  constructor(modules: readonly string[], hangSeconds: number, options: PoolOptions = {}) {
    const { threads = 1, journals, notes = null, heapMib = HEAP_MIB } = options;
    this.#modules = modules;
    this.#hangSeconds = hangSeconds;
    this.#notes = notes;
    this.#slots = Array.from({ length: threads }, (_, i) => ({
      heartbeat: new Heartbeat(),
      journal: journals === undefined ? null : new Journal(journalPath(journals, i)),
      ...{ task: null, design: '', doing: '', executions: 0, accesses: 0 },
    }));
    this.#pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: 3_600_000,
      resourceLimits: { maxOldGenerationSizeMb: Math.min(heapMib, Math.ceil(totalmem() / (threads << 21))) },
    });
    // A worker that dies between tasks is replaced with the next one.
    this.#pool.on('error', () => {});
    this.#threads = new Threads(this.#pool);
  }

  /** Workers without a task. */
  get idle(): number {
    return this.#slots.filter(slot => slot.task === null).length;
  }

  /**
   * Runs one task, as soon as a worker is free.
   *
   * @throws HangError if the worker made no progress, MemoryError if it ran out of memory, LostWorker if it died for
   * another reason; a new worker serves the next task. Error if the pool is closed.
   */
  async run<K extends TaskKind>(task: Tasks[K]['task'] & { readonly type: K }): Promise<Tasks[K]['result']> {
    const slot = await this.#take(task.type);
    const { heartbeat } = slot;
    heartbeat.reset(this.#stopped && stoppable(task.type), this.#paused);
    slot.design = designOf(task);
    slot.doing = described(task);
    const abort = new AbortController();
    const timer = this.#watch(heartbeat, abort);
    const envelope: Envelope = {
      task,
      modules: this.#modules,
      heartbeat: heartbeat.buffer,
      journal: slot.journal?.path ?? null,
      notes: this.#notes,
    };
    try {
      if (isFuzz(task)) slot.journal?.begin(task);
      return await this.#pool.run(envelope, { signal: abort.signal });
    } catch (error) {
      if (abort.signal.aborted) {
        this.#threads.look();
        throw new HangError(`no access and no end of an execution for ${this.#hangSeconds} s`, heartbeat);
      }
      throw lostWith(error, heartbeat) ?? error;
    } finally {
      clearInterval(timer);
      slot.journal?.done();
      slot.executions += heartbeat.executions;
      slot.accesses += heartbeat.accesses;
      slot.task = null;
      this.#waiting.shift()?.();
    }
  }

  /** Executions begun in the batches that run. */
  get executions(): number {
    const busy = this.#slots.filter(slot => slot.task === 'fuzz');
    return busy.reduce((sum, slot) => sum + slot.heartbeat.executions, 0);
  }

  /** Executions begun in the tasks that run, of whatever kind. */
  get begun(): number {
    const busy = this.#slots.filter(slot => slot.task !== null);
    return busy.reduce((sum, slot) => sum + slot.heartbeat.executions, 0);
  }

  /** Accesses of the executions that have ended in the batches that run. */
  get accesses(): number {
    const busy = this.#slots.filter(slot => slot.task === 'fuzz');
    return busy.reduce((sum, slot) => sum + slot.heartbeat.accesses, 0);
  }

  /** What each worker is at. */
  workers(): readonly WorkerProgress[] {
    return this.#slots.map(({ task, design, doing, heartbeat, executions, accesses }) => ({
      task,
      design: task === null ? '' : design,
      doing: task === null ? '' : doing,
      executions: executions + (task === null ? 0 : heartbeat.executions),
      accesses: accesses + (task === null ? 0 : heartbeat.accesses),
    }));
  }

  /** The case that is minimised now: executions spent, and its sizes once they are known; null if none is. */
  get minimizing(): { readonly executions: number; readonly sizes: Heartbeat['sizes'] } | null {
    const slot = this.#slots.find(one => one.task === 'minimize');
    if (slot === undefined) return null;
    return { executions: slot.heartbeat.executions, sizes: slot.heartbeat.sizes };
  }

  /** Ends the running tasks soon, and all later ones at once; each returns what it has. */
  stop(): void {
    this.#stopped = true;
    for (const { heartbeat } of this.#slots) heartbeat.stop();
  }

  /** Makes all workers wait before their next execution, or go on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const { heartbeat } of this.#slots) heartbeat.pause(paused);
  }

  /** Ends the minimiser's task soon, if it has one; it returns the smallest case so far. */
  endMinimizing(): void {
    for (const { task, heartbeat } of this.#slots) if (task === 'minimize') heartbeat.stop();
  }

  /** Ends the batches that run soon, if any do; each returns what it has. */
  endBatch(): void {
    for (const { task, heartbeat } of this.#slots) if (task === 'fuzz') heartbeat.stop();
  }

  /** Ends all workers. One that is held up outside of JavaScript cannot be ended, and is not waited for: see `leave`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#threads.end();
    for (const { journal } of this.#slots) journal?.close();
  }

  async #take(type: TaskKind): Promise<Slot> {
    for (;;) {
      if (this.#closed) {
        this.#waiting.shift()?.();
        throw new Error('the workers have been ended');
      }
      const free = this.#slots.find(slot => slot.task === null);
      if (free !== undefined) {
        free.task = type;
        return free;
      }
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
  }

  #watch(heartbeat: Heartbeat, abort: AbortController): NodeJS.Timeout {
    let { beats } = heartbeat;
    let still = 0;
    return setInterval(() => {
      const now = heartbeat.beats;
      still = now === beats && !this.#paused ? still + 1 : 0;
      beats = now;
      const limit = now === 0 ? Math.max(START_SECONDS, this.#hangSeconds) : this.#hangSeconds;
      if (still >= limit * LOOKS) abort.abort();
    }, 1000 / LOOKS);
  }
}

function isFuzz(task: Task): task is FuzzTask {
  return task.type === 'fuzz';
}

/** The design that a task runs. */
function designOf(task: Task): string {
  if ('job' in task) return task.job.design;
  return 'case' in task ? caseDesign(task.case) : '';
}

/** A task in a few words, for people who watch. */
function described(task: Task): string {
  switch (task.type) {
    case 'fuzz': {
      const { plan } = task;
      return plan.kind === 'fresh' ? `new programs from ${plan.from}` : `children of entry ${plan.entry.id}`;
    }
    case 'minimize':
      return `minimises ${kindOf(task.case.expect)}`;
    case 'evaluate':
      return `runs ${task.cases.length} cases`;
    case 'show':
      return `runs ${task.paths.length} case files`;
    default:
      return task.type;
  }
}

/** Tasks that write down what was found run to their end when the campaign is to stop. */
function stoppable(type: TaskKind): boolean {
  return type !== 'hung' && type !== 'replay' && type !== 'steps';
}

/** What became of a worker that died of its task; null if the task failed and the worker lives. */
function lostWith(error: unknown, heartbeat: Heartbeat): LostWorker | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new MemoryError('the model used up all memory', heartbeat);
  }
  return /^worker exited/.test(error.message) ? new LostWorker(error.message, heartbeat) : null;
}
