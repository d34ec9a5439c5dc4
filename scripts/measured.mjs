// docs/first-hits.json: what searches of cases have taken and what the minimiser made of their crashes, a line for each case.
import { existsSync, readFileSync } from 'node:fs';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';

/** Measurements by the name of the case; empty if there is no file. */
export function loadMeasured(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

export async function saveMeasured(path, measured) {
  const lines = Object.keys(measured)
    .sort()
    .map(name => `${JSON.stringify(name)}: ${JSON.stringify(measured[name])}`);
  await writeAtomic(path, `{\n${lines.join(',\n')}\n}\n`);
}

/** `| a | b |`, the characters of Markdown escaped. */
export function tableLine(cells) {
  return `| ${cells.map(text => String(text).replace(/[|_*]/g, '\\$&')).join(' | ')} |`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
