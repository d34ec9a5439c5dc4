// The litmus tests that ship with the project: each file says in its comment what every memory model allows.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLitmus } from '../../src/litmus/parse/parse.ts';
import { runLkmm } from '../../src/litmus/verdict.ts';

const directory = new URL('../../litmus/', import.meta.url);
const files = readdirSync(directory).filter(name => name.endsWith('.litmus'));

describe('the shipped litmus tests under lkmm', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThan(90);
  });

  it.each(files)('%s is as its comment says', file => {
    const text = readFileSync(new URL(file, directory), 'utf8');
    const stated = /^ \* .*\blkmm: (allowed|forbidden)$/m.exec(text)?.[1];
    const result = runLkmm(parseLitmus(text));
    expect(result.exhausted && result.statesExhausted).toBe(true);
    expect(result.observation === 'Never' ? 'forbidden' : 'allowed').toBe(stated);
    expect(`${result.program.name}.litmus`).toBe(file);
  });
});
