import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessFull } from './disk.ts';
import { readIfThere } from './text-file.ts';

/**
 * Notes in a campaign's state that the process with the workers is started again: one line with how it died. A checkpoint
 * cannot count that, as a process may die before it takes one. (On a full disk the line is left out.)
 */
export function noteRestart(state: string, died: string): void {
  unlessFull(() => appendFileSync(join(state, 'restarts'), `${died}\n`));
}

/** Times that the process was started again, in all runs of a campaign. */
export function countRestarts(state: string): number {
  const lines = readIfThere(join(state, 'restarts'))?.split('\n') ?? [''];
  return lines.length - 1;
}
