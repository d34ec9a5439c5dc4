import { describe } from 'vitest';
import type { Access } from '../../src/engine/access.ts';
import { Order } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { shape, type Thread, w } from './litmus.ts';

// Read-modify-writes act at once on the newest value; the conditional ones that fail are relaxed loads.

const { x, y, z, bits } = w;

describe('atomicity', () => {
  const add: Thread = function* (cpu, out) {
    out(yield cpu.atomicFetchAdd(x, 1, Order.Relaxed));
  };
  shape('two atomic_fetch_add_relaxed', [add, add], { sc: '0|1;2 1|0;2' }, { finals: [x] });
  const set: Thread = function* (cpu, out) {
    out(yield cpu.testAndSetBit(0, bits));
  };
  shape('three test_and_set_bit', [set, set, set], { sc: '0|1|1 1|0|1 1|1|0' });
  const swap = (value: number): Thread =>
    function* (cpu, out) {
      out(yield cpu.cmpxchg(x, 0, value));
    };
  shape('two cmpxchg', [swap(1), swap(2)], { sc: '0|1;1 2|0;2' }, { finals: [x] });
  shape(
    'an increment and a delayed store of the same CPU',
    [
      function* (cpu) {
        yield cpu.writeOnce(x, 5);
        yield cpu.atomicInc(x);
      },
      function* (cpu) {
        yield cpu.atomicInc(x);
      },
    ],
    { sc: ';6 ;7' },
    { finals: [x] },
  );
});

describe('store buffering through read-modify-writes', () => {
  const half = (access: (cpu: Cpu, mine: number) => Access, fence: 'none' | 'mb' | 'after' | 'before') => {
    const one = (mine: number, other: number): Thread =>
      function* (cpu, out) {
        if (fence === 'before') yield cpu.smpMbBeforeAtomic();
        yield access(cpu, mine);
        if (fence === 'mb') yield cpu.smpMb();
        if (fence === 'after') yield cpu.smpMbAfterAtomic();
        out(yield cpu.readOnce(other));
      };
    return [one(x, y), one(y, x)];
  };
  const sc = '0|1 1|0 1|1';
  // x86 drains its store buffer at every locked operation; arm64 may look back.
  shape(
    'SB by xchg',
    half((cpu, a) => cpu.xchg(a, 1), 'none'),
    { sc },
  );
  shape(
    'SB by xchg_relaxed',
    half((cpu, a) => cpu.xchg(a, 1, Order.Relaxed), 'none'),
    { sc, arm64: '0|0' },
  );
  shape(
    'SB by xchg_acquire',
    half((cpu, a) => cpu.xchg(a, 1, Order.Acquire), 'none'),
    { sc, arm64: '0|0' },
  );
  shape(
    'SB by xchg_release',
    half((cpu, a) => cpu.xchg(a, 1, Order.Release), 'none'),
    { sc, arm64: '0|0' },
  );
  shape(
    'SB by set_bit',
    half((cpu, a) => cpu.setBit(0, a), 'none'),
    { sc, arm64: '0|0' },
  );
  shape(
    'SB by atomic_inc',
    half((cpu, a) => cpu.atomicInc(a), 'none'),
    { sc, arm64: '0|0' },
  );
  shape(
    'SB by set_bit with smp_mb__after_atomic',
    half((cpu, a) => cpu.setBit(0, a), 'after'),
    { sc },
  );
  shape(
    'SB by a successful cmpxchg',
    half((cpu, a) => cpu.cmpxchg(a, 0, 1), 'none'),
    { sc },
  );
  shape(
    'SB by test_and_set_bit',
    half((cpu, a) => cpu.testAndSetBit(0, a), 'none'),
    { sc },
  );
});

describe('store buffering around a failed cmpxchg', () => {
  const half = (mine: number, other: number, failing: number, barrier: 'none' | 'before' | 'after'): Thread =>
    function* (cpu, out) {
      yield cpu.writeOnce(mine, 1);
      if (barrier === 'before') yield cpu.smpMbBeforeAtomic();
      yield cpu.cmpxchg(failing, 7, 8);
      if (barrier === 'after') yield cpu.smpMbAfterAtomic();
      out(yield cpu.readOnce(other));
    };
  const sc = '0|1 1|0 1|1';
  shape('another word', [half(x, y, z, 'none'), half(y, x, z, 'none')], { sc, arm64: '0|0' });
  // Fails on the value forwarded from the own delayed store, which stays delayed.
  shape('the own word', [half(x, y, x, 'none'), half(y, x, y, 'none')], { sc, arm64: '0|0' });
  // smp_mb__before/after_atomic beside a failed one are full barriers all the same.
  shape('smp_mb__before_atomic before it', [half(x, y, z, 'before'), half(y, x, z, 'before')], { sc });
  shape('smp_mb__after_atomic after it', [half(x, y, z, 'after'), half(y, x, z, 'after')], { sc });
  const bit = (mine: number, other: number): Thread =>
    function* (cpu, out) {
      yield cpu.writeOnce(mine, 1);
      yield cpu.testAndSetBit(0, bits);
      out(yield cpu.readOnce(other));
    };
  // Ordered even if the bit does not change (since v6.0).
  shape('test_and_set_bit of a set bit orders', [bit(x, y), bit(y, x)], { sc }, { init: [[bits, 1]] });
});

