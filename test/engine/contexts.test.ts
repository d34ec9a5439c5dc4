import { describe, expect, it } from 'vitest';
import { Gfp } from '../../src/engine/gfp.ts';
import { flags, Layout, lock, word } from '../../src/engine/layout.ts';
import { type Body, calm, run, script, verdict } from './run.ts';

// Where sleeping is legal: kernel/tag-storage part 4.3, non-RT.

const layout = new Layout();
const w = layout.struct('w', {
  x: word(),
  bits: flags(['lock']),
  spin: lock('Spinlock'),
  raw: lock('RawSpinlock'),
  rw: lock('Rwlock'),
  mutex: lock('Mutex'),
  rwsem: lock('Rwsem'),
});
const { cache } = layout.cache('buffer', 2, { data: word() });
const bitClass = layout.lockClass('bit');
const srcu = layout.srcu();

const inside: Readonly<
  Record<string, { readonly sleeps: boolean; readonly enter: Body; readonly leave: Body }>
> = {
  spin_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinLock(w.spin);
    },
    *leave(cpu) {
      yield cpu.spinUnlock(w.spin);
    },
  },
  spin_lock_irq: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinLockIrq(w.spin);
    },
    *leave(cpu) {
      yield cpu.spinUnlockIrq(w.spin);
    },
  },
  spin_lock_irqsave: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinLockIrqsave(w.spin);
    },
    *leave(cpu) {
      yield cpu.spinUnlockIrqrestore(w.spin, 0);
    },
  },
  spin_lock_bh: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinLockBh(w.spin);
    },
    *leave(cpu) {
      yield cpu.spinUnlockBh(w.spin);
    },
  },
  spin_trylock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinTrylock(w.spin);
    },
    *leave(cpu) {
      yield cpu.spinUnlock(w.spin);
    },
  },
  raw_spin_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.spinLock(w.raw);
    },
    *leave(cpu) {
      yield cpu.spinUnlock(w.raw);
    },
  },
  read_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.readLock(w.rw);
    },
    *leave(cpu) {
      yield cpu.readUnlock(w.rw);
    },
  },
  write_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.writeLock(w.rw);
    },
    *leave(cpu) {
      yield cpu.writeUnlock(w.rw);
    },
  },
  bit_spin_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.bitSpinLock(0, w.bits, bitClass);
    },
    *leave(cpu) {
      yield cpu.bitSpinUnlock(0, w.bits);
    },
  },
  rcu_read_lock: {
    sleeps: false,
    *enter(cpu) {
      yield cpu.rcuReadLock();
    },
    *leave(cpu) {
      yield cpu.rcuReadUnlock();
    },
  },
  srcu_read_lock: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.srcuReadLock(srcu);
    },
    *leave(cpu) {
      yield cpu.srcuReadUnlock(srcu);
    },
  },
  preempt_disable: {
    sleeps: false,
    *enter(cpu) {
      cpu.preemptDisable();
    },
    *leave(cpu) {
      cpu.preemptEnable();
    },
  },
  local_irq_disable: {
    sleeps: false,
    *enter(cpu) {
      cpu.localIrqDisable();
    },
    *leave(cpu) {
      cpu.localIrqEnable();
    },
  },
  local_bh_disable: {
    sleeps: false,
    *enter(cpu) {
      cpu.localBhDisable();
    },
    *leave(cpu) {
      cpu.localBhEnable();
    },
  },
  mutex_lock: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.mutexLock(w.mutex);
    },
    *leave(cpu) {
      yield cpu.mutexUnlock(w.mutex);
    },
  },
  mutex_trylock: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.mutexTrylock(w.mutex);
    },
    *leave(cpu) {
      yield cpu.mutexUnlock(w.mutex);
    },
  },
  down_read: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.downRead(w.rwsem);
    },
    *leave(cpu) {
      yield cpu.upRead(w.rwsem);
    },
  },
  down_write: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.downWrite(w.rwsem);
    },
    *leave(cpu) {
      yield cpu.upWrite(w.rwsem);
    },
  },
  folio_lock: {
    sleeps: true,
    *enter(cpu) {
      yield cpu.folioLock(0, w.bits, bitClass);
    },
    *leave(cpu) {
      yield cpu.folioUnlock(0, w.bits);
    },
  },
};

describe('sleeping inside', () => {
  for (const [name, { sleeps, enter, leave }] of Object.entries(inside)) {
    const within = (what: Body): Body =>
      function* (cpu) {
        yield* enter(cpu);
        yield* what(cpu);
        yield* leave(cpu);
      };
    it(`${name} is ${sleeps ? 'legal' : 'reported'}`, () => {
      const body = within(function* (cpu) {
        cpu.mightSleep();
      });
      expect(verdict(layout, [body])).toBe(sleeps ? null : 'sleeping-in-atomic');
    });
    it(`${name} is legal again after it`, () => {
      const body: Body = function* (cpu) {
        yield* enter(cpu);
        yield cpu.readOnce(w.x);
        yield* leave(cpu);
        cpu.mightSleep();
      };
      expect(verdict(layout, [body])).toBe(null);
    });
    it(`${name}: a blocking allocation that would succeed at once is ${sleeps ? 'legal' : 'reported'}`, () => {
      const allocate = (gfp: number) =>
        within(function* (cpu) {
          yield cpu.kfree(yield cpu.kmalloc(cache, gfp));
        });
      expect(verdict(layout, [allocate(Gfp.Kernel)])).toBe(sleeps ? null : 'sleeping-in-atomic');
      expect(verdict(layout, [allocate(Gfp.Atomic)])).toBe(null);
      expect(verdict(layout, [allocate(Gfp.Nowait)])).toBe(null);
    });
  }
});

