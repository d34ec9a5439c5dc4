import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { fence } from './fence.ts';

// The thread of `tryToLoad`.
fence();
const loaded = (): void => parentPort?.postMessage('loaded');
// What it throws is for whoever loads it in earnest. Not awaited here: Node would warn of a wait that never ends.
import(pathToFileURL(String(workerData)).href).then(loaded, loaded);
