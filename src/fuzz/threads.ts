import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';

/** Seconds that threads may take to end. */
const END_SECONDS = 10;

/**
 * Threads that were ended and still run. One that does so for long is held up by a model outside of JavaScript, as by
 * reading what never comes: `process.exit()` would wait for it, for ever.
 */
export const unended = new Set<Worker>();

/** Ends a thread. One that cannot be ended is not waited for. */
export async function endThread(thread: Worker): Promise<void> {
  const patience = new AbortController();
  const late = sleep(1000 * END_SECONDS, true, patience).catch(() => false);
  const ended = thread.terminate().then(() => {
    unended.delete(thread);
    return false;
  });
  if (await Promise.race([ended, late])) unended.add(thread);
  patience.abort();
}

/** The threads of a pool, from their beginning to their end: the pool itself forgets those that it has ended. */
export class Threads {
  readonly #pool: Piscina;
  readonly #running = new Set<Worker>();

  constructor(pool: Piscina) {
    this.#pool = pool;
    pool.on('workerCreate', () => this.#note());
  }

  /** To be called when the pool has ended one of them. */
  look(): void {
    const working = new Set(this.#pool.threads);
    for (const thread of this.#running) if (!working.has(thread)) unended.add(thread);
  }

  /** Ends all of them, as `endThread` does. */
  async end(): Promise<void> {
    this.#note();
    const all = [...this.#running].map(endThread);
    // Tasks that wait are given up by the pool; it waits for its threads as long as they take.
    this.#pool.destroy().catch(() => {});
    await Promise.all(all);
  }

  /** Takes note of those that are new. */
  #note(): void {
    for (const thread of this.#pool.threads) {
      if (this.#running.has(thread)) continue;
      this.#running.add(thread);
      thread.once('exit', () => {
        this.#running.delete(thread);
        unended.delete(thread);
      });
    }
  }
}
