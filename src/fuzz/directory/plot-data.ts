import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { plotHeader } from '../statistics/files.ts';

/** `plot_data`: a line for each moment, appended. A line that did not reach the disk whole is taken away again. */
export class PlotData {
  readonly #file: number;
  #length: number;
  #last = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+');
    const bytes = readFileSync(path);
    // Only whole lines: the process may have been killed in the middle of one.
    this.#length = bytes.lastIndexOf(10) + 1;
    ftruncateSync(this.#file, this.#length);
    if (this.#length === 0) this.#append(plotHeader);
  }

  /** Rows that say the same as the one before but for the time are left out. */
  add(row: string): void {
    const content = row.replace(/^[^,]*,/, '');
    if (content === this.#last) return;
    this.#last = content;
    this.#append(row);
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(line: string): void {
    try {
      if (writeSync(this.#file, line) === line.length) this.#length += line.length;
      else ftruncateSync(this.#file, this.#length);
    } catch {
      // A full disk: the campaign waits for room where it matters; a missing row of a plot does not.
      ftruncateSync(this.#file, this.#length);
    }
  }
}
