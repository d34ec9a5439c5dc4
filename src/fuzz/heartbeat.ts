import type { DecisionSource } from '../engine/decisions.ts';
import { programMark } from './directory/journal.ts';
import { NotedAnswers, Notes } from './directory/notes.ts';
import type { CaseSize } from './statistics/snapshot.ts';

/** Places in the shared words. */
const At = {
  Beats: 0,
  Program: 1,
  Hold: 2,
  Answers: 3,
  Executions: 4,
  Steps: 5,
  Accesses: 6,
  Sizes: 7,
  SizeBefore: 8,
  SizeNow: 16,
  FirstStep: 32,
} as const;
/** What the main thread asks for. */
const Hold = { None: 0, Stop: 1, Pause: 2 } as const;
/** Fields of a `CaseSize`, in the order in which they stand in the shared words. */
const SIZES = ['operations', 'cpus', 'pages', 'switches', 'weak', 'choices', 'accesses'] as const;

/** Answers of the running execution that the main thread can read; longer executions are kept by the worker only. */
const MAX_ANSWERS = 1 << 18;
/** Words kept for the steps of an execution that is described: three for each. */
const MAX_STEP_WORDS = 3 << 17;

/**
 * What a worker lets the main thread see while it runs: that it makes progress, at which program it is, and the
 * answers given in the running execution, so that an execution that never ends can still be written down. The
 * other way round: the requests to stop, to pause and to go on.
 */
export class Heartbeat {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Answers of the running execution, and how many there are, as `Recorder` keeps them. */
  readonly answers: Int32Array;
  readonly answerCount: Int32Array;
  readonly #steps: Int32Array;
  readonly #mark: ((program: number) => void) | null;
  readonly #notes: Notes | null;

  /**
   * @param journal file in which the worker writes down each program before it runs.
   * @param notes file in which it writes down answers and steps, too, for when the process dies.
   */
  constructor(
    buffer = new SharedArrayBuffer(4 * (At.FirstStep + MAX_STEP_WORDS + MAX_ANSWERS)),
    journal: string | null = null,
    notes: string | null = null,
  ) {
    this.buffer = buffer;
    this.#mark = journal === null ? null : programMark(journal);
    this.#notes = notes === null ? null : new Notes(notes);
    this.#words = new Int32Array(buffer, 0, At.FirstStep);
    this.answerCount = new Int32Array(buffer, 4 * At.Answers, 1);
    this.#steps = new Int32Array(buffer, 4 * At.FirstStep, MAX_STEP_WORDS);
    this.answers = new Int32Array(buffer, 4 * (At.FirstStep + MAX_STEP_WORDS), MAX_ANSWERS);
  }

  /** Called by the worker before each execution; returns false if it is to stop. Waits while it is to pause. */
  beat(): boolean {
    const words = this.#words;
    Atomics.store(words, At.Beats, (words[At.Beats] + 1) | 0);
    words[At.Executions]++;
    if (Atomics.load(words, At.Hold) === Hold.None) return true;
    while (Atomics.load(words, At.Hold) === Hold.Pause) Atomics.wait(words, At.Hold, Hold.Pause);
    return Atomics.load(words, At.Hold) === Hold.None;
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

  /** Accesses of the executions of this task that have ended, modulo 2^32. */
  get accesses(): number {
    return this.#words[At.Accesses] >>> 0;
  }
  set accesses(count: number) {
    this.#words[At.Accesses] = count | 0;
  }

  /** The size of the case that the worker minimises: at first, and now; null before the first is known. */
  get sizes(): { readonly before: CaseSize; readonly now: CaseSize } | null {
    if (Atomics.load(this.#words, At.Sizes) === 0) return null;
    return { before: this.#sizeAt(At.SizeBefore), now: this.#sizeAt(At.SizeNow) };
  }

  /** Says how much the case in work consists of. */
  size(size: CaseSize): void {
    for (const [i, field] of SIZES.entries()) {
      if (this.#words[At.Sizes] === 0) this.#words[At.SizeBefore + i] = size[field];
      this.#words[At.SizeNow + i] = size[field];
    }
    Atomics.store(this.#words, At.Sizes, 1);
  }

  #sizeAt(at: number): CaseSize {
    const [operations = 0, cpus = 0, pages = 0, switches = 0, weak = 0, choices = 0, accesses = 0] =
      this.#words.subarray(at, at + SIZES.length);
    return { operations, cpus, pages, switches, weak, choices, accesses };
  }

  /** Asks the worker to end its task soon, with what it has. */
  stop(): void {
    Atomics.store(this.#words, At.Hold, Hold.Stop);
    Atomics.notify(this.#words, At.Hold);
  }

  /** Asks the worker to wait before the next execution, or to go on. One that is to stop stops. */
  pause(paused: boolean): void {
    const [from, to] = paused ? [Hold.None, Hold.Pause] : [Hold.Pause, Hold.None];
    Atomics.compareExchange(this.#words, At.Hold, from, to);
    Atomics.notify(this.#words, At.Hold);
  }

  /** Called by the main thread before each task. */
  reset(stopped: boolean, paused = false): void {
    this.#words.fill(0);
    this.#words[At.Program] = -1;
    if (stopped) this.stop();
    else if (paused) this.pause(true);
  }

  /** Writes down a step (or an answer, see worker.ts) while an execution that may never end is described. */
  addStep(actor: number, cpu: number, address: number): void {
    this.#notes?.add(Int32Array.of(actor, cpu, address));
    const at = 3 * this.#words[At.Steps];
    if (at + 3 > MAX_STEP_WORDS) return;
    this.#steps[at] = actor;
    this.#steps[at + 1] = cpu;
    this.#steps[at + 2] = address;
    this.#words[At.Steps]++;
  }

  /** A source whose answers are noted, if there are to be notes. */
  noting(source: DecisionSource): DecisionSource {
    return this.#notes === null ? source : new NotedAnswers(source, this.#notes);
  }

  /** The steps written down, as (actor, cpu, address). */
  steps(): readonly (readonly [actor: number, cpu: number, address: number])[] {
    return Array.from({ length: this.#words[At.Steps] }, (_, i) => {
      return [this.#steps[3 * i], this.#steps[3 * i + 1], this.#steps[3 * i + 2]] as const;
    });
  }
}
