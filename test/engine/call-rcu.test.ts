import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { Gfp } from '../../src/engine/gfp.ts';
import { Layout, lock, plain, pointer, word } from '../../src/engine/layout.ts';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { shape, w as shapes, type Thread } from './litmus.ts';
import { type Body, run, script, verdict, verdicts } from './run.ts';

// What the kernel's axioms say of call_rcu is compared in test/litmus/call-rcu.test.ts.

const layout = new Layout();
const w = layout.struct('w', {
  x: word(),
  y: word(),
  flag: word(),
  data: plain(),
  p: pointer(),
  spin: lock('Spinlock'),
  mutex: lock('Mutex'),
});
const { cache } = layout.cache('node', 3, { val: word() });
const idle: Body = function* () {};

function* set(cpu: Cpu, address: number): Kernel {
  yield cpu.writeOnce(address, 1);
}

/** A CPU that only calls. */
const calling = (callback: (cpu: Cpu) => Kernel): Body =>
  function* caller(cpu) {
    yield cpu.callRcu(callback);
    yield cpu.readOnce(w.y);
  };

describe.each(memoryNames)('under %s', memory => {
  /** An updater that unlinks the published node and frees it as given; a reader that uses what it finds. */
  const list = (free: (cpu: Cpu, node: number) => Kernel): readonly Body[] => [
    function* updater(cpu) {
      const node = yield cpu.xchg(w.p, 0);
      if (node !== 0) yield* free(cpu, node);
    },
    function* reader(cpu) {
      yield cpu.rcuReadLock();
      const node = yield cpu.rcuDereference(w.p);
      if (node !== 0) yield cpu.readOnce(node);
      yield cpu.rcuReadUnlock();
    },
  ];
  const setup: Body = function* (cpu) {
    yield cpu.rcuAssignPointer(w.p, yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail));
  };

  it('kfree_rcu frees a node only when no reader can still use it, kfree at once does not', () => {
    const atOnce = list(function* (cpu, node) {
      yield cpu.kfree(node);
    });
    const deferred = list(function* (cpu, node) {
      yield cpu.kfreeRcu(node);
    });
    expect(verdicts(layout, atOnce, { memory, setup })).toEqual(['none', 'use-after-free']);
    expect(verdicts(layout, deferred, { memory, setup })).toEqual(['none']);
  });

  it('a callback does not wait for sections that begin after its grace period has started', () => {
    const reader: Body = function* (cpu) {
      yield cpu.rcuReadLock();
      yield cpu.waitBit(0, w.x);
      yield cpu.rcuReadUnlock();
    };
    const caller: Body = function* (cpu) {
      yield cpu.callRcu(set, w.x);
    };
    expect(verdicts(layout, [caller, reader], { memory })).toEqual(['deadlock', 'none']);
  });

  it('the callbacks of a CPU run one after the other, in the order of their calls', () => {
    const seen = new Set<string>();
    let order: string[] = [];
    function* note(cpu: Cpu, n: number): Kernel {
      order.push(`${n}<`);
      yield cpu.readOnce(w.x);
      order.push(`>${n}`);
      if (n === 2) seen.add(order.join(' '));
    }
    const caller: Body = function* (cpu) {
      order = [];
      yield cpu.callRcu(note, 1);
      yield cpu.callRcu(note, 2);
      yield cpu.readOnce(w.y);
    };
    const reader: Body = function* (cpu) {
      yield cpu.rcuReadLock();
      yield cpu.rcuReadUnlock();
    };
    verdicts(layout, [caller, reader], { memory });
    expect([...seen]).toEqual(['1< >1 2< >2']);
  });

  it('an execution ends after its callbacks, in the setup too', () => {
    const seen = new Set<string>();
    const prepared: Body = function* (cpu) {
      yield cpu.callRcu(set, w.x);
    };
    const caller: Body = function* (cpu) {
      const before = yield cpu.readOnce(w.x);
      yield cpu.callRcu(function* (own) {
        yield own.callRcu(set, w.y);
        seen.add(`setup ${before}`);
      });
    };
    expect(verdicts(layout, [caller, idle], { memory, setup: prepared })).toEqual(['none']);
    expect(run(layout, [caller, idle], { memory, setup: prepared }).machine.peek(w.y)).toBe(1);
    expect([...seen]).toEqual(['setup 1']);
  });

  it('rcu_barrier waits for the callbacks queued before it, and sees what they did', () => {
    const caller: Body = function* (cpu) {
      yield cpu.callRcu(function* (own) {
        yield own.storePlain(w.data, 1);
      });
      yield cpu.smpStoreRelease(w.flag, 1);
    };
    const unloading = (barrier: boolean): Body =>
      function* (cpu) {
        if ((yield cpu.smpLoadAcquire(w.flag)) === 0) return;
        if (barrier) yield* cpu.rcuBarrier();
        cpu.warnOn((yield cpu.loadPlain(w.data)) !== 1, 'a callback is still to come');
      };
    expect(verdicts(layout, [caller, unloading(true)], { memory })).toEqual(['none']);
    expect(verdicts(layout, [caller, unloading(false)], { memory })).toContain('warn');
    expect(verdicts(layout, [caller, unloading(false)], { memory })).toContain('data-race');
  });

  it('what a section does to plain words is ordered before the callback, what other code does is not', () => {
    const caller = calling(function* (own) {
      yield own.storePlain(w.data, 1);
    });
    const reader = (section: boolean): Body =>
      function* (cpu) {
        if (section) yield cpu.rcuReadLock();
        const unlinked = yield cpu.readOnce(w.flag);
        if (unlinked === 0) yield cpu.loadPlain(w.data);
        if (section) yield cpu.rcuReadUnlock();
      };
    const unlinking: Body = function* (cpu) {
      yield cpu.writeOnce(w.flag, 1);
      yield* caller(cpu);
    };
    expect(verdicts(layout, [unlinking, reader(true)], { memory })).toEqual(['none']);
    expect(verdicts(layout, [unlinking, reader(false)], { memory })).toEqual(['data-race', 'none']);
  });
});

