import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { pagestorm, scratch } from './pagestorm.ts';

const good = `version: 1
target: demo
variant: flag-first
memory: sc
machine: { cpus: 2, pages: 1, mms: 1 }
cpus:
  - - { op: map_page, page: 0, access: read }
  - - { op: map_page, page: 0, access: read }
schedule: >-
  cpu0*2 cpu1*3
expect:
  verdict: violation
  signature: stale-tags | build.map_page:readOnce(at.tags[0]) | pages.tags
`;

describe('replay', () => {
  let dir = '';
  beforeAll(() => {
    dir = scratch();
  });
  const replay = (text: string | Uint8Array, ...options: string[]) => {
    const path = join(dir, `case-${Math.random()}.yaml`);
    writeFileSync(path, text);
    return pagestorm(['replay', path, ...options]);
  };

  it('says what was observed in an execution that breaks no rule', async () => {
    const killed = join(shippedCorpus, 'tag-storage/fix1-kills.yaml');
    const { code, out } = await pagestorm(['replay', killed]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /: clean \(as expected, .*\n {2}observed: process killed: copy_highpage\(\) had no memory/,
    );
  });

  it('reproduces the verdict and prints the same trace in every process', async () => {
    const [one, two] = await Promise.all([replay(good, '--trace'), replay(good, '--trace')]);
    expect(one.code).toBe(0);
    const trace = (text: string) => text.split('\n').filter(line => line.startsWith('cpu'));
    expect(trace(one.out)).toEqual(trace(two.out));
    expect(trace(one.out)[4]).toMatch(
      /^cpu1 {6}3 {2}WRITE_ONCE\(pages\[0\]\.private, 1\) {2}\[build\.map_page demo:\d+\]$/,
    );
    expect(trace(one.out)).toHaveLength(8);
  });

  it('exits with 1 when the verdict is another one', async () => {
    const ran = await replay(good.replace('cpu0*2 cpu1*3', 'cpu0*5 cpu1*3'));
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('clean (expected violation: stale-tags');
  });

  it.concurrent.each([
    ['cpu0*9', /diverged at step 6: cpu0 cannot run: it has finished its operations/],
    ['cpu0*2 delay', /diverged at step 2: "delay\(1\)" was never asked for in this step of cpu0/],
    [
      'commit(cpu0,pages[0].tags[0])',
      /diverged at step 1: no store of cpu0 to pages\[0\]\.tags\[0\] is delayed/,
    ],
    ['irq(cpu1)', /diverged at step 1: no interrupt is declared for cpu1/],
    ['cpu5', /diverged at step 1: there is no cpu5: the machine has 2 CPUs/],
  ])('says where and why the schedule "%s" cannot run, with exit code 4', async (schedule, message) => {
    const ran = await replay(good.replace('cpu0*2', schedule));
    expect(ran.code).toBe(4);
    expect(ran.out).toMatch(message);
    expect(ran.out).toContain('--search');
  });

  it('says what a CPU waits for', async () => {
    const text = good.replace('flag-first', 'fixed').replace('cpu0*2 cpu1*3', 'cpu0*3 cpu1*3');
    const ran = await replay(text);
    expect(ran.code).toBe(4);
    expect(ran.out).toMatch(/step 6: cpu1 cannot run: in map_page it waits for pages\[0\]\.flags to become/);
  });

  it('finds a schedule near one that no longer fits', async () => {
    const ran = await replay(good.replace('cpu0*2 cpu1*3', 'cpu0*9 cpu1*3'), '--search');
    expect(ran.out).toContain('the case with a schedule that fits');
    expect(ran.out).toMatch(/schedule: >-\n {2}cpu/);
  });

  it.concurrent.each([
    ['a binary file', new Uint8Array([0, 255, 7, 9]), /is not a text file/],
    ['a truncated file', good.slice(0, 120), /cpus: |not valid YAML/],
    ['broken YAML', good.replace('cpus:', 'cpus: ['), /not valid YAML: .*line \d+/],
    ['an unknown field', good.replace('memory:', 'memroy:'), /unknown field "memroy"/],
    [
      'a version from the future',
      good.replace('version: 1', 'version: 9'),
      /version 9 is newer than this pagestorm/,
    ],
    ['a missing argument', good.replace(', access: read', ''), /cpus\[0\]\[0\]\.access: missing/],
    [
      'an unknown argument',
      good.replace('access: read', 'acess: read'),
      /cpus\[0\]\[0\]: unknown argument of map_page "acess"/,
    ],
    ['a value out of range', good.replace('page: 0', 'page: 5'), /cpus\[0\]\[0\]\.page: 5 is out of range/],
    [
      'an unknown operation',
      good.replace('op: map_page', 'op: mappage'),
      /cpus\[0\]\[0\]\.op: unknown operation "mappage"/,
    ],
    [
      'an unknown location',
      good.replace('cpu0*2', 'commit(cpu0,pages[9].tags[0])'),
      /no location pages\[9\]\.tags\[0\]/,
    ],
    ['an unknown word', good.replace('cpu0*2', 'cp0*2'), /schedule: cannot read "cp0\*2"/],
    ['an unknown variant', good.replace('flag-first', 'v5.19'), /unknown variant of demo "v5\.19"/],
  ])('refuses %s with one line and exit code 2', async (_, text, message) => {
    const ran = await replay(text);
    expect(ran.err).toMatch(message);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
    expect(ran.code).toBe(2);
  });

  it('minimises a case, verified by replay, the same every time', async () => {
    const path = join(dir, 'large.yaml');
    const large = good
      .replace('pages: 1', 'pages: 2')
      .replaceAll(
        '{ op: map_page, page: 0, access: read }',
        '{ op: map_page, page: 1, access: write }\n    - { op: map_page, page: 0, access: read }',
      )
      .replace('cpu0*2 cpu1*3', 'cpu0*2 cpu1*3');
    writeFileSync(path, large);
    const [one, two] = await Promise.all([pagestorm(['minimize', path]), pagestorm(['minimize', path])]);
    expect(one.code).toBe(0);
    expect(one.out).toBe(two.out);
    expect(one.out.replace(/^#.*\n\n?/gm, '')).toBe(good);
    expect(one.err).toContain('operations: 4 -> 2 operations');
  });
});
