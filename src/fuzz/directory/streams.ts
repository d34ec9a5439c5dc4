import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { unlessFull } from './disk.ts';

/** Bytes for the number of each job. */
const WIDTH = 16;

/**
 * How far each job's stream of new programs has been handed out. Rewritten in place before a batch starts, so that a
 * campaign that was killed does not draw the same programs again. (After a power failure the last seconds may repeat.)
 */
export class Streams {
  readonly #file: number;

  /** @returns with `drawn` what earlier runs have handed out, by job. */
  static open(path: string): { readonly streams: Streams; readonly drawn: readonly number[] } {
    const file = openSync(path, 'a+');
    closeSync(file);
    const text = readFileSync(path, 'latin1');
    const drawn = Array.from({ length: Math.floor(text.length / WIDTH) }, (_, i) => {
      const value = Number.parseInt(text.slice(i * WIDTH, (i + 1) * WIDTH), 10);
      return value > 0 ? value : 0;
    });
    return { streams: new Streams(openSync(path, 'r+')), drawn };
  }

  constructor(file: number) {
    this.#file = file;
  }

  /** On a full disk nothing is marked, and a campaign that is killed then draws some programs again. */
  mark(job: number, next: number): void {
    unlessFull(() => writeSync(this.#file, String(next).padEnd(WIDTH, ' '), job * WIDTH, 'latin1'));
  }

  close(): void {
    closeSync(this.#file);
  }
}