describe('message passing to a read-modify-write', () => {
  const writer: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
    yield cpu.smpWmb();
    yield cpu.writeOnce(y, 1);
  };
  const reader = (second: (cpu: Cpu) => Access, first: 'relaxed' | 'acquire' = 'relaxed'): Thread =>
    function* (cpu, out) {
      out(yield first === 'acquire' ? cpu.smpLoadAcquire(y) : cpu.readOnce(y));
      out(yield second(cpu));
    };
  const sc = '00 01 11';
  shape('a failing cmpxchg may be stale', [writer, reader(cpu => cpu.cmpxchg(x, 5, 6))], { sc, arm64: '10' });
  shape('a failing cmpxchg after an acquire', [writer, reader(cpu => cpu.cmpxchg(x, 5, 6), 'acquire')], {
    sc,
  });
  shape(
    'a cmpxchg may fail because it is stale',
    [writer, reader(cpu => cpu.cmpxchg(x, 1, 2))],
    { sc: '00;1 01;2 11;2', arm64: '10;1' },
    { finals: [x] },
  );
  shape(
    'an unconditional one reads the newest value',
    [writer, reader(cpu => cpu.xchg(x, 1, Order.Relaxed))],
    {
      sc,
      // Real arm64 and the LKMM let the load half of a relaxed one be satisfied early: a known loss would be 10, were it
      // not that the read-modify-write is atomic with the newest value here.
    },
  );
  shape(
    'atomic_add_unless may stop at a stale value',
    [writer, reader(cpu => cpu.atomicFetchAddUnless(x, 3, 0))],
    { sc: '00;1 01;4 11;4', arm64: '10;1' },
    { finals: [x] },
  );
});

describe('message passing from a read-modify-write', () => {
  const reader = (first: (cpu: Cpu) => Access, barrier: 'rmb' | 'none'): Thread =>
    function* (cpu, out) {
      yield first(cpu);
      if (barrier === 'rmb') yield cpu.smpRmb();
      out(yield cpu.readOnce(x));
    };
  const writer: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
    yield cpu.smpWmb();
    yield cpu.writeOnce(y, 1);
  };
  // y = 3 at the end: the addition read 1.
  const sc = '0;1 1;1 1;3';
  const finals = [y];
  shape(
    'smp_rmb does not order the read of a void atomic',
    [writer, reader(cpu => cpu.atomicAdd(y, 2), 'rmb')],
    {
      sc,
      arm64: '0;3',
    },
    { finals },
  );
  const fetch = (order: number) => (cpu: Cpu) => cpu.atomicFetchAdd(y, 2, order);
  shape(
    'smp_rmb orders that of atomic_fetch_add_relaxed',
    [writer, reader(fetch(Order.Relaxed), 'rmb')],
    { sc },
    { finals },
  );
  shape(
    'atomic_fetch_add_relaxed alone',
    [writer, reader(fetch(Order.Relaxed), 'none')],
    { sc, arm64: '0;3' },
    { finals },
  );
  shape('atomic_fetch_add_acquire', [writer, reader(fetch(Order.Acquire), 'none')], { sc }, { finals });
  shape(
    'atomic_fetch_add_release',
    [writer, reader(fetch(Order.Release), 'none')],
    { sc, arm64: '0;3' },
    { finals },
  );
  shape('atomic_fetch_add', [writer, reader(fetch(Order.Full), 'none')], { sc }, { finals });
  shape(
    'a void atomic continues a release sequence',
    [
      function* (cpu) {
        yield cpu.writeOnce(x, 1);
        yield cpu.smpStoreRelease(y, 1);
      },
      function* (cpu) {
        yield cpu.atomicAdd(y, 2);
      },
      function* (cpu, out) {
        out((yield cpu.smpLoadAcquire(y)) === 3 ? 1 : 0);
        out(yield cpu.readOnce(x));
      },
    ],
    { sc: '00 01 11' },
  );
});
