import { readFileSync } from 'node:fs';

/**
 * What a JSON file of a campaign directory holds; a text that says what is wrong with it, null if there is none.
 *
 * @param what it should be, as in `is no snapshot of version 1`.
 */
export function readJsonFile<T>(
  path: string,
  is: (value: unknown) => value is T,
  what: string,
): T | string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? null : `${path}: ${String(error)}`;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${path}: is not valid JSON`;
  }
  return is(value) ? value : `${path}: is no ${what}`;
}
