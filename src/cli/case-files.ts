import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../engine/errors.ts';
import type { Case } from '../fuzz/case/case.ts';
import { readCase } from '../fuzz/case/read.ts';
import type { Target } from '../targets/target.ts';

/** The case files that paths name: files themselves, and all `.yaml` files below directories, sorted. */
export function caseFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap(path => {
    if (!isDirectory(path)) return [path];
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter(name => /\.ya?ml$/.test(name))
      .sort()
      .map(name => join(path, name));
    if (found.length === 0) throw new UsageError(`${path}: no case files (*.yaml) in this directory`);
    return found;
  });
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new UsageError(`${path}: ${fileProblem(error)}`);
  }
}

/** @throws UsageError naming the file. */
export function loadCase(path: string, targets: readonly Target[]): Case {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path}: ${fileProblem(error)}`);
  }
  return readCase(bytes, path, targets);
}

/** What a file system error means, without code and path. */
export function fileProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/, '');
}