describe('call_rcu', () => {
  const { x, y, z } = shapes;
  const updater = (callback: Thread, after: Thread = idleThread): Thread =>
    function* (cpu, out) {
      yield cpu.writeOnce(x, 1);
      yield cpu.callRcu(own => callback(own, out));
      yield* after(cpu, out);
    };
  const publish: Thread = function* (cpu) {
    yield cpu.writeOnce(y, 1);
  };
  const reads = (section: boolean, ...addresses: readonly number[]): Thread =>
    function* (cpu, out) {
      if (section) yield cpu.rcuReadLock();
      for (const address of addresses) out(yield cpu.readOnce(address));
      if (section) yield cpu.rcuReadUnlock();
    };

  shape('MP from before the call to a section, by the callback', [updater(publish), reads(true, y, x)], {
    sc: '00 01 11',
    lkmm: '',
  });
  shape(
    'a section that has not seen the call ends before the callback',
    [updater(publish), reads(true, x, y)],
    {
      sc: '00 10 11',
      lkmm: '',
    },
  );
  shape('MP to a reader outside any section', [updater(publish), reads(false, y, x)], {
    sc: '00 01 11',
    arm64: '10',
    lkmm: '10',
  });
  const releases: Thread = function* (cpu) {
    yield cpu.smpWmb();
    yield cpu.writeOnce(z, 1);
  };
  // The grace period has not started yet when the section reads z, and waits for it.
  shape('its grace period may start later', [updater(idleThread, releases), reads(true, z, x)], {
    sc: '00 01 11',
    arm64: '10',
    lkmm: '10',
  });
  const full = (mine: number, other: number): Thread =>
    function* (cpu, out) {
      yield cpu.writeOnce(mine, 1);
      yield cpu.smpMb();
      out(yield cpu.readOnce(other));
    };
  shape('is no barrier for its caller', [updater(idleThread, reads(false, y)), full(y, x)], {
    sc: '0|1 1|0 1|1',
    tso: '0|0',
    arm64: '0|0',
    lkmm: '0|0',
  });
  shape('is a full barrier between call and callback', [updater(reads(false, y)), full(y, x)], {
    sc: '0|1 1|0 1|1',
    lkmm: '',
  });
  const stores: Thread = function* (cpu, out) {
    yield cpu.rcuReadLock();
    out(yield cpu.readOnce(x));
    yield cpu.writeOnce(z, 1);
    yield cpu.rcuReadUnlock();
  };
  shape('a store of a section that has not seen the call', [updater(reads(false, z)), stores], {
    sc: '0|1 1|0 1|1',
    lkmm: '',
  });
});

function* idleThread(): Kernel {}

