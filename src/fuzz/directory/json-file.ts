import { readIfThere } from './text-file.ts';

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
  let text: string | null;
  try {
    text = readIfThere(path);
  } catch (error) {
    return `${path}: ${String(error)}`;
  }
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${path}: is not valid JSON`;
  }
  return is(value) ? value : `${path}: is no ${what}`;
}
