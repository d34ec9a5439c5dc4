import { describe } from 'vitest';
import { page0, shape, type Thread, w } from './litmus.ts';

// Page-table walks: `x` is a page's tag or data, `y` its page-table entry, `z` another word.

const { x, y, z } = w;

describe('set_pte_at', () => {
  // H2: the tag store delayed past the store of the entry.
  const map = (barrier: 'none' | 'wmb' | 'release'): Thread =>
    function* (cpu) {
      yield cpu.writeOnce(x, 1);
      if (barrier === 'wmb') yield cpu.smpWmb();
      yield barrier === 'release' ? cpu.smpStoreRelease(y, 1) : cpu.writeOnce(y, 1);
    };
  const user: Thread = function* (cpu, out) {
    const entry = yield cpu.walk(page0, y);
    out(entry);
    if (entry !== 0) out(yield cpu.readDependent(x));
  };
  const sc = '0 11';
  shape('without a barrier the user sees a stale tag', [map('none'), user], { sc, arm64: '10', lkmm: '10' });
  shape('with smp_wmb it does not', [map('wmb'), user], { sc, lkmm: '' });
  shape('with a release it does not', [map('release'), user], { sc, lkmm: '' });
  const unmarked: Thread = function* (cpu, out) {
    const entry = yield cpu.walk(page0, y);
    out(entry);
    if (entry !== 0) out(yield cpu.readOnce(x));
  };
  // Say readDependent for what is read through the entry; anything else is not ordered by the walk.
  shape('a load beside the walk', [map('wmb'), unmarked], { sc, arm64: '10', lkmm: '10' });
  const own: Thread = function* (cpu, out) {
    yield cpu.writeOnce(y, 1);
    out(yield cpu.walk(page0, y));
  };
  // The walker reads memory, never the store buffer.
  shape('a walk behind the own store', [own], { sc: '1', tso: '0', arm64: '0' });
});

type Flush = 'none' | 'local' | 'broadcast' | 'ipi';
const unmap = (flush: Flush, after: Thread): Thread =>
  function* (cpu, out) {
    yield cpu.writeOnce(y, 0);
    if (flush === 'local') yield cpu.flushTlbLocal(page0);
    if (flush === 'broadcast') yield cpu.flushTlb(page0);
    if (flush === 'ipi') yield cpu.flushTlbIpi(page0);
    yield* after(cpu, out);
  };
const init = [[y, 1]] as const;

describe('a flush', () => {
  const reuse: Thread = function* (cpu) {
    yield cpu.writeOnce(x, 1);
  };
  const twice: Thread = function* (cpu, out) {
    if ((yield cpu.walk(page0, y)) !== 0) yield cpu.readDependent(z);
    const entry = yield cpu.walk(page0, y);
    if (entry !== 0) out(yield cpu.readDependent(x));
  };
  // '' is a fault, 1 an access to the page after its reuse.
  const late = { sc: ' 0 1', lkmm: '' };
  const ordered = { sc: ' 0', lkmm: '' };
  shape('none at all: a stale entry reaches the reused page', [unmap('none', reuse), twice], late, { init });
  shape('of this CPU alone is as bad for the others', [unmap('local', reuse), twice], late, { init });
  shape('broadcast keeps stale entries from reused pages', [unmap('broadcast', reuse), twice], ordered, {
    init,
  });
  shape('by interrupts does as well', [unmap('ipi', reuse), twice], ordered, { init });

  const check: Thread = function* (cpu, out) {
    out(yield cpu.readOnce(x));
  };
  const store: Thread = function* (cpu) {
    if ((yield cpu.walk(page0, y)) !== 0) yield cpu.writeOnce(x, 1);
  };
  const finals = [x];
  // 0;1: a store through the old entry lands after the page was read for the last time.
  const lost = { sc: '0;0 0;1 1;1', lkmm: '' };
  const kept = { sc: '0;0 1;1', lkmm: '' };
  shape('none at all: a store is lost', [unmap('none', check), store], lost, { init, finals });
  shape('of this CPU alone: a store is lost', [unmap('local', check), store], lost, { init, finals });
  shape('broadcast waits for accesses in flight', [unmap('broadcast', check), store], kept, { init, finals });
  shape('by interrupts waits for them', [unmap('ipi', check), store], kept, { init, finals });

  const fault: Thread = function* (cpu) {
    const entry = yield cpu.walk(page0, y);
    // Read-only: the access faults, and the handler takes the lock that the flusher holds.
    if (entry === 0) return;
    yield cpu.spinLock(w.spin);
    yield cpu.spinUnlock(w.spin);
  };
  const locked: Thread = function* (cpu) {
    yield cpu.spinLock(w.spin);
    yield cpu.writeOnce(y, 0);
    yield cpu.flushTlb(page0);
    yield cpu.spinUnlock(w.spin);
  };
  shape('does not wait for a walk that ended in a fault', [locked, fault], { sc: '', lkmm: '' }, { init });

  const irqsOff: Thread = function* (cpu, out) {
    yield cpu.readOnce(w.p);
    cpu.localIrqDisable();
    out(yield cpu.readOnce(z));
    out(yield cpu.readOnce(x));
    cpu.localIrqEnable();
  };
  const flushThenStore: Thread = function* (cpu) {
    yield cpu.writeOnce(z, 1);
    yield cpu.flushTlbIpi(page0);
    yield cpu.smpStoreRelease(x, 1);
  };
  // Lockless page-table walkers (gup_fast) rely on it: 01 would be a flush that ended within their section.
  shape('by interrupts waits for CPUs with interrupts off', [flushThenStore, irqsOff], {
    sc: '00 10 11',
    lkmm: '',
  });

  // As sys_membarrier(): one CPU has a barrier, and by it all others have.
  const expensive: Thread = function* (cpu, out) {
    yield cpu.writeOnce(x, 1);
    yield cpu.flushTlbIpi(page0);
    out(yield cpu.readOnce(z));
  };
  const cheap: Thread = function* (cpu, out) {
    yield cpu.writeOnce(z, 1);
    out(yield cpu.readOnce(x));
  };
  shape('by interrupts is a full barrier of all CPUs', [expensive, cheap], { sc: '0|1 1|0 1|1', lkmm: '' });
});
