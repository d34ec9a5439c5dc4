/** Seconds after which a command says how far it is. */
const PATIENCE = 1;
/** Seconds between lines where standard error is no terminal. */
const LINES = 10;

/**
 * How far a command is, on standard error, so that its output can go into a file: one line that is overwritten on a
 * terminal, else a line now and then. Commands that take less than a second stay silent.
 */
export class StatusLine {
  readonly #began = Date.now();
  readonly #terminal = process.stderr.isTTY === true;
  #printed = this.#began + 1000 * (PATIENCE - LINES);
  #shown = false;

  show(text: string): void {
    const now = Date.now();
    if (now - this.#began < 1000 * PATIENCE) return;
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      this.#shown = true;
    } else if (now - this.#printed >= 1000 * LINES) {
      this.#printed = now;
      process.stderr.write(`${text}\n`);
    }
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}
