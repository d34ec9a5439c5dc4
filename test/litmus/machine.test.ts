// The axioms and the operational machine are two definitions of one model: they must give the same final states,
// on the shipped tests and on random programs.

import { readdirSync, readFileSync } from 'node:fs';
import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { explore, prepare } from '../../src/litmus/lkmm/explore.ts';
import { machineRuns, machineStates } from '../../src/litmus/lkmm/machine.ts';
import { heavyCycle, recursive } from '../../src/litmus/lkmm/rcu-order.ts';
import type { RcuNode } from '../../src/litmus/lkmm/skeleton.ts';
import { parseLitmus } from '../../src/litmus/parse/parse.ts';
import { randomLitmus } from './random-litmus.ts';

function axiomStates(text: string): string[] {
  return [...explore(prepare(parseLitmus(text))).states].map(state => state.join()).sort();
}

const directory = new URL('../../litmus/', import.meta.url);
const texts = readdirSync(directory)
  .filter(name => name.endsWith('.litmus'))
  .map(name => ({ name, text: readFileSync(new URL(name, directory), 'utf8') }))
  .filter(({ text }) => machineRuns(prepare(parseLitmus(text))));

describe('the operational machine', () => {
  it.each(texts)('finds the states of the axioms on $name', ({ text }) => {
    const found = machineStates(prepare(parseLitmus(text)), 50_000);
    expect([...(found ?? [])].sort()).toEqual(axiomStates(text));
  });

  it('finds the states of the axioms on random programs', () => {
    let compared = 0;
    for (let seed = 0; seed < 150; seed++) {
      const text = randomLitmus(seedrandom(`machine ${seed}`));
      const prepared = prepare(parseLitmus(text));
      const choices = prepared.shapes.reduce(
        (product, list) => product * list.reduce((n, s) => n + s.rows.length, 0),
        1,
      );
      if (choices > 60) continue;
      const found = machineStates(prepared, 400);
      if (found === null) continue;
      compared++;
      expect([...found].sort(), text).toEqual(axiomStates(text));
    }
    expect(compared).toBeGreaterThan(40);
  });
});

describe('rcu-order', () => {
  it('as a cycle of weight >= 0 agrees with the recursive definition', () => {
    const random = seedrandom('rcu-order');
    for (let round = 0; round < 3000; round++) {
      const m = 1 + Math.floor(random() * 6);
      const nodes = Array.from({ length: m }, (): RcuNode => {
        const bits = new Int32Array(1);
        const place = {
          enterThread: 0,
          enterOrder: 0,
          leaveThread: 0,
          leaveOrder: 0,
          before: bits,
          after: bits,
        };
        return { gracePeriod: random() < 0.5, domain: -1, ...place };
      });
      const density = random();
      const links = Uint8Array.from({ length: m * m }, () => (random() < density ? 1 : 0));
      expect(heavyCycle(nodes, links)).toBe(recursive(nodes, links));
    }
  });
});
