import { Worker } from 'node:worker_threads';
import { EngineError } from '../engine/errors.ts';
import { endThread } from './threads.ts';

/** Seconds that a module may take to be loaded, unless given; those of a target take a fraction of one. */
const LOAD_SECONDS = 30;
/** MiB of heap that it may use meanwhile. */
const HEAP_MIB = 512;

/**
 * Loads a module in a thread of its own first: what it does there for ever, or takes up all memory with, can be ended. All
 * else that may be wrong with it is for whoever loads it then to see.
 *
 * @throws EngineError if loading it does not end, or fills the heap.
 */
export async function tryToLoad(path: string, seconds = LOAD_SECONDS): Promise<void> {
  const worker = new Worker(new URL('./module-trial-worker.js', import.meta.url), {
    workerData: path,
    // It prints when it is loaded in earnest.
    ...{ stdout: true, stderr: true },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const late = `its code runs, or waits, for more than ${seconds} s`;
      timer = setTimeout(() => reject(new EngineError(late)), 1000 * seconds);
      worker.on('message', resolve);
      worker.on('exit', () => resolve());
      worker.on('error', error => {
        const full = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        if (full) reject(new EngineError('its code uses up all memory'));
        else resolve();
      });
    });
  } finally {
    clearTimeout(timer);
    await endThread(worker);
  }
}
