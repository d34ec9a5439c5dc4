import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../engine/errors.ts';
import { reasonOf, writeAtomic } from '../fuzz/directory/atomic.ts';
import { junit } from '../report/junit.ts';
import type { Outcome } from '../report/outcome.ts';
import { sarif } from '../report/sarif.ts';
import { version } from './version.ts';

/** Files for CI that a command was asked for. */
export interface Artefacts {
  readonly junit: string | undefined;
  readonly sarif: string | undefined;
}

/** @throws UsageError naming the option if a file cannot be written. */
export async function writeArtefacts(files: Artefacts, outcomes: readonly Outcome[]): Promise<void> {
  if (files.junit !== undefined) await writeOutput('--junit', files.junit, junit(outcomes));
  if (files.sarif !== undefined) await writeOutput('--sarif', files.sarif, sarif(outcomes, version()));
}

/**
 * Finds out before anything runs whether a file that an option names can be written; `-` is standard output.
 *
 * @throws UsageError naming the option.
 */
export function checkOutput(option: string, path: string | undefined): void {
  if (path === undefined || path === '-') return;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error('is a directory');
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot be written: ${reasonOf(error)}`);
  }
}

/** @throws UsageError naming the option of a file that cannot be written. */
export function checkArtefacts(files: Artefacts): void {
  checkOutput('--junit', files.junit);
  checkOutput('--sarif', files.sarif);
}

/**
 * Writes a file that an option names; `-` is standard output.
 *
 * @throws UsageError naming the option if it cannot be written.
 */
export async function writeOutput(option: string, path: string, text: string): Promise<void> {
  if (path === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    await writeAtomic(path, text);
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot be written: ${reasonOf(error)}`);
  }
}
