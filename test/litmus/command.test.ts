import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { litmusCommand } from '../../src/cli/commands/litmus.ts';
import type { LitmusArguments } from '../../src/cli/litmus-arguments.ts';

const sb = `C SB
(* Result: Sometimes *)
{}
P0(int *x, int *y) { int r0; WRITE_ONCE(*x, 1); r0 = READ_ONCE(*y); }
P1(int *x, int *y) { int r0; WRITE_ONCE(*y, 1); r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)
`;

describe('pagestorm litmus', () => {
  let directory = '';
  let out = '';
  let err = '';
  const run = (options: Partial<LitmusArguments> = {}, path: readonly string[] = [directory]) =>
    litmusCommand({
      path,
      memory: 'lkmm',
      json: false,
      summary: false,
      show: undefined,
      budget: undefined,
      ...options,
    });
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pagestorm-litmus-'));
    out = '';
    err = '';
    vi.spyOn(console, 'log').mockImplementation(text => void (out += `${text}\n`));
    vi.spyOn(console, 'error').mockImplementation(text => void (err += `${text}\n`));
    vi.spyOn(process.stdout, 'write').mockImplementation(text => {
      out += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("prints herd's format and says how far the answer reaches", async () => {
    expect(await run({}, [file('sb.litmus', sb)])).toBe(0);
    expect(out).toContain('Test SB Allowed\nStates 4\n0:r0=0; 1:r0=0;\n');
    expect(out).toContain('Observation SB Sometimes 1 3\n');
    expect(out).toContain('Coverage SB lkmm exhausted\n');
  });

  it('runs directories with their folders, past files that it cannot read', async () => {
    mkdirSync(join(directory, 'deeper'));
    file('deeper/sb.litmus', sb);
    file('README.md', 'no test');
    const bad = file('bad.litmus', sb.replace('READ_ONCE(*y)', 'READ_TWICE(*y)'));
    expect(await run()).toBe(2);
    expect(err).toMatch(/^\S+bad\.litmus:4:\d+: unsupported: READ_TWICE \(.*\)\n$/);
    expect(err).toContain(bad);
    expect(out).toContain('Observation SB Sometimes');
  });

  it('exits with 1 when a result contradicts the comment', async () => {
    file('sb.litmus', sb.replace('Sometimes', 'Never'));
    expect(await run()).toBe(1);
    expect(out).toContain('Contradicts "Result: Never"');
    expect(await run({ memory: 'sc' })).toBe(0);
    expect(await run({ memory: 'tso' })).toBe(1);
  });

  it('prints one JSON object per test', async () => {
    file('sb.litmus', sb);
    expect(await run({ json: true, memory: 'sc' })).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      test: 'SB',
      memory: 'sc',
      observation: 'Never',
      exhausted: true,
      stateCount: 3,
      contradicted: false,
    });
  });

  it('prints a table', async () => {
    file('sb.litmus', sb);
    expect(await run({ summary: true })).toBe(0);
    expect(out).toMatch(/^test +observation +coverage +states +flags\nSB +Sometimes +exhausted +4\n/);
    expect(out).toContain('1 tests: 0 Never, 1 Sometimes, 0 Always; 0 not exhausted');
  });

  it('says what was only not seen', async () => {
    file('sb.litmus', sb);
    expect(await run({ memory: 'sc', budget: '2' })).toBe(0);
    expect(out).toContain('Coverage SB sc not seen in 3\n');
  });

  it.each(['lkmm', 'tso', 'arm64', 'lkmm-view'])('shows an execution under %s', async memory => {
    file('sb.litmus', sb);
    expect(await run({ memory, show: '0:r0=0; 1:r0=0' })).toBe(0);
    expect(out).toMatch(/^P0 +P1\n/m);
    expect(out).toMatch(/5: reads x = 0/);
    out = '';
    expect(await run({ memory, show: '0:r0=2' })).toBe(0);
    expect(out).toContain('no execution has this outcome (exhausted)');
  });

  it('names memory models that do not exist, and missing files', async () => {
    await expect(run({ memory: 'x86' })).rejects.toThrow('"x86" is none of lkmm, sc, tso');
    await expect(run({}, [join(directory, 'none')])).rejects.toThrow('no such file');
  });
});
