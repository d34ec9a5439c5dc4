import { readFileSync } from 'node:fs';
import { type Instance, render, useInput } from 'ink';
import type { ReactNode } from 'react';
import { Frames } from './frames.ts';
import type { Size } from './size.ts';

/** The alternate screen, without a cursor, without wrapping. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** Signals that end the process unless somebody else handles them; signals skip the handlers of `exit`. */
const FATAL = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/** Milliseconds after which a stop has not come about: the process has no shell that could continue it. */
const STOP_MS = 500;
/** Milliseconds between looks whether a process in the background has come to the foreground. */
const BACKGROUND_MS = 1000;

/**
 * A full-screen application on the terminal of this process. Whatever ends the process but SIGKILL, the terminal is left
 * as it was found; Ctrl-Z and `fg` work. Ctrl-C is handed on as SIGINT, whose handling is the command's.
 */
export class Terminal {
  readonly #view: (size: Size) => ReactNode;
  readonly #frames: Frames;
  readonly #ink: Instance;
  readonly #fatal: readonly NodeJS.Signals[];
  #state: 'shown' | 'suspended' | 'closed' = 'shown';

  /** Shows `view`, made for the size of the terminal. */
  constructor(view: (size: Size) => ReactNode) {
    this.#view = view;
    process.stdout.write(ENTER);
    process.once('exit', this.#onExit);
    this.#fatal = FATAL.filter(signal => process.listenerCount(signal) === 0);
    for (const signal of this.#fatal) process.on(signal, this.#onFatal);
    this.#frames = new Frames(sizeOf(), text => process.stdout.write(text));
    this.#ink = render(this.#content(), {
      // A stream with the members that Ink asks for; it is no terminal, so Ink sends it no control sequences.
      stdout: this.#frames as unknown as NodeJS.WriteStream,
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: false,
    });
    process.stdout.on('resize', this.#onResize);
    process.stdin.on('end', this.#onGone);
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#onContinue);
  }

  get size(): Size {
    return sizeOf();
  }

  /** Resolves when the terminal is closed; rejects with what the view threw, the terminal having been given back. */
  async ended(): Promise<void> {
    try {
      await this.#ink.waitUntilExit();
    } finally {
      this.close();
    }
  }

  /** Draws the view anew. */
  update(): void {
    if (this.#state === 'shown') this.#ink.rerender(this.#content());
  }

  /** Gives the terminal back for good. */
  close(): void {
    if (this.#state === 'closed') return;
    const shown = this.#state === 'shown';
    this.#state = 'closed';
    process.off('exit', this.#onExit);
    for (const signal of this.#fatal) process.off(signal, this.#onFatal);
    process.stdout.off('resize', this.#onResize);
    process.stdin.off('end', this.#onGone);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    this.#frames.hold();
    this.#ink.unmount();
    if (shown) leave();
    process.stdin.pause();
  }

  #content(): ReactNode {
    return (
      <>
        <Signals />
        {this.#view(sizeOf())}
      </>
    );
  }

  readonly #onExit = (): void => {
    if (this.#state === 'shown') leave();
  };

  readonly #onFatal = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };

  /** Nobody sees it any more, or can end it; the system says so by a signal only to who has the terminal as its own. */
  readonly #onGone = (): void => {
    process.kill(process.pid, 'SIGHUP');
  };

  readonly #onResize = (): void => {
    this.#frames.resize(sizeOf());
    this.update();
  };

  readonly #onStop = (): void => {
    if (this.#state !== 'shown') return;
    this.#state = 'suspended';
    this.#frames.hold();
    leave();
    // Without the handler the signal stops the process, as the shell expects.
    process.off('SIGTSTP', this.#onStop);
    process.kill(process.pid, 'SIGTSTP');
    setTimeout(this.#onContinue, STOP_MS);
  };

  readonly #onContinue = (): void => {
    if (this.#state !== 'suspended') return;
    if (!inForeground()) {
      setTimeout(this.#onContinue, BACKGROUND_MS).unref();
      return;
    }
    this.#state = 'shown';
    process.on('SIGTSTP', this.#onStop);
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdout.write(ENTER);
    this.#frames.resize(sizeOf());
    this.#frames.release();
    this.update();
  };
}

/** Does what the terminal does by itself when it is not in raw mode. */
function Signals(): null {
  useInput((input, key) => {
    if (!key.ctrl) return;
    if (input === 'c') process.kill(process.pid, 'SIGINT');
    // The whole job, as the terminal would: the process with the workers stops too.
    if (input === 'z') process.kill(0, 'SIGTSTP');
  });
  return null;
}

function leave(): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.stdout.write(LEAVE);
}

function sizeOf(): Size {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

/**
 * Whether the process group is the one that the terminal listens to: one in the background is stopped when it changes
 * the terminal. True where the system does not tell (no /proc).
 */
function inForeground(): boolean {
  try {
    // After the name in parentheses: state, parent, process group, session, terminal, the terminal's process group.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}
