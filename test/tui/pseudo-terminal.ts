import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';

/** Milliseconds to wait for something to show: a busy machine is slow, and no test is about time. */
const PATIENCE = 60_000;

const program = fileURLToPath(new URL('../../bin/pagestorm.js', import.meta.url));

/** A shell with job control in a terminal of a given size, and what the terminal shows. */
export class PseudoTerminal {
  readonly #screen: InstanceType<typeof headless.Terminal>;
  readonly #pty: IPty;
  /** All that was sent to the terminal. */
  #sent = '';

  constructor(columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    this.#screen = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
    const { CI: _, NO_COLOR: __, ...rest } = process.env;
    this.#pty = spawn('/bin/sh', ['-i'], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      env: { ...rest, PS1: 'prompt> ', ENV: '', LC_ALL: 'C.UTF-8', ...env },
    });
    this.#pty.onData(data => {
      this.#sent += data;
      this.#screen.write(data);
    });
  }

  /** Types a command of the shell, in which `pagestorm` is the program under test. */
  run(command: string): void {
    this.type(`${command.replace(/^pagestorm/, `'${process.execPath}' '${program}'`)}\r`);
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** The lines that are seen, without blanks at their ends. */
  get lines(): readonly string[] {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: this.#screen.rows },
      (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '',
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** Waits until the terminal shows something. */
  async shows(what: RegExp): Promise<void> {
    const began = performance.now();
    while (!what.test(this.text)) {
      if (performance.now() - began > PATIENCE) throw new Error(`never showed ${what}; shows:\n${this.text}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  /** Whether the alternate screen is on, and whether the cursor is to be seen. */
  get state(): { readonly alternate: boolean; readonly cursor: boolean } {
    const cursor = this.#sent.lastIndexOf('\x1b[?25h') >= this.#sent.lastIndexOf('\x1b[?25l');
    return { alternate: this.#screen.buffer.active.type === 'alternate', cursor };
  }

  close(): void {
    this.#pty.kill();
  }
}
