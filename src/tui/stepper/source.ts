import { readFileSync } from 'node:fs';
import type { Place } from '../../fuzz/trace.ts';

const files = new Map<string, readonly string[]>();

/** The line of the model at a place, as its author wrote it; empty if the source is not at hand. */
export function sourceLine({ file, line }: Place): string {
  return linesOf(file)[line - 1]?.trim() ?? '';
}

/** Sites name files below src/targets without their ending; models loaded from elsewhere have no source here. */
function linesOf(file: string): readonly string[] {
  const known = files.get(file);
  if (known !== undefined) return known;
  let lines: readonly string[] = [];
  try {
    const url = new URL(`../../../src/targets/${file}.ts`, import.meta.url);
    lines = readFileSync(url, 'utf8').split('\n');
  } catch {
    // Then the place has to do.
  }
  files.set(file, lines);
  return lines;
}
