import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  formatCondition,
  formatResult,
  resultToJson,
  satisfied,
  summaryRow,
} from '../../src/litmus/format.ts';
import { prepare, witness } from '../../src/litmus/lkmm/explore.ts';
import { type ExecutionStep, executionSteps } from '../../src/litmus/lkmm/steps.ts';
import { parseLitmus } from '../../src/litmus/parse/parse.ts';
import { type LitmusOptions, runLkmm } from '../../src/litmus/verdict.ts';

const run = (text: string, options: LitmusOptions = {}) => runLkmm(parseLitmus(text), options);
const shipped = (name: string) =>
  readFileSync(new URL(`../../litmus/${name}.litmus`, import.meta.url), 'utf8');

const two = (a: string, b: string, condition: string, init = '') =>
  `C two\n{ ${init} }\nP0(int *x, int *y, spinlock_t *l) { ${a} }\nP1(int *x, int *y, spinlock_t *l) { ${b} }\n${condition}\n`;

/** A ring of reads and stores, one grace period less than sections: 2^n states. */
function ring(n: number, gracePeriods: number): string {
  const processes = Array.from({ length: n }, (_, i) => {
    const [from, to] = [`x${i}`, `x${(i + 1) % n}`];
    const [before, between, after] =
      i < gracePeriods ? ['', 'synchronize_rcu();', ''] : ['rcu_read_lock();', '', 'rcu_read_unlock();'];
    return `P${i}(int *${from}, int *${to}) { ${before} r1 = READ_ONCE(*${from}); ${between} WRITE_ONCE(*${to}, 1); ${after} }`;
  });
  const condition = Array.from({ length: n }, (_, i) => `${i}:r1=1`).join(' /\\ ');
  return `C ring\n{}\n${processes.join('\n')}\nexists (${condition})\n`;
}

describe('results', () => {
  it('print in the format of herd', () => {
    expect(formatResult(run(shipped('MP')))).toBe(
      [
        'Test MP Allowed',
        'States 4',
        '1:r0=0; 1:r1=0;',
        '1:r0=0; 1:r1=1;',
        '1:r0=1; 1:r1=0;',
        '1:r0=1; 1:r1=1;',
        'Ok',
        'Witnesses',
        'Positive: 1 Negative: 3',
        'Condition exists (1:r0=1 /\\ 1:r1=0)',
        'Observation MP Sometimes 1 3',
        'Coverage MP lkmm exhausted',
        '',
      ].join('\n'),
    );
  });

  it('are available as JSON and as a row', () => {
    const result = run(shipped('MP+wmb+addr'));
    expect(resultToJson(result)).toMatchObject({
      test: 'MP+wmb+addr',
      observation: 'Never',
      exhausted: true,
      states: [
        { '1:r0': 'z', '1:r1': '7' },
        { '1:r0': 'x', '1:r1': '1' },
      ],
    });
    expect(summaryRow(result)).toEqual(['MP+wmb+addr', 'Never', 'exhausted', '2', '']);
  });

  it('judge each quantifier', () => {
    const body = ['WRITE_ONCE(*x, 1);', 'r0 = READ_ONCE(*x);'] as const;
    const ok = (condition: string) => satisfied(run(two(...body, condition)));
    expect(ok('exists (1:r0=1)')).toBe(true);
    expect(ok('~exists (1:r0=1)')).toBe(false);
    expect(ok('~exists (1:r0=2)')).toBe(true);
    expect(ok('forall (x=1)')).toBe(true);
    expect(ok('forall (1:r0=1)')).toBe(false);
  });

  it('print conditions with the parentheses they need', () => {
    const text = two('', '', 'exists ((x=1 \\/ y=2) /\\ ~(x=3 /\\ y=4))');
    expect(formatCondition(parseLitmus(text))).toBe('exists (([x]=1 \\/ [y]=2) /\\ not ([x]=3 /\\ [y]=4))');
  });

  it('leave out states that the filter rejects', () => {
    const result = run(two('WRITE_ONCE(*x, 1);', 'r0 = READ_ONCE(*x);', 'filter (1:r0=1) exists (x=0)'));
    expect([...result.states()]).toEqual([[1]]);
  });

  it('tell a deadlock', () => {
    const result = run(two('spin_lock(l); spin_lock(l);', '', 'exists (x=0)'));
    expect(result).toMatchObject({ empty: true, exhausted: true, stateCount: 0 });
    expect(formatResult(result)).toContain('no execution ends: deadlock');
  });
});

