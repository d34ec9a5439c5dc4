import { describe } from 'vitest';
import type { Access } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { bitClass, shape, type Thread, w } from './litmus.ts';

const { x, y, z, bits, spin, rw, mutex } = w;

interface LockKind {
  readonly take: (cpu: Cpu) => Access;
  readonly give: (cpu: Cpu) => Access;
}
const kinds: Readonly<Record<string, LockKind>> = {
  spinlock: { take: cpu => cpu.spinLock(spin), give: cpu => cpu.spinUnlock(spin) },
  'irq spinlock': { take: cpu => cpu.spinLockIrq(spin), give: cpu => cpu.spinUnlockIrq(spin) },
  'rwlock for writing': { take: cpu => cpu.writeLock(rw), give: cpu => cpu.writeUnlock(rw) },
  mutex: { take: cpu => cpu.mutexLock(mutex), give: cpu => cpu.mutexUnlock(mutex) },
  'bit spinlock': {
    take: cpu => cpu.bitSpinLock(0, bits, bitClass),
    give: cpu => cpu.bitSpinUnlock(0, bits),
  },
  'folio lock': { take: cpu => cpu.folioLock(0, bits, bitClass), give: cpu => cpu.folioUnlock(0, bits) },
};

for (const [name, { take, give }] of Object.entries(kinds)) {
  describe(`a ${name}`, () => {
    const writer: Thread = function* (cpu) {
      yield take(cpu);
      yield cpu.writeOnce(x, 1);
      yield cpu.writeOnce(y, 1);
      yield give(cpu);
    };
    const reader: Thread = function* (cpu, out) {
      yield take(cpu);
      out(yield cpu.readOnce(y));
      out(yield cpu.readOnce(x));
      yield give(cpu);
    };
    shape('sections of the same lock do not mix', [writer, reader], { sc: '00 11' });
    const add: Thread = function* (cpu) {
      yield take(cpu);
      const value = yield cpu.readOnce(x);
      yield cpu.writeOnce(x, value + 1);
      yield give(cpu);
    };
    shape('increments under it are not lost', [add, add], { sc: ';2' }, { finals: [x] });
  });
}

describe('a reader without the lock', () => {
  const writer: Thread = function* (cpu) {
    yield cpu.spinLock(spin);
    yield cpu.writeOnce(x, 1);
    yield cpu.writeOnce(y, 1);
    yield cpu.spinUnlock(spin);
  };
  const reader: Thread = function* (cpu, out) {
    out(yield cpu.readOnce(y));
    yield cpu.smpRmb();
    out(yield cpu.readOnce(x));
  };
  shape('sees the stores of a section in any order', [writer, reader], { sc: '00 01 11', arm64: '10' });
});

describe('unlock and lock', () => {
  const sections = (barrier: 'none' | 'after-lock' | 'after-unlock-lock'): Thread =>
    function* (cpu, out) {
      yield cpu.spinLock(spin);
      yield cpu.writeOnce(x, 1);
      yield cpu.spinUnlock(spin);
      yield cpu.writeLock(rw);
      if (barrier === 'after-lock') yield cpu.smpMbAfterSpinlock();
      if (barrier === 'after-unlock-lock') yield cpu.smpMbAfterUnlockLock();
      out(yield cpu.readOnce(y));
      yield cpu.writeUnlock(rw);
    };
  const other: Thread = function* (cpu, out) {
    yield cpu.writeOnce(y, 1);
    yield cpu.smpMb();
    out(yield cpu.readOnce(x));
  };
  const sc = '0|1 1|0 1|1';
  // Not store to load. On x86 the lock is a locked operation, which drains the buffer.
  shape('do not order an earlier store before a later load', [sections('none'), other], { sc, arm64: '0|0' });
  shape('smp_mb__after_spinlock does', [sections('after-lock'), other], { sc });
  shape('smp_mb__after_unlock_lock does', [sections('after-unlock-lock'), other], { sc });
  const writer: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
    yield cpu.smpWmb();
    yield cpu.writeOnce(y, 1);
  };
  const loads: Thread = function* (cpu, out) {
    yield cpu.spinLock(spin);
    out(yield cpu.readOnce(y));
    yield cpu.spinUnlock(spin);
    yield cpu.writeLock(rw);
    out(yield cpu.readOnce(x));
    yield cpu.writeUnlock(rw);
  };
  // RCtso (LKMM po-unlock-lock-po), also for two different locks.
  shape('on one CPU order an earlier load before a later one', [writer, loads], { sc: '00 01 11' });
  const stores: Thread = function* (cpu) {
    yield cpu.spinLock(spin);
    yield cpu.writeOnce(x, 1);
    yield cpu.spinUnlock(spin);
    yield cpu.writeLock(rw);
    yield cpu.writeOnce(y, 1);
    yield cpu.writeUnlock(rw);
  };
  const reader: Thread = function* (cpu, out) {
    out(yield cpu.readOnce(y));
    yield cpu.smpRmb();
    out(yield cpu.readOnce(x));
  };
  shape('on one CPU order an earlier store before a later one', [stores, reader], { sc: '00 01 11' });
  const inside: Thread = function* (cpu, out) {
    yield cpu.spinLock(spin);
    yield cpu.writeOnce(x, 1);
    yield cpu.spinUnlock(spin);
    out(yield cpu.readOnce(y));
  };
  // The unlock is a plain store on x86 and waits in the store buffer: the classic wait-queue race.
  shape('an unlock orders no later load', [inside, other], { sc, tso: '0|0', arm64: '0|0' });
});

