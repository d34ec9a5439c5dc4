import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tryToLoad } from '../../src/fuzz/module-trial.ts';
import { threadDiesAlone } from './heap-limit.ts';

/** A module of its own in a fresh folder. */
function written(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'pagestorm-trial-')), 'own.mjs');
  writeFileSync(path, text);
  return path;
}

it.each(['for (;;);', 'setInterval(() => {}, 1); await new Promise(() => {});'])(
  'the loading of a module that never ends is given up: %s',
  async text => {
    const late = 'its code runs, or waits, for more than 0.5 s';
    await expect(tryToLoad(written(text), 0.5)).rejects.toThrow(late);
  },
);

it.runIf(threadDiesAlone)('so is that of one that fills the memory', async () => {
  const path = written('for (const all = []; ; ) all.push(new Array(1000).fill(1));');
  await expect(tryToLoad(path, 3600)).rejects.toThrow('its code uses up all memory');
});
