import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
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
  let entries: Dirent[];
  try {
    if (!statSync(path).isDirectory()) return [path];
    entries = readdirSync(path, { recursive: true, withFileTypes: true });
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error)}`);
  }
  const found = entries.filter(entry => !entry.isDirectory() && isCaseFile(entry.name));
  if (found.length === 0) throw new UsageError(`${path}: no case files (*.yaml) in this directory`);
  // Reading a pipe that nobody writes to would never end.
  const odd = found.find(entry => !entry.isFile() && !entry.isSymbolicLink());
  if (odd !== undefined) throw new UsageError(`${join(odd.parentPath, odd.name)}: is no file; take it away`);
  const names = found.map(entry => relative(path, join(entry.parentPath, entry.name)));
  return names.sort().map(name => join(path, name));
}
