// docs/first-hits.jsonl: what searches of cases have taken and what the minimiser made of their crashes, a line for each case.
import { existsSync, readFileSync } from 'node:fs';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';

/** Measurements by the name of the case; empty if there is no file. */
export function loadMeasured(path) {
  if (!existsSync(path)) return {};
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '');
  return Object.fromEntries(
    lines.map(line => {
      const { case: name, ...measurement } = JSON.parse(line);
      return [name, measurement];
    }),
  );
}

export async function saveMeasured(path, measured) {
  const names = Object.keys(measured).sort();
  const lines = names.map(name => `${JSON.stringify({ case: name, ...measured[name] })}\n`);
  await writeAtomic(path, lines.join(''));
}

/** `| a | b |`, the characters of Markdown escaped. */
export function tableLine(cells) {
  return `| ${cells.map(text => String(text).replace(/[|_*]/g, '\\$&')).join(' | ')} |`;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
