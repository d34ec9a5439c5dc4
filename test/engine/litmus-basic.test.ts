import { describe } from 'vitest';
import { shape, type Thread, w } from './litmus.ts';

// The classic two-CPU shapes and coherence. `arm64` lists what the model shows beyond sequential consistency.

const { x, y, p, bits } = w;

function writer(barrier: 'none' | 'wmb' | 'mb' | 'release'): Thread {
  return function* (cpu) {
    yield cpu.writeOnce(x, 1);
    if (barrier === 'wmb') yield cpu.smpWmb();
    if (barrier === 'mb') yield cpu.smpMb();
    yield barrier === 'release' ? cpu.smpStoreRelease(y, 1) : cpu.writeOnce(y, 1);
  };
}
function reader(barrier: 'none' | 'rmb' | 'mb' | 'acquire' | 'before-atomic' | 'wmb'): Thread {
  return function* (cpu, out) {
    out(yield barrier === 'acquire' ? cpu.smpLoadAcquire(y) : cpu.readOnce(y));
    if (barrier === 'rmb') yield cpu.smpRmb();
    if (barrier === 'mb') yield cpu.smpMb();
    if (barrier === 'wmb') yield cpu.smpWmb();
    if (barrier === 'before-atomic') yield cpu.smpMbBeforeAtomic();
    out(yield cpu.readOnce(x));
  };
}

describe('message passing', () => {
  const sc = '00 01 11';
  shape('MP', [writer('none'), reader('none')], { sc, arm64: '10' });
  shape('MP with wmb alone', [writer('wmb'), reader('none')], { sc, arm64: '10' });
  shape('MP with rmb alone', [writer('none'), reader('rmb')], { sc, arm64: '10' });
  shape('MP with release alone', [writer('release'), reader('none')], { sc, arm64: '10' });
  shape('MP with acquire alone', [writer('none'), reader('acquire')], { sc, arm64: '10' });
  shape('MP with a wmb where an rmb is needed', [writer('wmb'), reader('wmb')], { sc, arm64: '10' });
  shape('MP with wmb and rmb', [writer('wmb'), reader('rmb')], { sc });
  shape('MP with wmb and acquire', [writer('wmb'), reader('acquire')], { sc });
  shape('MP with release and acquire', [writer('release'), reader('acquire')], { sc });
  shape('MP with release and rmb', [writer('release'), reader('rmb')], { sc });
  shape('MP with full barriers', [writer('mb'), reader('mb')], { sc });
  // Without an atomic after it smp_mb__before_atomic promises nothing; it is a full barrier here (section 1 item 6).
  shape('MP with smp_mb__before_atomic in the reader', [writer('wmb'), reader('before-atomic')], { sc });
  shape(
    'MP by clear_bit_unlock and test_bit_acquire',
    [
      function* (cpu) {
        yield cpu.writeOnce(x, 1);
        yield cpu.clearBitUnlock(0, bits);
      },
      function* (cpu, out) {
        out(yield cpu.testBitAcquire(0, bits));
        out(yield cpu.readOnce(x));
      },
    ],
    { sc: '01 10 11' },
    { init: [[bits, 1]] },
  );
  shape(
    'MP by rcu_assign_pointer of NULL, which is no release,',
    [
      function* (cpu) {
        yield cpu.writeOnce(x, 1);
        yield cpu.rcuAssignPointer(p, 0);
      },
      function* (cpu, out) {
        out((yield cpu.smpLoadAcquire(p)) === 0 ? 1 : 0);
        out(yield cpu.readOnce(x));
      },
    ],
    { sc, arm64: '10' },
    { init: [[p, 1]] },
  );
});

describe('waiting', () => {
  const wait = (relaxed: boolean): Thread =>
    function* (cpu, out) {
      yield relaxed ? cpu.waitBit(0, bits) : cpu.waitBitAcquire(0, bits);
      out(yield cpu.readOnce(x));
    };
  const publish: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
    yield cpu.smpWmb();
    yield cpu.setBit(0, bits);
  };
  shape('spinning on test_bit without acquire', [publish, wait(true)], { sc: '1', arm64: '0' });
  shape('smp_cond_load_acquire', [publish, wait(false)], { sc: '1' });
});

describe('store buffering', () => {
  const half = (mine: number, other: number, barrier: 'none' | 'mb' | 'wmb' | 'release'): Thread =>
    function* (cpu, out) {
      if (barrier === 'release') yield cpu.smpStoreRelease(mine, 1);
      else yield cpu.writeOnce(mine, 1);
      if (barrier === 'mb') yield cpu.smpMb();
      if (barrier === 'wmb') yield cpu.smpWmb();
      out(yield barrier === 'release' ? cpu.smpLoadAcquire(other) : cpu.readOnce(other));
    };
  const sc = '0|1 1|0 1|1';
  const both = { sc, tso: '0|0', arm64: '0|0' };
  shape('SB', [half(x, y, 'none'), half(y, x, 'none')], both);
  shape('SB with one full barrier', [half(x, y, 'mb'), half(y, x, 'none')], both);
  shape('SB with write barriers', [half(x, y, 'wmb'), half(y, x, 'wmb')], both);
  shape('SB with release and acquire', [half(x, y, 'release'), half(y, x, 'release')], both);
  shape('SB with full barriers', [half(x, y, 'mb'), half(y, x, 'mb')], { sc });
  const forwarding = (mine: number, other: number): Thread =>
    function* (cpu, out) {
      yield cpu.writeOnce(mine, 1);
      out(yield cpu.readOnce(mine));
      out(yield cpu.readOnce(other));
    };
  shape('SB with a read of the own store, forwarded from the buffer,', [forwarding(x, y), forwarding(y, x)], {
    sc: '10|11 11|10 11|11',
    tso: '10|10',
    arm64: '10|10',
  });
});

