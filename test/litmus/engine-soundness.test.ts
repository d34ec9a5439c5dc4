// No memory model of the engine may show what the kernel's model forbids: on random programs, every final state that an
// engine model reaches is one of the axioms'. Each state beyond them would be a false alarm in a target.

import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { parseLitmus, runEngine, runLkmm } from '../../src/litmus/index.ts';
import { randomLitmus } from './random-litmus.ts';

/** Final states of one model that the axioms lack. */
function beyond(text: string, memory: (typeof memoryNames)[number], exact: boolean): string[] {
  const program = parseLitmus(text);
  const allowed = new Set([...runLkmm(program).states()].map(String));
  const result = runEngine(program, memory, { budget: 400, samples: 100, exact });
  return [...result.states()].map(String).filter(state => !allowed.has(state));
}

describe.each(memoryNames)('%s', memory => {
  it.each([
    [2, 60],
    [3, 30],
  ])('shows no state that the axioms forbid with %i processes', (processes, programs) => {
    for (let seed = 0; seed < programs; seed++) {
      const text = randomLitmus(seedrandom(`engine ${processes} ${seed}`), processes);
      expect(beyond(text, memory, seed % 2 === 0), text).toEqual([]);
    }
  });
});
