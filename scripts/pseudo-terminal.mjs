// A shell with job control in a pseudo-terminal, and what that terminal shows. For tests and for the scripts beside this.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';

/** Milliseconds to wait for something to show: a busy machine is slow. */
const PATIENCE = 120_000;

const program = join(dirname(fileURLToPath(import.meta.url)), '../bin/pagestorm.js');

export class PseudoTerminal {
  #pty;
  #sent = '';

  constructor(columns, rows, env = {}) {
    /** The terminal with its cells (xterm.js). */
    this.screen = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
    const { CI: _ci, NO_COLOR: _color, INK_SCREEN_READER: _reader, ...inherited } = process.env;
    this.#pty = spawn('/bin/sh', ['-i'], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      env: { ...inherited, PS1: 'prompt> ', ENV: '', LC_ALL: 'C.UTF-8', ...env },
    });
    this.#pty.onData(data => {
      this.#sent += data;
      this.screen.write(data);
    });
  }

  /** Types a command of the shell, in which a leading `pagestorm` is the built program. */
  run(command) {
    this.type(`${command.replace(/^pagestorm/, `'${process.execPath}' '${program}'`)}\r`);
  }

  type(keys) {
    this.#pty.write(keys);
  }

  resize(columns, rows) {
    this.screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** The process number of the shell. */
  get pid() {
    return this.#pty.pid;
  }

  /** The lines that are seen, without blanks at their ends. */
  get lines() {
    const { active } = this.screen.buffer;
    return Array.from(
      { length: this.screen.rows },
      (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '',
    );
  }

  get text() {
    return this.lines.join('\n');
  }

  /** Waits until the terminal shows something. */
  async shows(what) {
    const began = performance.now();
    while (!what.test(this.text)) {
      if (performance.now() - began > PATIENCE) throw new Error(`never showed ${what}; shows:\n${this.text}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  /** Whether the alternate screen is on, and whether the cursor is to be seen. */
  get state() {
    const cursor = this.#sent.lastIndexOf('\x1b[?25h') >= this.#sent.lastIndexOf('\x1b[?25l');
    return { alternate: this.screen.buffer.active.type === 'alternate', cursor };
  }

  close() {
    this.#pty.kill();
  }
}
