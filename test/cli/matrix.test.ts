import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pagestorm, type Ran, scratch } from './pagestorm.ts';

function matrix(args: string): Promise<Ran> {
  return pagestorm(['matrix', ...args.split(' ')]);
}

/** Rows of the first table in text: cells by the name of the design. */
function rowsOf(out: string): Record<string, readonly string[]> {
  const lines = out.split('\n');
  const begin = lines.findIndex(line => /^-+( {2}-+)+$/.test(line)) + 1;
  const rows = lines.slice(begin, lines.indexOf('', begin)).map(line => line.split(/ {2,}/));
  return Object.fromEntries(rows.map(([name = '', ...cells]) => [name, cells]));
}

describe('pagestorm matrix', () => {
  it('tells designs that hold from those that do not, by memory model', async () => {
    const designs = 'demo/flag-first demo/no-barrier demo/fixed --execs 1k --cost 0';
    const sc = await matrix(designs);
    expect(sc.code).toBe(0);
    expect(rowsOf(sc.out)).toEqual({
      'flag-first': [expect.stringMatching(/^#[0-9a-f]{8}$/)],
      'no-barrier': ['0/1k'],
      'fixed (fixed)': ['0/1k'],
    });
    expect(sc.out).toContain('Shown nothing against: no-barrier, fixed.');
    const arm64 = await matrix(`${designs} --memory arm64 --json`);
    const [table] = JSON.parse(arm64.out).tables;
    const verdicts = table.rows.map(
      (row: { cells: Record<string, { verdict: string }> }) => row.cells['stale-tags']?.verdict,
    );
    expect(verdicts).toEqual(['violated', 'violated', 'none']);
  });

  it('exits with 1 if a fixed design is violated, and writes the case that shows it', async () => {
    const out = scratch();
    const { code, out: text } = await matrix(
      `demo/claims-fixed --execs 2k --memory arm64 --cost 0 --out ${out}`,
    );
    expect(code).toBe(1);
    expect(text).toContain('FIXED DESIGN VIOLATED: demo/claims-fixed: stale-tags');
    const [file] = readdirSync(out);
    const replayed = await pagestorm(['replay', join(out, file)]);
    expect(replayed.out).toContain('as expected');
  });

  it('replays the cases of the corpus, so that a rare bug is named by its id', async () => {
    const { code, out } = await matrix('mte-sync/v6.12 --execs 20 --cost 0 --markdown');
    expect(code).toBe(0);
    expect(out).toMatch(/\| v6\.12 \| mte:N1! \|.* mte:H14 \|/);
  });

  it('measures the same programs for each design: a barrier less shows', async () => {
    const { out } = await matrix('demo/fixed demo/fixed+no-wmb --execs 100 --json');
    const [fixed, without] = JSON.parse(out).tables[0].rows.map((row: { cost: unknown }) => row.cost);
    expect(without.operations).toBe(fixed.operations);
    expect(fixed.barriers).toBeGreaterThan(0);
    expect(without).toMatchObject({ barriers: 0, atomics: fixed.atomics });
  });

  it('proves within a bound what it can run to the end, and nothing else', async () => {
    const run = async (bound: string): Promise<string> => {
      const { out } = await matrix(
        `demo/no-barrier --memory arm64 --pages 1 --execs 1 --cost 0 --prove ${bound}`,
      );
      return out.replace(/\n {4}/g, ' ');
    };
    const ordered = await run('--reorderings 0 --preemptions 9');
    expect(rowsOf(ordered)).toEqual({ 'no-barrier': ['proved'] });
    expect(ordered).toMatch(/4 programs; .* every execution with at most 9 preemptions and none reordered/);
    expect(rowsOf(await run('--reorderings 1 --preemptions 1'))['no-barrier']).not.toContain('proved');
    const cut = await run('--reorderings 0 --preemptions 9 --prove-execs 20');
    expect(rowsOf(cut)).toEqual({ 'no-barrier': ['0/1'] });
    expect(cut).toContain('Not proved: no-barrier: 0 of 4 programs in 20 executions.');
  });

  it('exits with 3 if a model throws', async () => {
    const { code, out } = await matrix('demo/throws --execs 500 --cost 0');
    expect(code).toBe(3);
    expect(out).toContain('FAULT OF THE MODEL: demo/throws: bad_throw: tags is not iterable');
  });

  it.each([
    ['demo/fixd', /unknown variant of demo "fixd"; did you mean fixed\?/],
    ['demo --out /proc/nowhere/x', /--out \/proc\/nowhere\/x: cannot be written/],
  ])('refuses %s with one line', async (args, message) => {
    const { code, err } = await matrix(args);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
