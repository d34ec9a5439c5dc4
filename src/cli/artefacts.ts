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
  if (files.junit !== undefined) await write('--junit', files.junit, junit(outcomes));
  if (files.sarif !== undefined) await write('--sarif', files.sarif, sarif(outcomes, version()));
}

async function write(option: string, path: string, text: string): Promise<void> {
  try {
    await writeAtomic(path, text);
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot be written: ${reasonOf(error)}`);
  }
}
