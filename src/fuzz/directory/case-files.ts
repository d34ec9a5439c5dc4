import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import { reasonOf } from './atomic.ts';
import { idOf } from './names.ts';

/** Names of case files: YAML, and the JSON of queue entries. */
function isCaseFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return /\.ya?ml$/.test(name) || (name.endsWith('.json') && idOf(name) !== null);
}

/**
 * The case files below a folder, sorted; the path itself if it is a file.
 *
 * @throws UsageError if there is no such path, or no case in the folder.
 */
export function caseFilesBelow(path: string): readonly string[] {
  let names: string[];
  try {
    if (!statSync(path).isDirectory()) return [path];
    names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error)}`);
  }
  const found = names.filter(isCaseFile).sort();
  if (found.length === 0) throw new UsageError(`${path}: no case files (*.yaml) in this directory`);
  return found.map(name => join(path, name));
}
