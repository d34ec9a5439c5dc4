import { readFileSync } from 'node:fs';
import { UsageError } from '../engine/errors.ts';
import type { Case } from '../fuzz/case/case.ts';
import { readCase } from '../fuzz/case/read.ts';
import { reasonOf } from '../fuzz/directory/atomic.ts';
import { caseFilesBelow } from '../fuzz/directory/case-files.ts';
import type { Target } from '../targets/target.ts';

/** The case files that paths name: files themselves, and all case files below directories, sorted. */
export function caseFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap(caseFilesBelow);
}

/** @throws UsageError naming the file. */
export function loadCase(path: string, targets: readonly Target[]): Case {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error)}`);
  }
  return readCase(bytes, path, targets);
}
