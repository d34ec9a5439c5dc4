// The litmus tests that ship with the project: each file says in its comment what every memory model allows.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { contradicts, expectationOf, parseLitmus, runEngine, runLkmm } from '../../src/litmus/index.ts';

const directory = new URL('../../litmus/', import.meta.url);
const files = readdirSync(directory).filter(name => name.endsWith('.litmus'));

describe('the shipped litmus tests', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThan(90);
  });

  it.each(files)('%s is as its comment says under every model', file => {
    const text = readFileSync(new URL(file, directory), 'utf8');
    const program = parseLitmus(text);
    expect(`${program.name}.litmus`).toBe(file);
    const axioms = runLkmm(program);
    const allowed = new Set([...axioms.states()].map(String));
    expect(axioms.statesExhausted).toBe(true);
    for (const result of [axioms, ...memoryNames.map(name => runEngine(program, name))]) {
      const stated = expectationOf(text, result.memory === 'lkmm-view' ? 'lkmm' : result.memory);
      if (stated === null) throw new Error(`${file} says nothing about ${result.memory}`);
      expect([result.memory, result.exhausted, contradicts(result, stated)]).toEqual([
        result.memory,
        true,
        false,
      ]);
      expect([...result.states()].filter(state => !allowed.has(String(state)))).toEqual([]);
    }
  });
});
