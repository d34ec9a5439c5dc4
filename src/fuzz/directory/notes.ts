import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';
import { unlessFull } from './disk.ts';

/**
 * What a program does, in a file that outlives the process: each number is there before the program goes on. (Shared memory
 * dies with the process, and a thread that looks at it now and then has not looked when the process dies soon.) On a full
 * disk nothing is noted, which must not look as if the program had killed the process.
 */
export class Notes {
  readonly #file: number;
  #bytes = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  clear(): void {
    ftruncateSync(this.#file, 0);
    this.#bytes = 0;
  }

  add(numbers: Int32Array): void {
    unlessFull(() => writeSync(this.#file, numbers, 0, numbers.byteLength, this.#bytes));
    this.#bytes += numbers.byteLength;
  }
}

/** Notes the answers of another source, those of the present execution as `Recorder` has them. */
export class NotedAnswers implements DecisionSource {
  readonly everyStep: boolean;
  readonly #inner: DecisionSource;
  readonly #notes: Notes;

  constructor(inner: DecisionSource, notes: Notes) {
    this.#inner = inner;
    this.#notes = notes;
    this.everyStep = inner.everyStep;
  }

  begin(machine: Machine): void {
    this.#notes.clear();
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    if (n > 1 || kind !== Choice.Actor) this.#notes.add(Int32Array.of(value));
    return value;
  }
}
