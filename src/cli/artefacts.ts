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
