import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { UsageError } from '../../engine/errors.ts';
import type { CampaignEvent } from '../events.ts';
import type { FromProcess, ToProcess } from './messages.ts';

/**
 * Seconds without a word after which a process is killed that was told to end, or has said its last word: it may run on
 * for ever, or be held up by a model. One that still has something to write says twice a second how it is getting on.
 */
const SILENCE_SECONDS = 20;
/** Seconds that somebody else may hold the output of a process that has ended, as what a model has started does. */
const OUTPUT_SECONDS = 1;

/** The process that runs a campaign, from its start to its end. */
export class CampaignChild {
  readonly #process: ChildProcess;
  readonly #onEvent: (event: CampaignEvent) => void;
  readonly #patience: number;
  /** Resolves to how it died, null if it ended as it should; rejects with what it gave up with. */
  readonly ended: Promise<string | null>;
  #stopped = false;
  /** It has said how the campaign ended, or why it gave up. */
  #over = false;
  #failure: Error | null = null;
  #silence = 0;

  /** @param quiet true if its output must become notes; @param patience seconds of silence after which it is killed. */
  constructor(
    entry: URL,
    quiet: boolean,
    onEvent: (event: CampaignEvent) => void,
    patience = SILENCE_SECONDS,
  ) {
    this.#patience = patience;
    const output = quiet ? 'pipe' : 'inherit';
    this.#onEvent = onEvent;
    this.#process = fork(entry, { stdio: ['ignore', output, output, 'ipc'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface(stream).on('line', line => this.#note(line));
    }
    this.ended = this.#run(this.#process);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(message: ToProcess): void {
    // What cannot be told is not needed any more: the process is about to end.
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Asks it to end the campaign soon. */
  stop(): void {
    this.#stopped = true;
    this.#silence = 0;
    this.send({ type: 'stop' });
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #run(child: ChildProcess): Promise<string | null> {
    // Seconds are counted, not read off a clock, which goes on while this process is stopped and hears nothing.
    const timer = setInterval(() => this.#listen(), 1000);
    child.on('message', (message: FromProcess) => this.#hear(message));
    child.on('exit', () => {
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, 1000 * OUTPUT_SECONDS).unref();
    });
    return new Promise<string | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (this.#failure !== null) reject(this.#failure);
        else resolve(this.#over ? null : (signal ?? `exit code ${code}`));
      });
    }).finally(() => clearInterval(timer));
  }

  #hear(message: FromProcess): void {
    this.#silence = 0;
    if (message.type === 'event') {
      if (message.event.type === 'end') this.#over = true;
      this.#onEvent(message.event);
      return;
    }
    this.#over = true;
    this.#failure = message.usage ? new UsageError(message.message) : new Error(message.message);
    this.#failure.stack = message.stack;
  }

  #listen(): void {
    if (!this.#over && !this.#stopped) return;
    this.#silence++;
    if (this.#silence <= this.#patience) return;
    if (!this.#over) {
      this.#note(
        `the process with the workers does not end: no word from it for ${this.#patience} s; it is killed`,
      );
    }
    this.kill();
  }

  #note(message: string): void {
    this.#onEvent({ type: 'note', level: 'warning', message });
  }
}