describe('looking at a lock', () => {
  const passing: Thread = function* (cpu) {
    yield cpu.spinLock(spin);
    yield cpu.spinUnlock(spin);
    yield cpu.smpStoreRelease(y, 1);
  };
  const trying = (acquire: boolean): Thread =>
    function* (cpu, out) {
      out(yield acquire ? cpu.smpLoadAcquire(y) : cpu.readOnce(y));
      const taken = yield cpu.spinTrylock(spin);
      out(taken);
      if (taken === 1) yield cpu.spinUnlock(spin);
    };
  shape('a failing spin_trylock may be stale', [passing, trying(false)], { sc: '00 01 11', arm64: '10' });
  shape('but not past an acquire', [passing, trying(true)], { sc: '00 01 11' });

  const holding: Thread = function* (cpu) {
    yield cpu.spinLock(spin);
    yield cpu.smpMb();
    yield cpu.writeOnce(y, 1);
    yield cpu.smpCondLoadAcquire(x, 1, 1);
    yield cpu.spinUnlock(spin);
  };
  const looking = (barrier: boolean): Thread =>
    function* (cpu, out) {
      out(yield cpu.readOnce(y));
      if (barrier) yield cpu.smpRmb();
      out(yield cpu.spinIsLocked(spin));
      yield cpu.smpStoreRelease(x, 1);
    };
  shape('spin_is_locked may be stale', [holding, looking(false)], { sc: '00 01 11', arm64: '10' });
  shape('but not past a read barrier', [holding, looking(true)], { sc: '00 01 11' });

  const leaving: Thread = function* (cpu) {
    yield cpu.spinLock(spin);
    yield cpu.spinUnlock(spin);
    yield cpu.writeOnce(y, 1);
  };
  // The unlock itself is a store that a later one may overtake.
  shape('a store after the section may be seen before the unlock', [leaving, looking(true)], {
    sc: '00 01 10',
    arm64: '11',
  });

  const folio: Thread = function* (cpu) {
    yield cpu.folioLock(0, bits, bitClass);
    yield cpu.folioUnlock(0, bits);
    yield cpu.smpStoreRelease(y, 1);
  };
  const tryFolio: Thread = function* (cpu, out) {
    out(yield cpu.readOnce(y));
    const taken = yield cpu.folioTrylock(0, bits, bitClass);
    out(taken);
    if (taken === 1) yield cpu.folioUnlock(0, bits);
  };
  shape('a failing folio_trylock may be stale', [folio, tryFolio], { sc: '00 01 11', arm64: '10' });
  const bitLock = (won: number): Thread =>
    function* (cpu, out) {
      out(yield cpu.testAndSetBitLock(0, bits));
      out(yield cpu.readOnce(x));
      if (won === 1) yield cpu.writeOnce(z, 1);
    };
  const giver: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
    yield cpu.clearBitUnlock(0, bits);
  };
  shape(
    'test_and_set_bit_lock is an acquire if won',
    [giver, bitLock(0)],
    { sc: '01 10 11' },
    { init: [[bits, 1]] },
  );
});

describe('rwlock readers', () => {
  const reader: Thread = function* (cpu, out) {
    yield cpu.readLock(rw);
    out(yield cpu.readOnce(y));
    out(yield cpu.readOnce(x));
    yield cpu.readUnlock(rw);
  };
  const writer: Thread = function* (cpu) {
    yield cpu.writeLock(rw);
    yield cpu.writeOnce(x, 1);
    yield cpu.writeOnce(y, 1);
    yield cpu.writeUnlock(rw);
  };
  shape('see all or nothing of a writer', [writer, reader], { sc: '00 11' });
  const meet = (mine: number, other: number): Thread =>
    function* (cpu) {
      yield cpu.readLock(rw);
      yield cpu.writeOnce(mine, 1);
      yield cpu.smpCondLoadAcquire(other, 1, 1);
      yield cpu.readUnlock(rw);
    };
  shape('are inside together', [meet(x, y), meet(y, x)], { sc: ';11' }, { finals: [x, y] });
});
