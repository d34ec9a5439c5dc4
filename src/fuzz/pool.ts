import { Piscina } from 'piscina';
import { Heartbeat } from './heartbeat.ts';
import type { Envelope, TaskKind, Tasks } from './tasks.ts';

/** A task whose worker made no progress and was ended. */
export class HangError extends Error {
  override name = 'HangError';
  /** The program that ran, -1 if none, and the answers given in the execution that hung. */
  readonly program: number;
  readonly answers: readonly number[];
  readonly steps: readonly (readonly [number, number, number])[];

  constructor(seconds: number, heartbeat: Heartbeat) {
    super(`no access and no end of an execution for ${seconds} s`);
    this.program = heartbeat.program;
    this.answers = [...heartbeat.answers.subarray(0, heartbeat.answerCount[0])];
    this.steps = heartbeat.steps();
  }
}

/** Times a second that the watchdog looks. */
const LOOKS = 10;
/** Seconds that a worker may take to start and to build the model before its first execution. */
const START_SECONDS = 30;

/** Runs tasks in a worker thread that is ended and replaced when it makes no progress. */
export class WorkerPool {
  readonly #pool: Piscina;
  readonly #modules: readonly string[];
  readonly #hangSeconds: number;
  readonly #heartbeat = new Heartbeat();
  #stopped = false;
  #task: TaskKind | null = null;

  /** @param modules paths of modules with targets; @param hangSeconds time without progress that is a hang. */
  constructor(modules: readonly string[], hangSeconds: number) {
    this.#modules = modules;
    this.#hangSeconds = hangSeconds;
    this.#pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: 3_600_000,
    });
  }

  /**
   * Runs one task.
   *
   * @throws HangError if the worker made no progress; a new worker serves the next task.
   */
  async run<K extends TaskKind>(task: Tasks[K]['task'] & { readonly type: K }): Promise<Tasks[K]['result']> {
    const heartbeat = this.#heartbeat;
    this.#task = task.type;
    heartbeat.reset(this.#stopped && task.type !== 'hung' && task.type !== 'replay');
    const abort = new AbortController();
    let beats = heartbeat.beats;
    let still = 0;
    const timer = setInterval(() => {
      const now = heartbeat.beats;
      still = now === beats ? still + 1 : 0;
      beats = now;
      const limit = now === 0 ? Math.max(START_SECONDS, this.#hangSeconds) : this.#hangSeconds;
      if (still >= limit * LOOKS) abort.abort();
    }, 1000 / LOOKS);
    const envelope: Envelope = { task, modules: this.#modules, heartbeat: heartbeat.buffer };
    try {
      return await this.#pool.run(envelope, { signal: abort.signal });
    } catch (error) {
      if (abort.signal.aborted) throw new HangError(this.#hangSeconds, heartbeat);
      throw error;
    } finally {
      clearInterval(timer);
      this.#task = null;
    }
  }

  /** Executions begun in the task that runs. */
  get executions(): number {
    return this.#heartbeat.executions;
  }

  /** Ends the running task soon, and all later ones at once; each returns what it has. */
  stop(): void {
    this.#stopped = true;
    this.#heartbeat.stop();
  }

  /** Ends the batch that runs soon, if one does; it returns what it has. */
  endBatch(): void {
    if (this.#task === 'fuzz') this.#heartbeat.stop();
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
