import { expect, it } from 'vitest';
import { timeLeft } from '../../src/cli/status-line.ts';

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
