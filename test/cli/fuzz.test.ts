import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cues, interrupt, pagestorm, type Ran, scratch } from './pagestorm.ts';

/** Every file of the queue, the crashes and the hangs of a campaign, by relative path. */
function contents(dir: string): Record<string, string> {
  const names = ['queue', 'crashes', 'hangs'].flatMap(folder =>
    readdirSync(join(dir, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
  );
  return Object.fromEntries(
    names
      .filter(name => name.includes('id:') && /\.\w+$/.test(name))
      .sort()
      .map(name => [name, readFileSync(join(dir, name), 'utf8')]),
  );
}

/** Fuzzes without the self-check, which takes longer than most of these searches and has tests of its own. */
function fuzz(args: readonly string[], cues: Cues = {}): Promise<Ran> {
  return pagestorm(['fuzz', '--no-selfcheck', ...args], cues);
}

describe('fuzz', () => {
  it('finds flag-first under sc, writes found, minimised and report, and exits with 1', async () => {
    const out = scratch();
    const ran = await fuzz(['demo/flag-first', '--execs', '5k', '--seed', '1', '--out', out]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('BUG: stale-tags in demo/flag-first (sc)');
    const files = contents(out);
    const [folder = ''] = Object.keys(files)
      .filter(name => name.endsWith('report.txt'))
      .map(name => dirname(name));
    expect(readdirSync(join(out, folder)).sort()).toEqual([
      'found.yaml',
      'minimized.yaml',
      'report.txt',
      'seen.json',
    ]);
    const replayed = await pagestorm(['replay', join(out, folder)]);
    expect(replayed.code).toBe(0);
    expect(replayed.out.match(/as expected/g)).toHaveLength(2);
    // Two operations, one access of the first before the other: nothing smaller shows it.
    expect(files[`${folder}/minimized.yaml`]).toContain('schedule: >-\n  cpu0*2 cpu1*3\n');
  });

  it('finds a missing barrier under arm64 only, and nothing in the fixed design', async () => {
    const run = (design: string, memory: string) =>
      fuzz([design, '--memory', memory, '--execs', '6k', '--seed', '2', '--out', scratch()]);
    const [weak, strong, switched, fixed] = await Promise.all([
      run('demo/no-barrier', 'arm64'),
      run('demo/no-barrier', 'sc'),
      run('demo/fixed+no-wmb', 'arm64'),
      run('demo/fixed', 'arm64'),
    ]);
    expect([weak.code, strong.code, switched.code, fixed.code]).toEqual([1, 0, 1, 0]);
    expect(weak.out).toContain('(delayed)');
  });

  it('gives the same files byte for byte for the same seed, wherever they go', async () => {
    const [a, b] = [scratch(), scratch()];
    const args = ['demo/flag-first', 'demo/no-barrier', '--memory', 'arm64', '--execs', '8k', '--seed', 'x'];
    const [ranA, ranB] = await Promise.all([fuzz([...args, '--out', a]), fuzz([...args, '--out', b])]);
    expect([ranA.code, ranB.code]).toEqual([1, 1]);
    expect(contents(a)).toEqual(contents(b));
    expect(Object.keys(contents(a)).length).toBeGreaterThanOrEqual(8);
  });

  it('saves the program of a model that throws, hangs, forgets a yield or is nondeterministic, and exits with 3', async () => {
    const run = async (variant: string) => {
      const out = scratch();
      // Only one of them hangs; of the others nothing must be said that is due to a busy machine.
      const patience = variant === 'loops' ? '1s' : '10m';
      const options = ['--execs', '2k', '--seed', '1', '--hang-timeout', patience, '--out', out];
      const ran = await fuzz([`demo/${variant}`, ...options]);
      expect(ran.code).toBe(3);
      expect(Object.keys(contents(out)).some(name => name.endsWith('found.yaml'))).toBe(true);
      return ran.err;
    };
    const [throws, loops, forgets, yields, random] = await Promise.all(
      ['throws', 'loops', 'forgets', 'yields', 'random'].map(run),
    );
    expect(throws).toBe('pagestorm: error in demo/throws (sc): bad_throw: tags is not iterable\n');
    expect(loops).toContain(
      'pagestorm: hang in demo/loops (sc): the model runs on for ever without an access\n',
    );
    expect(forgets).toMatch(/^pagestorm: error in demo\/forgets \(sc\): bad_yield: .*never yielded[^\n]*\n$/);
    expect(yields).toMatch(
      /^pagestorm: error in demo\/yields \(sc\): bad_access: yielded [^\n]* access[^\n]*\n$/,
    );
    expect(random).toMatch(/^pagestorm: error in demo\/random \(sc\): pages\[0\]\.private ends as[^\n]*\n$/);
  });

  it('leaves out a design whose model fails without a program, and does not call it clean', async () => {
    const junit = join(scratch(), 'junit.xml');
    const options = ['--execs', '1k', '--out', scratch(), '--junit', junit];
    const ran = await fuzz(['demo/no-machine', 'demo/fixed', ...options]);
    expect(ran.code).toBe(3);
    const said = ran.err.match(/^pagestorm: demo\/no-machine.*: .*left out.*$/gm);
    expect(said?.map(line => line.replace(/.*: /, ''))).toEqual([
      'batch after batch failed; it is left out from here on',
      'left out after 0 executions, as its model failed again and again',
    ]);
    expect(ran.out).toMatch(/done: .* 500 executions/);
    expect(readFileSync(junit, 'utf8')).toContain(
      '<error type="error" message="left out after 0 executions, as its model failed again and again">',
    );
  });

  it('replays a hang as a hang, ended by the watchdog', async () => {
    const out = scratch();
    const limits = ['--execs', '2k', '--until-crash', '--hang-timeout', '1s'];
    await fuzz(['demo/loops', ...limits, '--seed', '1', '--out', out]);
    const ran = await pagestorm(['replay', join(out, 'hangs'), '--hang-timeout', '1s']);
    expect(ran.out).toMatch(/found\.yaml: hang \(as expected\)/);
    expect(ran.code).toBe(0);
  });

  it('ends at the first finding with --until-crash and at Ctrl-C with a summary', async () => {
    const first = await fuzz(['demo/flag-first', '--until-crash', '--seed', '1', '--out', scratch()]);
    expect(first.code).toBe(1);
    const stopped = await fuzz(['demo/fixed', '--out', scratch()], { 'Ctrl-C': interrupt });
    expect(stopped.code).toBe(130);
    expect(stopped.out).toMatch(/done: .* executions/);
  });

  it.concurrent.each([
    [['fuzz', 'dmo'], /unknown target "dmo"; did you mean demo\?/],
    [['fuzz', 'demo/fixd'], /unknown variant of demo "fixd"; did you mean fixed\?/],
    [['fuzz', 'demo/fixed+nowmb'], /unknown switch of demo "nowmb"; did you mean no-wmb\?/],
    [['fuzz', 'demo', '--memory', 'foo'], /--memory: unknown memory model "foo"; known: sc, tso, arm64/],
    [['fuzz', 'demo', '--cpus', '0'], /--cpus: "0" is not a whole number from 1 to 8/],
    [['fuzz', 'demo', '--ops', 'mappage'], /--ops: unknown operation "mappage"; did you mean map_page\?/],
    [['fuzz', 'demo', '--time', 'soon'], /--time: "soon" is no time/],
    [['fuzz', 'demo', '--frobnicate'], /Unknown argument: frobnicate/],
    [['fuzz', 'demo', '--out', '/proc/nowhere/x'], /--out \/proc\/nowhere\/x: cannot be written/],
    [['frobnicate'], /frobnicate|Did you mean/],
    [[], /name a command/],
  ])('refuses %j with one line and exit code 2', async (args, message) => {
    const ran = await pagestorm(args);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(message);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
});
