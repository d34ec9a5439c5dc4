import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tryToLoad } from '../../src/fuzz/module-trial.ts';

it.each([
  ['for (;;);', 0.5, 'its code runs, or waits, for more than 0.5 s'],
  [
    'setInterval(() => {}, 1); await new Promise(() => {});',
    0.5,
    'its code runs, or waits, for more than 0.5 s',
  ],
  ['for (const all = []; ; ) all.push(new Array(1000).fill(1));', 3600, 'its code uses up all memory'],
])('the loading of a module that never ends is given up: %s', async (text, seconds, message) => {
  const path = join(mkdtempSync(join(tmpdir(), 'pagestorm-trial-')), 'own.mjs');
  writeFileSync(path, text);
  await expect(tryToLoad(path, seconds)).rejects.toThrow(message);
});
