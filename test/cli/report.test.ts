import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { elementsOf, valuesOf } from '../report/markup.ts';
import { pagestorm, scratch } from './pagestorm.ts';

const race = join(shippedCorpus, 'mte-sync/H24-barrier.yaml');

describe('report', () => {
  let dir = '';
  let campaign = '';
  beforeAll(async () => {
    dir = scratch();
    campaign = join(dir, 'campaign');
    const options = ['--memory', 'sc', '--execs', '1000', '--seed', '1', '--workers', '1', '--out', campaign];
    const { code } = await pagestorm(['fuzz', 'demo/flag-first', 'demo/fixed', ...options]);
    expect(code).toBe(1);
  });

  it('writes a page about a campaign into its directory, with each finding, its case and its commands', async () => {
    const { code, out, err } = await pagestorm(['report', campaign]);
    expect([code, err]).toEqual([0, '']);
    expect(out.trim()).toBe(join(campaign, 'report.html'));
    const text = readFileSync(out.trim(), 'utf8');
    const ids = valuesOf(elementsOf(text), 'id');
    const folders = readdirSync(join(campaign, 'crashes')).filter(name => name.startsWith('id:'));
    expect(folders.length).toBeGreaterThan(0);
    for (const [i, folder] of folders.entries()) {
      expect(ids).toContain(`finding-${i + 1}-drawing`);
      expect(text).toContain(folder);
    }
    expect(text).toMatch(/npx pagestorm replay &#39;\S+minimized\.yaml&#39; --diagram/);
    expect(text).toContain('0 in 500');
  });

  it('reports what is left when a case is damaged, and says so in one line', async () => {
    const [folder = ''] = readdirSync(join(campaign, 'crashes')).filter(name => name.startsWith('id:'));
    const damaged = join(campaign, 'crashes', folder, 'minimized.yaml');
    const whole = readFileSync(damaged, 'utf8');
    writeFileSync(damaged, whole.slice(0, 40));
    const page = join(dir, 'damaged.html');
    const { code, err } = await pagestorm(['report', campaign, '-o', page]);
    writeFileSync(damaged, whole);
    expect(code).toBe(0);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain(`${damaged}: `);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('What could not be shown');
    // What it was minimised from is still there.
    expect(text).toContain(join(folder, 'found.yaml'));
  });

  it('writes a mail about a case, with how sure it is', async () => {
    const { code, out } = await pagestorm(['report', race, '--mail', '--execs', '2k']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Subject: \[pagestorm\] mte-sync\/tag-clearing-v1\+flag-last: stale-tags \(arm64\)\n/,
    );
    expect(out).toMatch(/\* The same program on mte-sync\/v7\.3-fixed: violated in none of/);
    expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(76);
  });

  it('writes page and timeline of a case where it is told to', async () => {
    const [page, timeline] = [join(dir, 'case.html'), join(dir, 'case.json')];
    const { code, err } = await pagestorm([
      'report',
      race,
      '--execs',
      '0',
      '-o',
      page,
      '--perfetto',
      timeline,
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(elementsOf(readFileSync(page, 'utf8')).some(one => one.name === 'svg')).toBe(true);
    expect(JSON.parse(readFileSync(timeline, 'utf8'))).toHaveProperty('traceEvents');
  });

  it('says when a case shows another verdict than it says, and reports what it shows', async () => {
    const other = join(dir, 'other.yaml');
    writeFileSync(
      other,
      readFileSync(race, 'utf8').replace('stale-tags | userLoadTag', 'tag-loss | userLoadTag'),
    );
    const { code, out, err } = await pagestorm(['report', other, '--mail', '--execs', '0']);
    expect(code).toBe(1);
    expect(err).toMatch(/shows another verdict than it says: violation: stale-tags/);
    expect(out).toContain('verdict: violation\n  signature: stale-tags');
  });

  it.concurrent.each([
    ['what is not there', ['report', '/nowhere/at/all'], /\/nowhere\/at\/all: no such file or directory/],
    ['a folder without a campaign', ['report', shippedCorpus], /corpus: no campaign there/],
    ['a mail about a campaign', ['report', 'CAMPAIGN', '--mail'], /--mail is of a case/],
    [
      'an unwritable file',
      ['report', 'CAMPAIGN', '-o', '/proc/x.html'],
      /--output \/proc\/x\.html: cannot be written/,
    ],
    ['two outputs on one stream', ['report', race, '--mail', '--perfetto', '-'], /--perfetto - and --mail/],
  ])('refuses %s with one line and exit code 2', async (_, args, message) => {
    const { code, err } = await pagestorm(args.map(one => (one === 'CAMPAIGN' ? campaign : one)));
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  it('refuses a case whose schedule no longer fits', async () => {
    const misfit = join(dir, 'misfit.yaml');
    writeFileSync(misfit, readFileSync(race, 'utf8').replace('cpu1*24', 'cpu1*9 irq(cpu0) cpu1*15'));
    const { code, err } = await pagestorm(['report', misfit, '--mail']);
    expect(code).toBe(4);
    expect(err).toMatch(/misfit\.yaml: replay diverged at step 29: .*replay --search/);
  });

  it('takes a campaign that has only begun', async () => {
    const young = join(dir, 'young');
    for (const folder of ['queue', 'crashes', 'hangs']) mkdirSync(join(young, folder), { recursive: true });
    writeFileSync(join(young, 'campaign.json'), readFileSync(join(campaign, 'campaign.json')));
    const { code, out } = await pagestorm(['report', young, '-o', '-']);
    expect(code).toBe(0);
    expect(out).toContain('no findings');
  });
});
