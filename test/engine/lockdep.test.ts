import { describe, expect, it } from 'vitest';
import { flags, Layout, lock, word } from '../../src/engine/layout.ts';
import { type Body, run, script, verdict } from './run.ts';

// Lock order by class, as Documentation/locking/lockdep-design.rst; all executions here are calm: CPU 0 first.

const layout = new Layout();
const w = layout.struct('w', {
  x: word(),
  bits: flags(['lock']),
  a: lock('Spinlock'),
  b: lock('Spinlock'),
  c: lock('Spinlock'),
  raw: lock('RawSpinlock'),
  rw: lock('Rwlock'),
  mutex: lock('Mutex'),
  rwsem: lock('Rwsem'),
});
const ptl = layout.array('ptl', 2, { lock: lock('Spinlock') });
const nested = layout.lockClass('ptl.lock/1');
const bitClass = layout.lockClass('bit');

const take = (...locks: readonly number[]): Body =>
  function* (cpu) {
    for (const l of locks) yield cpu.spinLock(l);
    for (const l of locks.toReversed()) yield cpu.spinUnlock(l);
  };

describe('lock order', () => {
  it('AB on one CPU and BA on another is reported though nobody hung', () => {
    const { violation } = run(layout, [take(w.a, w.b), take(w.b, w.a)]);
    expect(violation?.oracle).toBe('lock-order');
    expect(violation?.message).toBe(
      'possible circular locking: w.a is taken while w.b is held, but depends on it',
    );
    expect(violation?.details).toEqual(['chain: w.a --> w.b --> w.a']);
  });
  it('AB and BA one after the other on the same CPU is reported too', () => {
    const both: Body = function* (cpu) {
      yield* take(w.a, w.b)(cpu);
      yield* take(w.b, w.a)(cpu);
    };
    expect(verdict(layout, [both])).toBe('lock-order');
  });
  it('a cycle of three is reported with its chain', () => {
    const { violation } = run(layout, [take(w.a, w.b), take(w.b, w.c), take(w.c, w.a)]);
    expect(violation?.details).toEqual(['chain: w.a --> w.b --> w.c --> w.a']);
  });
  it('the same order everywhere is fine', () => {
    expect(verdict(layout, [take(w.a, w.b, w.c), take(w.a, w.c), take(w.b, w.c)])).toBe(null);
  });
  it('a trylock adds no edge into the lock that it takes', () => {
    const back: Body = function* (cpu) {
      yield cpu.spinLock(w.b);
      if ((yield cpu.spinTrylock(w.a)) === 1) yield cpu.spinUnlock(w.a);
      yield cpu.spinUnlock(w.b);
    };
    expect(verdict(layout, [take(w.a, w.b), back])).toBe(null);
  });
  it('a lock taken under a trylocked one does depend on it', () => {
    const trying: Body = function* (cpu) {
      expect(yield cpu.spinTrylock(w.a)).toBe(1);
      yield cpu.spinLock(w.b);
      yield cpu.spinUnlock(w.b);
      yield cpu.spinUnlock(w.a);
    };
    expect(verdict(layout, [trying, take(w.b, w.a)])).toBe('lock-order');
  });
  it('sleeping locks and bit locks count', () => {
    const one: Body = function* (cpu) {
      yield cpu.mutexLock(w.mutex);
      yield cpu.folioLock(0, w.bits, bitClass);
      yield cpu.folioUnlock(0, w.bits);
      yield cpu.mutexUnlock(w.mutex);
    };
    const other: Body = function* (cpu) {
      yield cpu.folioLock(0, w.bits, bitClass);
      yield cpu.mutexLock(w.mutex);
      yield cpu.mutexUnlock(w.mutex);
      yield cpu.folioUnlock(0, w.bits);
    };
    expect(verdict(layout, [one, other])).toBe('lock-order');
  });
  it('read locks count in cycles', () => {
    const one: Body = function* (cpu) {
      yield cpu.readLock(w.rw);
      yield* take(w.a)(cpu);
      yield cpu.readUnlock(w.rw);
    };
    const other: Body = function* (cpu) {
      yield cpu.spinLock(w.a);
      yield cpu.writeLock(w.rw);
      yield cpu.writeUnlock(w.rw);
      yield cpu.spinUnlock(w.a);
    };
    expect(verdict(layout, [one, other])).toBe('lock-order');
  });
});

describe('recursion', () => {
  it('of the same lock is reported', () => {
    const { violation } = run(layout, [take(w.a, w.a)]);
    expect(violation?.message).toBe('possible recursive locking of class w.a');
  });
  it('of another lock of the class is reported', () => {
    expect(verdict(layout, [take(ptl[0].lock, ptl[1].lock)])).toBe('lock-order');
  });
  it('of another lock of the class is fine with spin_lock_nested', () => {
    const body: Body = function* (cpu) {
      yield cpu.spinLock(ptl[0].lock);
      yield cpu.spinLockNested(ptl[1].lock, nested);
      yield cpu.spinUnlock(ptl[1].lock);
      yield cpu.spinUnlock(ptl[0].lock);
    };
    expect(verdict(layout, [body])).toBe(null);
  });
  it('of readers is reported: a writer may queue between the two', () => {
    const rwsem: Body = function* (cpu) {
      yield cpu.downRead(w.rwsem);
      yield cpu.downRead(w.rwsem);
    };
    const rwlock: Body = function* (cpu) {
      yield cpu.readLock(w.rw);
      yield cpu.readLock(w.rw);
    };
    expect(verdict(layout, [rwsem])).toBe('lock-order');
    expect(verdict(layout, [rwlock])).toBe('lock-order');
  });
  it('of rwlock readers in an interrupt is fine: they pass a queued writer', () => {
    const reading: Body = function* (cpu) {
      yield cpu.readLock(w.rw);
      yield cpu.readUnlock(w.rw);
    };
    const task: Body = function* (cpu) {
      cpu.localIrqDisable();
      yield cpu.readLock(w.rw);
      yield cpu.readUnlock(w.rw);
      cpu.localIrqEnable();
      yield cpu.readOnce(w.x);
    };
    expect(verdict(layout, [task], { interrupts: [[reading]], source: script(0, 0, 1) })).toBe(null);
  });
});

