import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pagestorm, scratch } from './pagestorm.ts';

/** What the modules below share: targets whose designs have a word and an operation that may be anything. */
const common = `
  import fc from '${import.meta.resolve('fast-check')}';
  import { Layout, word } from '${new URL('../../dist/engine/layout.js', import.meta.url).href}';
  const own = ({ arbitrary, run, onDone = null } = {}) => {
    const layout = new Layout();
    const { x } = layout.struct('one', { x: word() });
    const parameters = arbitrary === undefined ? [] : [{ name: 'value', arbitrary: () => arbitrary }];
    function* store(cpu, [value = 1]) { yield cpu.writeOnce(x, value); }
    const operation = { name: 'op', summary: '', parameters, run: run ?? store };
    const attach = machine => { machine.onDone = onDone; };
    return { layout, operations: [operation], attach, x };
  };
  const target = (name, designs) => ({
    name, summary: '', description: '', memory: 'sc', size: { cpus: 2, pages: 1, mms: 1 }, switches: [], oracles: [],
    variants: Object.keys(designs).map(name => ({ name, summary: '', origin: '', settings: { name } })),
    build: ({ name }) => designs[name](),
  });
`;

/** Writes a module as a user would, without the build of the project's own, and returns its path. */
function written(text: string): string {
  const path = join(scratch(), 'own.mjs');
  writeFileSync(path, common + text);
  return path;
}

const designs = written(`
  const sometimes = fc.integer({ min: 0, max: 150 }).map(v => { if (v === 7) throw new Error('no seven'); return v; }, v => v);
  export const targets = [target('own', {
    fine: own,
    talks: () => own({ *run(cpu) { yield cpu.smpMb(); console.log('to standard output'); } }),
    draws: () => own({ arbitrary: sometimes }),
    checks: () => own({ onDone() { throw new TypeError('x is not defined'); } }),
    late: () => own({ *run(cpu) { yield cpu.smpMb(); Promise.reject(new Error('nobody waits')); } }),
    exits: () => own({ *run(cpu) { yield cpu.smpMb(); process.exit(5); } }),
    mapped: () => own({ arbitrary: fc.integer({ min: 1, max: 100 }) }),
  })];
`);

describe('a module with targets', () => {
  it.concurrent.each([
    [
      "export const targets = [target('a', { v: own }), target('a', { w: own })];",
      2,
      'has a second target called "a"',
    ],
    ['process.exit(0);', 2, 'cannot be loaded: calls process.exit(0)'],
    ['await new Promise(() => {});', 2, 'cannot be loaded: it waits for what never comes'],
    [
      "export const targets = [target('a', { v: () => process.exit(0) })];",
      3,
      'a/v: a: build(): calls process.exit(0)',
    ],
    [
      'const two = () => { const m = own(); return { ...m, operations: [...m.operations, ...m.operations] }; };' +
        "export const targets = [target('a', { v: two })];",
      3,
      'a/v: a: build(): operations[1]: a second one called "op"',
    ],
  ])('is not taken for one that has nothing to say: %s', async (text, code, message) => {
    const args = ['fuzz', 'a', '--execs', '100', '--out', scratch(), '--target-module', written(text)];
    const ran = await pagestorm(args);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(/^pagestorm: [^\n]*\n$/);
    expect(ran.err).toContain(message);
  });

  it('is called clean only where all was run and judged, also by a run that goes on; prints nothing between lines of --json', async () => {
    const [out, junit] = [scratch(), join(scratch(), 'junit.xml')];
    const names = ['fine', 'talks', 'draws', 'checks', 'late'].map(name => `own/${name}`);
    const first = await pagestorm([
      ...['fuzz', ...names, '--execs', '4k', '--seed', '1', '--no-selfcheck', '--json'],
      ...['--out', out, '--target-module', designs],
    ]);
    expect(first.code).toBe(3);
    expect(first.err).toContain('to standard output');
    for (const line of first.out.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('type');
    // It knows the module by itself.
    const more = ['--execs', '50', '--no-selfcheck', '--junit', junit];
    expect((await pagestorm(['fuzz', '--resume', out, ...more])).code).toBe(3);
    const cases = readFileSync(junit, 'utf8').matchAll(
      /<testcase classname="own.(\w+) .*?(?:\/>|message="(.*?)">)/gs,
    );
    expect(Object.fromEntries([...cases].map(([, design, message]) => [design, message]))).toEqual({
      fine: undefined,
      talks: undefined,
      draws: expect.stringMatching(/^\d+ batch(es)? of programs failed/),
      checks: expect.stringContaining('x is not defined'),
      late: expect.stringContaining('failed again and again'),
    });
  });

  it('is not proved where values cannot all be tried, and not called clean where it was not run', async () => {
    const matrix = (...args: string[]) =>
      pagestorm(['matrix', ...args, '--cost', '0', '--target-module', designs]);
    const [proof, short, few] = await Promise.all([
      matrix('own/mapped', '--prove', '--execs', '500'),
      matrix('own/fine', 'own/talks', '--time', '1ms'),
      pagestorm(['fuzz', 'own', '--execs', '3', '--out', scratch(), '--target-module', designs]),
    ]);
    expect(proof.code).toBe(3);
    expect(proof.out).toMatch(/Not proved: mapped: .*; op: value: a proof needs values from 0 to 63/);
    expect(short.code).toBe(2);
    expect(short.out).toContain('Not run: own/fine');
    expect(few.code).toBe(2);
    expect(few.err).toBe('pagestorm: --execs: 3 for 7 designs; each needs one at least\n');
  });

  it('whose operation ends its worker is replayed as that, and the other cases with it', async () => {
    const dir = scratch();
    for (const [name, expected] of [
      ['exits', '{ verdict: error, message: "the worker died: worker exited with code: 5" }'],
      ['fine', '{ verdict: clean }'],
    ]) {
      const head = `version: 1\ntarget: own\nvariant: ${name}\nmemory: sc\nmachine: { cpus: 2, pages: 1, mms: 1 }\n`;
      writeFileSync(
        join(dir, `${name}.yaml`),
        `${head}cpus: [[{ op: op }]]\nschedule: cpu0\nexpect: ${expected}\n`,
      );
    }
    const { code, out } = await pagestorm(['replay', dir, '--target-module', designs]);
    expect(out.match(/as expected/g)).toHaveLength(2);
    expect(code).toBe(0);
  });
});
