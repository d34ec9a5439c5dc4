import { describe, expect, it } from 'vitest';
import { contradicts, expectationOf, parseLitmus, runEngine, runLkmm } from '../../src/litmus/index.ts';

const mp = (comment: string, release = 'WRITE_ONCE(*y, 1)') => `C MP
(* ${comment} *)
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); ${release}; }
P1(int *x, int *y) { int r0; int r1; r0 = smp_load_acquire(y); r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0)
`;

function judge(text: string, memory: 'lkmm' | 'sc' | 'tso' | 'arm64' = 'lkmm'): boolean | null {
  const program = parseLitmus(text);
  const expected = expectationOf(text, memory);
  if (expected === null) return null;
  return contradicts(memory === 'lkmm' ? runLkmm(program) : runEngine(program, memory), expected);
}

describe('what a file says about its outcome', () => {
  it("is the kernel's Result comment", () => {
    expect(judge(mp('Result: Sometimes'))).toBe(false);
    expect(judge(mp('Result: Never'))).toBe(true);
    expect(judge(mp('Result: Always'))).toBe(true);
    expect(judge(mp('Result: Sometimes', 'smp_store_release(y, 1)'))).toBe(true);
    expect(judge(mp('Result: Never', 'smp_store_release(y, 1)'))).toBe(false);
  });

  it('binds the other models one way only', () => {
    expect(judge(mp('Result: Sometimes'), 'sc')).toBe(false);
    expect(judge(mp('Result: Never'), 'sc')).toBe(false);
    expect(judge(mp('Result: Never'), 'arm64')).toBe(true);
  });

  it('is a race when the comment says so', () => {
    expect(judge(mp('Result: Sometimes DATARACE'))).toBe(true);
    expect(judge(mp('Result: Never DATARACE').replace('READ_ONCE(*x)', '*x'))).toBe(false);
    expect(judge(mp('Result: Never').replace('READ_ONCE(*x)', '*x'))).toBe(true);
  });

  it("is this project's comment of the memory model that runs", () => {
    const own = mp('\n * sc: forbidden  tso: allowed  arm64: allowed  lkmm: allowed\n');
    expect(judge(own, 'sc')).toBe(false);
    expect(judge(own, 'tso')).toBe(true);
    expect(judge(own, 'arm64')).toBe(false);
  });

  it('may be nothing that can be judged', () => {
    expect(judge(mp('Result: Maybe'))).toBe(null);
    expect(judge(mp('hello'))).toBe(null);
  });
});