describe('loops', () => {
  it('are cut, and the coverage says so', () => {
    const result = run(
      two(
        'WRITE_ONCE(*x, 1); smp_store_release(y, 1);',
        'while (!smp_load_acquire(y)) {} r1 = READ_ONCE(*x);',
        'exists (1:r1=0)',
      ),
    );
    expect(result.observation).toBe('Never');
    expect(formatResult(result)).toContain('Coverage two lkmm exhausted for loops of up to 3 rounds');
  });

  it('that count run to their end', () => {
    const text = two('for (int i = 0; i < 5; i++) WRITE_ONCE(*x, i);', '', 'exists (x=4)');
    expect(run(text)).toMatchObject({ observation: 'Always', stateCount: 1 });
  });
});

describe('large tests', () => {
  it('list all states of a ring that leaves one out', () => {
    const result = run(ring(12, 6));
    expect(result).toMatchObject({ observation: 'Never', stateCount: 2 ** 12 - 1, statesExhausted: true });
  });

  it('allow the ring with one section more than grace periods', () => {
    expect(run(ring(9, 4))).toMatchObject({ observation: 'Sometimes', stateCount: 2 ** 9 });
  });

  it('prove the observation when the states are too many to list', () => {
    const result = run(ring(20, 10), { budget: 500 });
    expect(result).toMatchObject({ observation: 'Never', exhausted: true, statesExhausted: false });
    expect(run(ring(20, 9), { budget: 500 })).toMatchObject({ observation: 'Sometimes', exhausted: true });
  });

  it('say "not seen" when nothing is proved', () => {
    const result = run(ring(12, 6), { budget: 3 });
    expect(result.exhausted).toBe(false);
    expect(formatResult(result)).toMatch(/Coverage ring lkmm not seen in \d+$/m);
  });
});

describe('plain accesses', () => {
  it('race when nothing orders them', () => {
    expect(run(two('*x = 1;', 'r0 = *x;', 'exists (1:r0=1)')).flags).toEqual(['data-race']);
  });

  it('do not race when a release and an acquire order them', () => {
    const result = run(
      two(
        '*x = 1; smp_store_release(y, 1);',
        'r0 = smp_load_acquire(y); if (r0) r1 = *x;',
        'exists (1:r0=1 /\\ 1:r1=0)',
      ),
    );
    expect(result).toMatchObject({ flags: [], observation: 'Never' });
  });

  it('do not race under one lock, nor around a grace period', () => {
    const locked = run(
      two(
        'spin_lock(l); *x = 1; spin_unlock(l);',
        'spin_lock(l); r0 = *x; spin_unlock(l);',
        'exists (1:r0=1)',
      ),
    );
    expect(locked.flags).toEqual([]);
    const reader = 'rcu_read_lock(); r0 = READ_ONCE(*y); if (r0 == 0) r1 = *x; rcu_read_unlock();';
    const rcu = run(two('WRITE_ONCE(*y, 1); synchronize_rcu(); *x = 1;', reader, 'exists (1:r1=1)'));
    expect(rcu).toMatchObject({ flags: [], observation: 'Never' });
  });

  it('race next to a branch that only reads in time', () => {
    expect(
      run(two('*x = 1; WRITE_ONCE(*y, 1);', 'r0 = READ_ONCE(*y); if (r0) r1 = *x;', 'exists (1:r0=1)')).flags,
    ).toEqual(['data-race']);
  });

  it('are reported when mixed with marked accesses', () => {
    expect(run(two('*x = 1; WRITE_ONCE(*x, 2);', '', 'exists (x=2)')).flags).toEqual(['mixed-accesses']);
  });
});

describe('addresses', () => {
  it('find values that are written on the way to the dereference', () => {
    const result = run(shipped('rule-forwarding-dependency'));
    expect(result.stateCount).toBe(2);
  });

  it('flag an access through a pointer that points nowhere', () => {
    expect(
      run('C wild\n{}\nP0(int **p) { r0 = READ_ONCE(*p); r1 = READ_ONCE(*r0); }\nexists (0:r1=0)\n'),
    ).toMatchObject({
      flags: ['wild-access'],
      observation: 'Always',
    });
  });
});

describe('an execution', () => {
  it('is listed in an order that shows what was overtaken', () => {
    const program = parseLitmus(shipped('LB'));
    let steps: ExecutionStep[] = [];
    const { state } = witness(prepare(program), program.condition, false, {
      onState: (_, execution) => {
        steps = executionSteps(execution);
      },
    });
    expect(state).toEqual([1, 1]);
    expect(steps).toHaveLength(4);
    expect(steps.filter(step => step.overtaken).map(step => step.kind)).toContain('read');
    for (const step of steps) if (step.kind === 'read') expect(steps[step.readsFrom].value).toBe(step.value);
  });
});
