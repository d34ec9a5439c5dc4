import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { timeLeft } from '../../src/cli/status-line.ts';
import { PseudoTerminal } from '../tui/pseudo-terminal.ts';
import { pagestorm, scratch } from './pagestorm.ts';

it.each([
  [0, 10, 5, ''],
  [10, 10, 5, ''],
  [5, 10, 5, '5 s'],
  [1, 10_000, 0.1, '16 min 40 s'],
  [1, 3, 5580, '3 h 6 min'],
  [999, 1000, 1, '1 s'],
])('%i of %i parts after %d s: %s is left', (done, all, seconds, text) => {
  expect(timeLeft(done, all, seconds)).toBe(text);
});

it('says on a terminal how far one long litmus test is, and nothing in a pipe', async () => {
  const processes = [0, 1, 2, 3].map(p => {
    const stores = [1, 2, 3].map(value => `WRITE_ONCE(*v${p}, ${value});`);
    const loads = [0, 1, 2, 3].map(i => `int r${i}; r${i} = READ_ONCE(*v${i});`);
    return `P${p}(int *v0, int *v1, int *v2, int *v3) { ${[...stores, ...loads].join(' ')} }`;
  });
  const path = join(scratch(), 'long.litmus');
  writeFileSync(
    path,
    `C long\n{}\n${processes.join('\n')}\nexists (0:r1=0 /\\ 1:r0=0 /\\ 2:r3=1 /\\ 3:r2=3)\n`,
  );
  const terminal = new PseudoTerminal(120, 24);
  await terminal.shows(/prompt>/);
  terminal.run(`pagestorm litmus ${path}`);
  await terminal.shows(/^0 of 1 tests: .*long\.litmus: \d+ checks$/m);
  terminal.type('\x03');
  terminal.close();
  expect((await pagestorm(['litmus', path, '--budget', '60k', '--summary'])).err).toBe('');
});
