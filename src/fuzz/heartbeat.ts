import { programMark } from './directory/journal.ts';

/** Places in the shared words. */
const At = { Beats: 0, Program: 1, Stop: 2, Answers: 3, Executions: 4, Steps: 5, FirstStep: 16 } as const;

/** Answers of the running execution that the main thread can read; longer executions are kept by the worker only. */
const MAX_ANSWERS = 1 << 18;
/** Words kept for the steps of an execution that is described: three for each. */
const MAX_STEP_WORDS = 3 << 17;

/**
 * What a worker lets the main thread see while it runs: that it makes progress, at which program it is, and the
 * answers given in the running execution, so that an execution that never ends can still be written down. The
 * other way round: the request to stop.
 */
export class Heartbeat {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Answers of the running execution, and how many there are, as `Recorder` keeps them. */
  readonly answers: Int32Array;
  readonly answerCount: Int32Array;
  readonly #steps: Int32Array;
  readonly #mark: ((program: number) => void) | null;

  /** @param journal file in which the worker writes down each program before it runs. */
  constructor(
    buffer = new SharedArrayBuffer(4 * (At.FirstStep + MAX_STEP_WORDS + MAX_ANSWERS)),
    journal: string | null = null,
  ) {
    this.buffer = buffer;
    this.#mark = journal === null ? null : programMark(journal);
    this.#words = new Int32Array(buffer, 0, At.FirstStep);
    this.answerCount = new Int32Array(buffer, 4 * At.Answers, 1);
    this.#steps = new Int32Array(buffer, 4 * At.FirstStep, MAX_STEP_WORDS);
    this.answers = new Int32Array(buffer, 4 * (At.FirstStep + MAX_STEP_WORDS), MAX_ANSWERS);
  }

  /** Called by the worker before each execution; returns false if it is to stop. */
  beat(): boolean {
    const words = this.#words;
    Atomics.store(words, At.Beats, (words[At.Beats] + 1) | 0);
    words[At.Executions]++;
    return Atomics.load(words, At.Stop) === 0;
  }

  /** Changes with every beat. */
  get beats(): number {
    return Atomics.load(this.#words, At.Beats);
  }

  /** Number of the program that the worker runs; -1 between programs. */
  get program(): number {
    return Atomics.load(this.#words, At.Program);
  }
  set program(index: number) {
    Atomics.store(this.#words, At.Program, index);
    this.#mark?.(index);
  }

  /** Executions begun in this task. */
  get executions(): number {
    return Atomics.load(this.#words, At.Executions);
  }

  /** Asks the worker to end its task soon, with what it has. */
  stop(): void {
    Atomics.store(this.#words, At.Stop, 1);
  }

  /** Called by the main thread before each task. */
  reset(stopped: boolean): void {
    this.#words.fill(0);
    this.#words[At.Program] = -1;
    if (stopped) this.stop();
  }

  /** Writes down a step (or an answer, see worker.ts) while an execution that may never end is described. */
  addStep(actor: number, cpu: number, address: number): void {
    const at = 3 * this.#words[At.Steps];
    if (at + 3 > MAX_STEP_WORDS) return;
    this.#steps[at] = actor;
    this.#steps[at + 1] = cpu;
    this.#steps[at + 2] = address;
    this.#words[At.Steps]++;
  }

  /** The steps written down, as (actor, cpu, address). */
  steps(): readonly (readonly [actor: number, cpu: number, address: number])[] {
    return Array.from({ length: this.#words[At.Steps] }, (_, i) => {
      return [this.#steps[3 * i], this.#steps[3 * i + 1], this.#steps[3 * i + 2]] as const;
    });
  }
}
