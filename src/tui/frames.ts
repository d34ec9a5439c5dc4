import { Writable } from 'node:stream';
import type { Size } from './size.ts';

const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/**
 * What Ink takes for its terminal. Ink, in its debug mode, hands over whole frames; here the lines that changed are
 * written, each at its place. Ink's own incremental mode counts lines from the cursor: it leaves the last row of the
 * terminal unused, and cannot paint anew after a resize or a suspension.
 */
export class Frames extends Writable {
  readonly #write: (text: string) => void;
  #size: Size;
  #shown: readonly string[] = [];
  #frame: readonly string[] = [];
  #held = false;

  /** @param write writes to the real terminal. */
  constructor(size: Size, write: (text: string) => void) {
    super({ decodeStrings: false });
    this.#size = size;
    this.#write = write;
  }

  get columns(): number {
    return this.#size.columns;
  }

  get rows(): number {
    return this.#size.rows;
  }

  override _write(frame: string, _: string, done: () => void): void {
    // Ink writes an empty text to learn when all is written.
    if (frame !== '') {
      this.#frame = frame.split('\n');
      this.#paint();
    }
    done();
  }

  /** The size has changed; what is on the terminal now is anyone's guess. */
  resize(size: Size): void {
    this.#size = size;
    this.#shown = [];
    if (!this.#held) this.#write('\x1b[2J');
  }

  /** Keeps frames back, while the terminal is others'. */
  hold(): void {
    this.#held = true;
  }

  /** Shows the last frame on a terminal that is blank. */
  release(): void {
    this.#held = false;
    this.#shown = [];
    this.#paint();
  }

  #paint(): void {
    if (this.#held) return;
    const lines = this.#frame.slice(0, this.#size.rows);
    let out = '';
    for (let i = 0; i < Math.max(lines.length, this.#shown.length); i++) {
      // Blanked before it is written: after a full line the cursor would stand on its last cell.
      if (lines[i] !== this.#shown[i]) out += `\x1b[${i + 1};1H\x1b[0m\x1b[2K${lines[i] ?? ''}`;
    }
    this.#shown = lines;
    if (out !== '') this.#write(BEGIN + out + END);
  }
}
