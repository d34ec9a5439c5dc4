import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { fence } from './fence.ts';

// The thread of `tryToLoad`.
fence();
try {
  await import(pathToFileURL(String(workerData)).href);
} catch {
  // Whoever loads it in earnest is told the same.
}
parentPort?.postMessage('loaded');
