import { describe, expect, it } from 'vitest';
import { LitmusError } from '../../src/litmus/error.ts';
import { parseLitmus } from '../../src/litmus/parse/parse.ts';
import { addressOf, type LitmusProgram, type Statement } from '../../src/litmus/program.ts';

function failure(text: string): LitmusError {
  try {
    parseLitmus(text);
  } catch (error) {
    if (error instanceof LitmusError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

function test(body: string, condition = 'exists (0:r0=1)', init = '{}'): string {
  return `C name\n${init}\nP0(int *x, int *y, atomic_t *a, spinlock_t *l) {\n${body}\n}\n${condition}\n`;
}

function body(text: string): readonly Statement[] {
  return parseLitmus(test(text)).processes[0].body;
}

const kinds = (text: string) => body(text).map(s => s.kind);

function initialOf(program: LitmusProgram): Record<string, number> {
  return Object.fromEntries(program.locations.map(l => [l.name, l.initial]));
}

describe('what the reader refuses', () => {
  it('names an unknown primitive with its line and column', () => {
    const error = failure(test('  int r0;\n  spin_unlock_wait(l);'));
    expect(error).toMatchObject({ reason: 'unsupported', construct: 'spin_unlock_wait', line: 5, column: 3 });
    expect(error.message).toBe('5:3: unsupported: spin_unlock_wait (no primitive of this name)');
  });

  it('names unsupported statements', () => {
    expect(failure(test('  goto out;'))).toMatchObject({
      reason: 'unsupported',
      construct: "'goto'",
      line: 4,
      column: 3,
    });
    expect(failure(test('  return;')).construct).toBe("'return'");
  });

  it('places a syntax error at the offending token', () => {
    const error = failure(test('  int r0\n  r0 = 1;'));
    expect(error).toMatchObject({ reason: 'syntax', construct: "'r0'", line: 5, column: 3 });
  });

  it('places an error after the end of a text that stops early', () => {
    const error = failure('C name\n{}\nP0(int *x) {\n  WRITE_ONCE(*x, 1);\n');
    expect(error).toMatchObject({ reason: 'syntax', construct: 'end of file', line: 4, column: 21 });
  });

  it('keeps positions right behind comments', () => {
    const error = failure(test('  /* one\n two */ smp_mb(1);'));
    expect(error).toMatchObject({ construct: 'smp_mb', line: 5, column: 9 });
    expect(error.message).toContain('takes 0 arguments, got 1');
  });

  it('refuses a comment without end and a file without header', () => {
    expect(failure('C name\n(* never closed\n{}').message).toContain('comment without end');
    expect(failure('X86 name\n{}').message).toContain('a litmus test starts with "C name"');
  });

  it('refuses a condition on a process that is not there', () => {
    expect(failure(test('', 'exists (3:r0=1)'))).toMatchObject({ construct: '3:r0', line: 6 });
  });

  // Explained gaps: the kernel model herd uses has no definition for these either.
  it.skip('rwlocks, call_rcu and seqlocks: linux-kernel.def has no macro, so there is no authority to agree with', () => {});
  it.skip('mixed-size accesses and arrays: the kernel model has locations of one size only', () => {});
});

describe('comments', () => {
  it('tells (*x) in code from a comment outside', () => {
    const program = parseLitmus(
      'C n\n(* a { comment (* nested *) *)\n{ x=1; (* here *) }\nP0(int *x) {\n  r0 = (*x); // (* no\n}\nexists (0:r0=1 (* why *))',
    );
    expect(program.processes[0].body).toMatchObject([{ kind: 'load', order: 'plain' }]);
  });

  it('skips strings and notes between name and initial state', () => {
    expect(parseLitmus('C n\n"Rfe {PodRW}"\nCycle=Rfe\n{}\nP0(int *x) {}\nexists (x=0)').name).toBe('n');
  });
});

describe('initial state', () => {
  it('reads all its forms', () => {
    const init =
      '{ u=1; int v = -2; int *p = &u; q=v; atomic_t c = ATOMIC_INIT(3); spinlock_t k; [w]=4; 0:r0=u; int 0:r1=7; }';
    const program = parseLitmus(test('  r2 = r1;', 'exists (0:r0=u)', init));
    const names = program.locations.map(l => l.name);
    expect(initialOf(program)).toMatchObject({
      u: 1,
      v: -2,
      p: addressOf(names.indexOf('u')),
      q: addressOf(names.indexOf('v')),
      c: 3,
      k: 0,
      w: 4,
    });
    expect(program.locations[names.indexOf('k')].role).toBe('lock');
    const [process] = program.processes;
    expect(process.initial[process.registers.indexOf('r0')]).toBe(addressOf(names.indexOf('u')));
    expect(process.initial[process.registers.indexOf('r1')]).toBe(7);
  });
});

describe('processes', () => {
  it('lowers the primitives', () => {
    expect(body('r0 = smp_load_acquire(x);')).toMatchObject([{ kind: 'load', order: 'acquire' }]);
    expect(kinds('smp_store_mb(*x, 1);')).toEqual(['store', 'fence']);
    expect(body('rcu_assign_pointer(*x, y);')).toMatchObject([{ kind: 'store', order: 'release' }]);
    expect(body('atomic_inc(a);')).toMatchObject([
      { kind: 'rmw', operation: 'add', order: 'noreturn', register: -1 },
    ]);
    expect(body('r0 = atomic_fetch_add_release(2, a);')).toMatchObject([
      { kind: 'rmw', order: 'release', result: 'old', operand: { kind: 'const', value: 2 } },
    ]);
    expect(body('r0 = atomic_sub_return(2, a);')).toMatchObject([
      { operation: 'sub', order: 'full', result: 'new' },
    ]);
    expect(kinds('r0 = atomic_dec_and_test(a);')).toEqual(['rmw', 'assign']);
    expect(body('r0 = atomic_cmpxchg_acquire(a, 0, 1);')).toMatchObject([
      { kind: 'cmpxchg', order: 'acquire' },
    ]);
    expect(body('(void)atomic_add_unless(a, 1, 0);')).toMatchObject([{ kind: 'add-unless', register: -1 }]);
    expect(kinds('spin_lock(l); r0 = spin_is_locked(l); spin_unlock(l);')).toEqual([
      'lock',
      'is-locked',
      'unlock',
    ]);
  });

  it('reads memory inside expressions into temporaries, in order', () => {
    expect(kinds('WRITE_ONCE(*x, READ_ONCE(*y) + *x);')).toEqual(['load', 'load', 'store']);
  });

  it('reads the right side of && only when the left holds', () => {
    expect(kinds('if (READ_ONCE(*x) && READ_ONCE(*y)) r0 = 1;')).toEqual(['load', 'if', 'if']);
  });

  it('respects operator precedence', () => {
    const [statement] = body('r0 = 1 + 2 * 3 == 7;');
    expect(statement).toMatchObject({ value: { op: '==', left: { op: '+', right: { op: '*' } } } });
  });

  it('cuts loops to a bound and says so', () => {
    const program = parseLitmus(test('  while (READ_ONCE(*x) == 0) { }'), { loopBound: 2 });
    expect(program.loopBound).toBe(2);
    expect(JSON.stringify(program.processes[0].body).match(/"load"/g)).toHaveLength(3);
    expect(parseLitmus(test('')).loopBound).toBe(0);
  });

  it('makes a parameter that is assigned a register that starts as the address', () => {
    const [process] = parseLitmus(test('x = y; r0 = READ_ONCE(*x);')).processes;
    expect(process.initial[process.registers.indexOf('x')]).toBe(addressOf(0));
  });
});

describe('conditions', () => {
  it('reads quantifiers, connectives, filter and locations', () => {
    const text = 'filter (0:r2=0) locations [y; 0:r1;] ~exists (0:r0=1 /\\ ~x=2 \\/ not (0:r0=x => false))';
    const program = parseLitmus(test('', text));
    expect(program.quantifier).toBe('not-exists');
    expect(program.observed.map(o => o.name)).toEqual(['r0', 'r1', 'x', 'y', 'r2']);
    expect(program.printed).toBe(4);
    expect(program.filter).toMatchObject({ kind: 'equal' });
    expect(program.condition).toMatchObject({ kind: 'or', left: { kind: 'and', right: { kind: 'not' } } });
    expect(parseLitmus(test('', 'forall (x=0)')).quantifier).toBe('forall');
  });

  it('compares two registers', () => {
    const program = parseLitmus(test('', 'exists (0:r0=0:r1)'));
    expect(program.condition).toMatchObject({ left: { index: 0 }, right: { index: 1 } });
  });
});