describe('load buffering', () => {
  const half = (from: number, to: number): Thread =>
    function* (cpu, out) {
      out(yield cpu.readOnce(from));
      yield cpu.writeOnce(to, 1);
    };
  // 1|1 is allowed by the LKMM and real on arm64; loads are not delayed past later stores here (section 1 item 7).
  shape('LB', [half(x, y), half(y, x)], { sc: '0|0 0|1 1|0' });
});

describe('stores in two places', () => {
  const finals = [x, y];
  const two = (first: number, second: number, barrier: 'none' | 'wmb'): Thread =>
    function* (cpu) {
      yield cpu.writeOnce(first, 1);
      if (barrier === 'wmb') yield cpu.smpWmb();
      yield cpu.writeOnce(second, 2);
    };
  shape('2+2W', [two(x, y, 'none'), two(y, x, 'none')], { sc: ';12 ;21 ;22', arm64: ';11' }, { finals });
  // The LKMM allows ;11 here: it decides coherence late. No machine is known to show it (section 1 item 7).
  shape('2+2W with write barriers', [two(x, y, 'wmb'), two(y, x, 'wmb')], { sc: ';12 ;21 ;22' }, { finals });

  const s = (barrier: 'none' | 'wmb'): readonly Thread[] => [
    function* (cpu) {
      yield cpu.writeOnce(x, 2);
      if (barrier === 'wmb') yield cpu.smpWmb();
      yield cpu.writeOnce(y, 1);
    },
    function* (cpu, out) {
      out(yield cpu.readOnce(y));
      yield cpu.writeOnce(x, 1);
    },
  ];
  shape('S', s('none'), { sc: '0;1 0;2 1;1', arm64: '1;2' }, { finals: [x] });
  // Without a dependency from the load to the store the LKMM allows 1;2: load buffering again.
  shape('S with a write barrier', s('wmb'), { sc: '0;1 0;2 1;1' }, { finals: [x] });

  const r = (barrier: 'none' | 'wmb' | 'mb'): readonly Thread[] => [
    function* (cpu) {
      yield cpu.writeOnce(x, 1);
      if (barrier === 'wmb') yield cpu.smpWmb();
      if (barrier === 'mb') yield cpu.smpMb();
      yield cpu.writeOnce(y, 1);
    },
    function* (cpu, out) {
      yield cpu.writeOnce(y, 2);
      if (barrier !== 'none') yield cpu.smpMb();
      out(yield cpu.readOnce(x));
    },
  ];
  const sc = '0;1 1;1 1;2';
  shape('R', r('none'), { sc, tso: '0;2', arm64: '0;2' }, { finals: [y] });
  // The LKMM allows 0;2 with a mere write barrier: coherence decided late.
  shape('R with wmb and mb', r('wmb'), { sc }, { finals: [y] });
  shape('R with full barriers', r('mb'), { sc }, { finals: [y] });
});

describe('coherence', () => {
  const write = (...values: number[]): Thread =>
    function* (cpu) {
      for (const value of values) yield cpu.writeOnce(x, value);
    };
  const read = (n: number): Thread =>
    function* (cpu, out) {
      for (let i = 0; i < n; i++) out(yield cpu.readOnce(x));
    };
  shape('CoRR', [write(1), read(2)], { sc: '00 01 11' });
  shape('CoRR of two stores', [write(1, 2), read(2)], { sc: '00 01 02 11 12 22' });
  shape('CoRR by two readers', [write(1), read(2), read(2)], {
    sc: '00|00 00|01 00|11 01|00 01|01 01|11 11|00 11|01 11|11',
  });
  shape('CoWW', [write(1, 2), read(1)], { sc: '0;2 1;2 2;2' }, { finals: [x] });
  shape(
    'CoWR',
    [
      function* (cpu, out) {
        yield cpu.writeOnce(x, 1);
        out(yield cpu.readOnce(x));
      },
      write(2),
    ],
    { sc: '1;1 1;2 2;2' },
    { finals: [x] },
  );
  shape(
    'CoRW',
    [
      function* (cpu, out) {
        out(yield cpu.readOnce(x));
        yield cpu.writeOnce(x, 1);
      },
      write(2),
    ],
    { sc: '0;1 0;2 2;1' },
    { finals: [x] },
  );
});
