/** Seconds after which a command says how far it is. */
const PATIENCE = 1;
/** Seconds between lines where standard error is no terminal, and between changes of the line on a terminal. */
const LINES = 10;
const REDRAWS = 0.1;

/**
 * How far a command is, on standard error, so that its output can go into a file: one line that is overwritten on a
 * terminal, else a line now and then. Commands that take less than a second stay silent, and so do those whose output
 * is for machines.
 */
export class StatusLine {
  readonly #began = Date.now();
  readonly #silent: boolean;
  readonly #terminal = process.stderr.isTTY === true;
  #printed = this.#began + 1000 * (PATIENCE - LINES);
  #shown = false;

  constructor(silent = false) {
    this.#silent = silent;
  }

  /** The same for what is too little for a line of its own where there is no terminal. */
  live(text: string): void {
    if (this.#terminal) this.show(text);
  }

  show(text: string): void {
    const now = Date.now();
    if (this.#silent || now - this.#began < 1000 * PATIENCE) return;
    if (now - this.#printed < 1000 * (this.#terminal ? REDRAWS : LINES)) return;
    this.#printed = now;
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
      this.#shown = true;
    } else process.stderr.write(`${text}\n`);
  }

  /** `120 of 278 cases, about 9 s left: corpus/mte-sync/H1.yaml` */
  count(done: number, all: number, what: string, now = ''): void {
    const left = timeLeft(done, all, (Date.now() - this.#began) / 1000);
    this.show(
      `${done} of ${all} ${what}${left === '' ? '' : `, about ${left} left`}${now === '' ? '' : `: ${now}`}`,
    );
  }

  /** Takes the line away, before anything is printed and at the end. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}

/** What remains if all parts take as long as those done so far: `9 s`, `2 min 10 s`, `3 h 5 min`; empty if none is done. */
export function timeLeft(done: number, all: number, seconds: number): string {
  if (done <= 0 || done >= all) return '';
  const left = Math.max(1, Math.round((seconds / done) * (all - done)));
  if (left < 60) return `${left} s`;
  if (left < 3600) return `${Math.floor(left / 60)} min ${left % 60} s`;
  return `${Math.floor(left / 3600)} h ${Math.floor((left % 3600) / 60)} min`;
}