describe('an RCU callback', () => {
  const locking = (cpu: Cpu): Kernel => locked(cpu);
  function* locked(cpu: Cpu): Kernel {
    yield cpu.spinLock(w.spin);
    yield cpu.spinUnlock(w.spin);
  }

  it('runs in softirq context, where nothing may sleep', () => {
    const sleeping = calling(function* freeNode(cpu) {
      yield cpu.mutexLock(w.mutex);
      yield cpu.mutexUnlock(w.mutex);
    });
    const { violation } = run(layout, [sleeping]);
    expect(violation?.oracle).toBe('sleeping-in-atomic');
    expect(violation?.details[0]).toBe(
      'in_atomic(): 1, irqs_disabled(): 0, preempt_count: 100, RCU nest depth: 0',
    );
  });

  it('that takes a lock which tasks hold with softirqs on is reported, as the deadlock that it may be', () => {
    const task = (bh: boolean): Body =>
      function* (cpu) {
        yield cpu.callRcu(locking);
        yield bh ? cpu.spinLockBh(w.spin) : cpu.spinLock(w.spin);
        yield bh ? cpu.spinUnlockBh(w.spin) : cpu.spinUnlock(w.spin);
      };
    expect(verdicts(layout, [task(false)])).toEqual(['irq-lock-state']);
    expect(verdicts(layout, [task(true)])).toEqual(['none']);
    const enabled: Body = function* (cpu) {
      yield cpu.spinLockBh(w.spin);
      cpu.localBhEnable();
      yield cpu.readOnce(w.x);
      cpu.localBhDisable();
      yield cpu.spinUnlockBh(w.spin);
      yield cpu.callRcu(locking);
    };
    const { violation } = run(layout, [enabled]);
    expect(violation?.message).toBe(
      'inconsistent lock state of w.spin: taken in softirq context and with softirqs on',
    );
  });

  it('waits while interrupts or bottom halves are off', () => {
    const off = (disable: (cpu: Cpu) => void, enable: (cpu: Cpu) => void): Body =>
      function* (cpu) {
        disable(cpu);
        yield cpu.callRcu(set, w.x);
        yield cpu.readOnce(w.y);
        cpu.warnOn((yield cpu.readOnce(w.x)) === 1, 'the callback came too early');
        enable(cpu);
        yield cpu.readOnce(w.y);
      };
    const irqs = off(
      cpu => cpu.localIrqDisable(),
      cpu => cpu.localIrqEnable(),
    );
    const bhs = off(
      cpu => cpu.localBhDisable(),
      cpu => cpu.localBhEnable(),
    );
    const nothing = off(
      () => {},
      () => {},
    );
    expect([irqs, bhs, nothing].map(body => verdicts(layout, [body]))).toEqual([
      ['none'],
      ['none'],
      ['none', 'warn'],
    ]);
  });

  it('may be interrupted, and the code that it interrupted goes on where it was', () => {
    const seen = new Set<string>();
    let log = '';
    const task: Body = function* (cpu) {
      log = '';
      yield cpu.callRcu(function* (own) {
        log += ' c';
        yield own.readOnce(w.y);
        log += ' C';
        yield own.readOnce(w.y);
      });
      expect(yield cpu.atomicFetchAdd(w.x, 1)).toBe(0);
      log += ' t';
      expect(yield cpu.atomicFetchAdd(w.x, 1)).toBe(1);
      log += ' T';
    };
    const irq: Body = function* irq(cpu) {
      expect(cpu.machine.operationName(cpu)).toBe('irq');
      yield cpu.readOnce(w.y);
      log += ' i';
      seen.add(log);
    };
    expect(verdicts(layout, [task], { interrupts: [[irq]] })).toEqual(['none']);
    expect([...seen]).toContain(' t c i');
    expect([...seen]).toContain(' t c C i');
    // A hard interrupt never waits for a callback, nor does a callback come into one.
    expect([...seen].some(one => / i.* c/.test(one))).toBe(false);
  });

  it('that leaves the context changed, or a lock held, is named', () => {
    const leaves: Body = calling(function* freeNode(cpu) {
      yield cpu.readOnce(w.x);
      cpu.preemptDisable();
    });
    expect(() => run(layout, [leaves])).toThrow(
      'free_node: the RCU callback does not leave the context as it found it',
    );
    const holds = calling(function* freeNode(cpu) {
      yield cpu.spinLock(w.spin);
    });
    expect(run(layout, [holds]).violation?.message).toBe('w.spin is still held at the end of free_node');
  });

  it('is freed of leaks: what it frees counts as freed at the end', () => {
    const frees: Body = function* (cpu) {
      yield cpu.kfreeRcu(yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail));
    };
    expect(verdict(layout, [frees])).toBe(null);
  });
});

describe('a deadlock with RCU callbacks', () => {
  it('says which section a callback waits for', () => {
    const caller: Body = function* caller(cpu) {
      yield cpu.callRcu(set, w.x);
      yield cpu.callRcu(function* second() {});
    };
    const reader: Body = function* reader(cpu) {
      yield cpu.rcuReadLock();
      yield cpu.waitBit(0, w.x);
      yield cpu.rcuReadUnlock();
    };
    const { violation } = run(layout, [caller, reader], { source: script(1) });
    expect(violation?.oracle).toBe('deadlock');
    expect(violation?.details).toEqual([
      'CPU1 in reader waits for w.x to become 1 (it is 0)',
      'the RCU callback set of CPU0 waits for the read-side section of CPU1',
      'the RCU callback second of CPU0 waits for the read-side section of CPU1',
    ]);
  });

  it('says who waits for rcu_barrier, and that bottom halves are off', () => {
    const task: Body = function* task(cpu) {
      yield cpu.callRcu(set, w.x);
      cpu.localBhDisable();
      yield cpu.waitBit(0, w.x);
      cpu.localBhEnable();
    };
    const unloading: Body = function* unloading(cpu) {
      yield* cpu.rcuBarrier();
    };
    expect(run(layout, [task, unloading]).violation?.details).toEqual([
      'CPU0 in task waits for w.x to become 1 (it is 0)',
      'CPU1 in unloading waits for the RCU callbacks queued before its rcu_barrier',
      'the RCU callback set of CPU0 waits for interrupts and bottom halves to be on',
    ]);
  });
});