describe('what may sleep', () => {
  const sleepers: Readonly<Record<string, Body>> = {
    *mutex_lock(cpu) {
      yield cpu.mutexLock(w.mutex);
    },
    *down_read(cpu) {
      yield cpu.downRead(w.rwsem);
    },
    *down_write(cpu) {
      yield cpu.downWrite(w.rwsem);
    },
    *folio_lock(cpu) {
      yield cpu.folioLock(0, w.bits, bitClass);
    },
    *synchronize_rcu(cpu) {
      yield* cpu.synchronizeRcu();
    },
    *synchronize_srcu(cpu) {
      yield* cpu.synchronizeSrcu(srcu);
    },
    *cond_resched(cpu) {
      yield cpu.condResched();
    },
    *wait_event(cpu) {
      yield cpu.waitEvent(w.x, 1, 0);
    },
  };
  for (const [name, sleeper] of Object.entries(sleepers)) {
    it(`${name} is reported under a spinlock though nothing contends`, () => {
      const body: Body = function* (cpu) {
        yield cpu.spinLock(w.spin);
        yield* sleeper(cpu);
      };
      expect(verdict(layout, [body])).toBe('sleeping-in-atomic');
    });
  }
  it('trylocks are legal under a spinlock', () => {
    const body: Body = function* (cpu) {
      yield cpu.spinLock(w.spin);
      if ((yield cpu.mutexTrylock(w.mutex)) === 1) yield cpu.mutexUnlock(w.mutex);
      if ((yield cpu.downReadTrylock(w.rwsem)) === 1) yield cpu.upRead(w.rwsem);
      if ((yield cpu.folioTrylock(0, w.bits, bitClass)) === 1) yield cpu.folioUnlock(0, w.bits);
      yield cpu.spinUnlock(w.spin);
    };
    expect(verdict(layout, [body])).toBe(null);
  });
  it('a failed spin_trylock leaves preemption on', () => {
    const holder: Body = function* (cpu) {
      yield cpu.spinLock(w.spin);
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
      yield cpu.spinUnlock(w.spin);
    };
    const trier: Body = function* (cpu) {
      expect(yield cpu.spinTrylock(w.spin)).toBe(0);
      cpu.mightSleep();
      yield cpu.smpStoreRelease(w.x, 1);
    };
    expect(verdict(layout, [holder, trier])).toBe(null);
  });
  it('anything that may sleep is reported in an interrupt handler', () => {
    const task: Body = function* (cpu) {
      yield cpu.readOnce(w.x);
    };
    const handler: Body = function* (cpu) {
      cpu.mightSleep();
    };
    const source = script(1);
    const { violation } = run(layout, [task], { interrupts: [[handler]], source });
    expect(violation?.oracle).toBe('sleeping-in-atomic');
    expect(violation?.details.join('\n')).toContain('irqs_disabled(): 1, preempt_count: 10000');
  });
});

describe('the report', () => {
  it('says what was called, the counts, and the locks held', () => {
    const body: Body = function* (cpu) {
      yield cpu.rcuReadLock();
      yield cpu.spinLockIrq(w.spin);
      cpu.mightSleep('kmalloc(tag_buffer, GFP_KERNEL)');
    };
    const { violation } = run(layout, [body], { source: calm });
    expect(violation?.message).toBe('kmalloc(tag_buffer, GFP_KERNEL) called from invalid context');
    expect(violation?.details).toEqual([
      'in_atomic(): 1, irqs_disabled(): 1, preempt_count: 1, RCU nest depth: 1',
      'locks held: w.spin',
    ]);
  });
});

describe('saved interrupt flags', () => {
  it('an inner spin_unlock_irqrestore leaves interrupts off, an inner spin_unlock_irq does not', () => {
    const states: boolean[] = [];
    const body: Body = function* (cpu) {
      const outer = yield cpu.spinLockIrqsave(w.spin);
      const inner = yield cpu.spinLockIrqsave(w.raw);
      yield cpu.spinUnlockIrqrestore(w.raw, inner);
      states.push(cpu.irqsOff);
      yield cpu.spinUnlockIrqrestore(w.spin, outer);
      states.push(cpu.irqsOff);
      const saved = cpu.localIrqSave();
      yield cpu.spinLockIrq(w.raw);
      yield cpu.spinUnlockIrq(w.raw);
      states.push(cpu.irqsOff);
      cpu.localIrqRestore(saved);
    };
    expect(verdict(layout, [body])).toBe(null);
    expect(states).toEqual([true, false, false]);
  });
});
