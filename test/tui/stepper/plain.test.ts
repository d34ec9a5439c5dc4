import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shippedCorpus } from '../../../src/fuzz/catalogue.ts';
import { everyStep } from '../../../src/report/steps/step-lines.ts';
import { StepModel } from '../../../src/report/steps/step-model.ts';
import { LineStepper } from '../../../src/tui/stepper/line-stepper.ts';
import { bin, pagestorm } from '../../cli/pagestorm.ts';
import { cross } from './crossing.ts';

const stale = cross(
  [['set_tags 0'], ['set_tags 0']],
  'cpu0*2 delay cpu0*1 cpu1*2 commit(cpu0,pages[0].tags[0]) cpu1 stale(1)',
  { setup: ['look_up'] },
);

describe('without a terminal', () => {
  it('all steps are printed, with what changed', async () => {
    const text = everyStep(new StepModel(stale)).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot('golden/every-step.golden.txt');
  });

  it('a store that others overtake under lkmm is said to be', () => {
    const late = cross([['set_count 0 5'], ['set_count 0 6']], 'cpu0 cpu1 delay', { memory: 'lkmm' });
    expect(everyStep(new StepModel(late)).slice(-5).join('\n')).toBe(
      [
        'step 2 of 2: CPU1 WRITE_ONCE(page->refcount, 6) (delayed)',
        '  stores to page->refcount made before it count as later: it keeps 5',
        '  ends set_count',
        '  CPU1: has run all its operations',
        'end: clean',
      ].join('\n'),
    );
  });

  it('replay --step prints them and ends as replay does; it takes one case', async () => {
    const path = join(shippedCorpus, 'mte-sync/H2.yaml');
    const [one, two] = await Promise.all([
      pagestorm(['replay', '--step', path]),
      pagestorm(['replay', '--step', path, path]),
    ]);
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/^step 0 of \d+: the CPUs begin\n/);
    expect(one.out).toMatch(
      /\n\*\*\* stale-tags: .*\nend: violation: stale-tags .*\n.*\(as expected, \d+ accesses\)\n/,
    );
    expect(one.err).toMatch(/^pagestorm: no terminal: .*--screen-reader.*\n$/);
    expect([two.code, two.err]).toEqual([2, 'pagestorm: --step takes one case; 2 are named\n']);
  });
});

describe('for a screen reader', () => {
  it('commands are the keys of the screen, a line each', () => {
    const stepper = new LineStepper(stale);
    const greeting = stepper.greeting();
    expect(greeting.slice(0, 2)).toEqual([
      'crossing/v1 under arm64, 7 steps: violation: stale-tags | pages.tags',
      'Commands: Enter one step forwards, h backwards, g 12 go to step 12, / and a name search, ? all of them, q leave.',
    ]);
    expect(greeting).toContain('step 0 of 7: the CPUs begin');
    expect(stepper.command('')[0]).toBe('step 1 of 7: CPU0 test_and_set_bit(PG_mte_lock, &page->flags) -> 0');
    expect(stepper.command('ll')[0]).toMatch(/^step 3 of 7: /);
    expect(stepper.command('h')[0]).toBe('step 2 of 7: CPU0 WRITE_ONCE(page->tags[0], 0) (delayed)');
    expect(stepper.command('/tags')).toContain("  memory: page->tags[0]: 7 (previous owner's) -> 0");
    const end = stepper.command('g 99');
    expect([end[0], end.at(-1)]).toEqual(['there are 7 steps', 'end: violation: stale-tags | pages.tags']);
    expect(stepper.command('')).toEqual(['this is the end: violation: stale-tags | pages.tags']);
    expect(stepper.command('x')).toEqual(['"x" is no key here; ? lists them']);
    expect(stepper.command('?')).toContain('v: the violation');
    expect([stepper.command('q'), stepper.closed]).toEqual([[], true]);
  });

  it('replay --step --screen-reader reads them, and draws nothing', () => {
    const path = join(shippedCorpus, 'mte-sync/H2.yaml');
    const out = execFileSync(process.execPath, [bin, 'replay', '--step', '--screen-reader', path], {
      input: 'w\nv\nq\n',
      encoding: 'utf8',
      // It holds this thread, which then heeds no other limit.
      timeout: 200_000,
    });
    expect(out).toMatch(/step> step \d+ of \d+: .*\(delayed\)\n/);
    expect(out).toMatch(/step> .*\/H2\.yaml: violation: stale-tags .*as expected/);
    expect(out).not.toContain('\x1b');
  });
});