describe('interrupt state', () => {
  const irqSafe: Body = function* (cpu) {
    yield cpu.spinLock(w.a);
    yield cpu.spinUnlock(w.a);
  };
  /** Takes the interrupt at its first access. */
  const withIrq = (task: Body, handler: Body = irqSafe): string | null =>
    verdict(layout, [task], { interrupts: [[handler]], source: script(1) });

  it('a class taken in a handler and with interrupts on is reported', () => {
    const task: Body = function* (cpu) {
      yield cpu.readOnce(w.x);
      yield* take(w.a)(cpu);
    };
    const { violation } = run(layout, [task], { interrupts: [[irqSafe]], source: script(1) });
    expect(violation?.oracle).toBe('irq-lock-state');
    expect(violation?.message).toContain('inconsistent lock state of w.a');
  });
  it('and not if interrupts are off', () => {
    const task: Body = function* (cpu) {
      yield cpu.readOnce(w.x);
      yield cpu.spinLockIrq(w.a);
      yield cpu.spinUnlockIrq(w.a);
    };
    expect(withIrq(task)).toBe(null);
  });
  it('an irq-safe class that leads to an irq-unsafe one is reported', () => {
    const task: Body = function* (cpu) {
      yield cpu.readOnce(w.x);
      yield* take(w.b)(cpu);
      yield cpu.spinLockIrq(w.a);
      yield cpu.spinLock(w.b);
      yield cpu.spinUnlock(w.b);
      yield cpu.spinUnlockIrq(w.a);
    };
    const { violation } = run(layout, [task], { interrupts: [[irqSafe]], source: script(1) });
    expect(violation?.message).toBe('irq-safe class w.a leads to irq-unsafe class w.b');
  });
  it('interrupts switched on while an irq-safe lock is held are reported', () => {
    const task: Body = function* (cpu) {
      yield cpu.readOnce(w.x);
      yield cpu.spinLockIrq(w.a);
      yield cpu.spinLockIrq(w.b);
      // Wrong: switches interrupts on under w.a.
      yield cpu.spinUnlockIrq(w.b);
      yield cpu.spinUnlock(w.a);
    };
    expect(withIrq(task)).toBe('irq-lock-state');
  });
  it('a failed trylock in a handler has taken nothing', () => {
    const task: Body = function* (cpu) {
      yield cpu.spinLock(w.a);
      yield cpu.readOnce(w.x);
      yield cpu.spinUnlock(w.a);
    };
    const trying: Body = function* (cpu) {
      expect(yield cpu.spinTrylock(w.a)).toBe(0);
    };
    expect(verdict(layout, [task], { interrupts: [[trying]], source: script(0, 1) })).toBe(null);
  });
  it('a successful one has', () => {
    const task: Body = function* (cpu) {
      yield* take(w.a)(cpu);
      yield cpu.readOnce(w.x);
    };
    const trying: Body = function* (cpu) {
      if ((yield cpu.spinTrylock(w.a)) === 1) yield cpu.spinUnlock(w.a);
    };
    const source = script(0, 0, 1);
    expect(verdict(layout, [task], { interrupts: [[trying]], source })).toBe('irq-lock-state');
  });
});

describe('what is held', () => {
  it('a lock released but not held is reported', () => {
    const { violation } = run(layout, [
      function* (cpu) {
        yield cpu.spinUnlock(w.a);
      },
    ]);
    expect(violation?.message).toBe('w.a is released but not held');
  });
  it('a lock still held at the end of the operation is reported', () => {
    const keep: Body = function* (cpu) {
      yield cpu.mutexLock(w.mutex);
    };
    expect(run(layout, [keep]).violation?.message).toBe('w.mutex is still held at the end of keep');
  });
  it('lockdep_assert_held is reported if it fails', () => {
    const body: Body = function* (cpu) {
      yield cpu.spinLock(w.a);
      cpu.assertHeld(w.a);
      yield cpu.spinUnlock(w.a);
      cpu.assertHeld(w.a);
    };
    expect(run(layout, [body]).violation?.message).toBe('w.a is not held');
  });
});

describe('raw nesting', () => {
  const inRaw = take(w.raw, w.a);
  const inBit: Body = function* (cpu) {
    yield cpu.bitSpinLock(0, w.bits, bitClass);
    yield* take(w.a)(cpu);
    yield cpu.bitSpinUnlock(0, w.bits);
  };
  it('a spinlock inside a raw or bit spinlock is an invalid wait context, if asked for', () => {
    expect(verdict(layout, [inRaw], { rawNesting: true })).toBe('invalid-wait-context');
    expect(verdict(layout, [inBit], { rawNesting: true })).toBe('invalid-wait-context');
    expect(verdict(layout, [inRaw])).toBe(null);
  });
  it('a raw spinlock inside a spinlock is fine', () => {
    expect(verdict(layout, [take(w.a, w.raw)], { rawNesting: true })).toBe(null);
  });
});
