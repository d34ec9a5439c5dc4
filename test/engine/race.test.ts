import { describe, expect, it } from 'vitest';
import { Gfp } from '../../src/engine/gfp.ts';
import { flags, Layout, lock, plain, pointer, word } from '../../src/engine/layout.ts';
import { type MemoryName, memoryNames } from '../../src/engine/memory/index.ts';
import { type Body, verdicts } from './run.ts';

// Data races on plain accesses, over all executions of small programs.

const layout = new Layout();
const w = layout.struct('w', {
  data: plain(),
  flag: word(),
  p: pointer(),
  bits: flags(['lock']),
  spin: lock('Spinlock'),
  rw: lock('Rwlock'),
  mutex: lock('Mutex'),
});
const objects = layout.array('obj', 2, { val: plain() });
const { cache } = layout.cache('buf', 1, { val: plain() });
const bitClass = layout.lockClass('bit');
const srcu = layout.srcu();

function racy(one: Body, other: Body, memories: readonly MemoryName[] = memoryNames): void {
  for (const memory of memories)
    expect(verdicts(layout, [one, other], { memory }), memory).toContain('data-race');
}
function clean(one: Body, other: Body, memories: readonly MemoryName[] = memoryNames): void {
  for (const memory of memories) expect(verdicts(layout, [one, other], { memory }), memory).toEqual(['none']);
}

const read: Body = function* (cpu) {
  yield cpu.loadPlain(w.data);
};
const write: Body = function* (cpu) {
  yield cpu.storePlain(w.data, 1);
};

describe('a data race is', () => {
  it('two plain accesses without order, one a write', () => {
    racy(read, write);
    racy(write, write);
    clean(read, read);
  });
  it('a plain access and a marked one without order, one a write', () => {
    const once: Body = function* (cpu) {
      yield cpu.writeOnce(w.data, 1);
    };
    const readOnce: Body = function* (cpu) {
      yield cpu.readOnce(w.data);
    };
    const atomic: Body = function* (cpu) {
      yield cpu.atomicInc(w.data);
    };
    racy(read, once);
    racy(write, readOnce);
    racy(read, atomic);
    clean(once, readOnce);
    clean(once, atomic);
    clean(read, readOnce);
  });
  it('not what data_race() marks as intended', () => {
    const intended: Body = function* (cpu) {
      yield cpu.dataRace(w.data);
    };
    const once: Body = function* (cpu) {
      yield cpu.writeOnce(w.data, 1);
    };
    clean(intended, once);
  });
  it('not hidden by a marked access of the same CPU', () => {
    const both: Body = function* (cpu) {
      yield cpu.loadPlain(w.data);
      yield cpu.readOnce(w.data);
    };
    const after: Body = function* (cpu) {
      yield cpu.writeOnce(w.data, 1);
    };
    racy(both, after);
  });
});

describe('plain accesses are ordered by', () => {
  const publish = (how: 'release' | 'wmb' | 'once'): Body =>
    function* (cpu) {
      yield cpu.storePlain(w.data, 1);
      if (how === 'wmb') yield cpu.smpWmb();
      yield how === 'release' ? cpu.smpStoreRelease(w.flag, 1) : cpu.writeOnce(w.flag, 1);
    };
  const consume = (how: 'acquire' | 'rmb' | 'once' | 'wait' | 'waitBit', then: Body = read): Body =>
    function* (cpu) {
      if (how === 'wait') yield cpu.smpCondLoadAcquire(w.flag, 1, 1);
      else if (how === 'waitBit') yield cpu.waitBit(0, w.flag);
      else {
        const seen = yield how === 'acquire' ? cpu.smpLoadAcquire(w.flag) : cpu.readOnce(w.flag);
        if (how === 'rmb') yield cpu.smpRmb();
        if (seen === 0) return;
      }
      yield* then(cpu);
    };
  it('release and acquire', () => {
    clean(publish('release'), consume('acquire'));
    clean(publish('release'), consume('wait'));
    clean(publish('release'), consume('acquire', write));
  });
  it('smp_wmb and smp_rmb', () => {
    clean(publish('wmb'), consume('rmb'));
    clean(publish('release'), consume('rmb'));
    clean(publish('wmb'), consume('acquire'));
  });
  it('neither half alone', () => {
    racy(publish('once'), consume('acquire'));
    racy(publish('release'), consume('once'));
    racy(publish('wmb'), consume('waitBit'));
  });
  it('no control dependency: a plain write is not bound by it in the LKMM', () => {
    racy(publish('release'), consume('once', write));
  });
  it('a chain of releases and acquires', () => {
    const middle: Body = function* (cpu) {
      if ((yield cpu.smpLoadAcquire(w.flag)) === 1) yield cpu.smpStoreRelease(w.flag, 2);
    };
    const last: Body = function* (cpu) {
      if ((yield cpu.smpLoadAcquire(w.flag)) === 2) yield cpu.loadPlain(w.data);
    };
    expect(verdicts(layout, [publish('release'), middle, last], { memory: 'arm64' })).toEqual(['none']);
  });
  it('a release sequence through a relaxed read-modify-write', () => {
    const add: Body = function* (cpu) {
      yield cpu.atomicAdd(w.flag, 2);
    };
    const last: Body = function* (cpu) {
      if ((yield cpu.smpLoadAcquire(w.flag)) === 3) yield cpu.loadPlain(w.data);
    };
    for (const memory of ['arm64', 'lkmm'] as const)
      expect(verdicts(layout, [publish('release'), add, last], { memory })).toEqual(['none']);
  });
  it('the locks of several readers before that of a writer', () => {
    const reader: Body = function* (cpu) {
      yield cpu.readLock(w.rw);
      yield cpu.loadPlain(w.data);
      yield cpu.readUnlock(w.rw);
    };
    const writer: Body = function* (cpu) {
      yield cpu.writeLock(w.rw);
      yield cpu.storePlain(w.data, 1);
      yield cpu.writeUnlock(w.rw);
    };
    for (const memory of memoryNames)
      expect(verdicts(layout, [reader, reader, writer], { memory }), memory).toEqual(['none']);
  });
  it('rcu_assign_pointer and rcu_dereference, or READ_ONCE of a pointer', () => {
    const writer = (release: boolean): Body =>
      function* (cpu) {
        yield cpu.storePlain(objects[0].val, 1);
        yield release ? cpu.rcuAssignPointer(w.p, objects[0].base) : cpu.writeOnce(w.p, objects[0].base);
      };
    const reader = (deref: boolean): Body =>
      function* (cpu) {
        const found = yield deref ? cpu.rcuDereference(w.p) : cpu.readOnce(w.p);
        if (found !== 0) yield cpu.loadPlain(found);
      };
    clean(writer(true), reader(true));
    clean(writer(true), reader(false));
    racy(writer(false), reader(true));
  });
});

describe('plain accesses are ordered by locks:', () => {
  const kinds: Readonly<Record<string, (body: Body) => Body>> = {
    spinlock: body =>
      function* (cpu) {
        yield cpu.spinLock(w.spin);
        yield* body(cpu);
        yield cpu.spinUnlock(w.spin);
      },
    mutex: body =>
      function* (cpu) {
        yield cpu.mutexLock(w.mutex);
        yield* body(cpu);
        yield cpu.mutexUnlock(w.mutex);
      },
    'bit spinlock': body =>
      function* (cpu) {
        yield cpu.bitSpinLock(0, w.bits, bitClass);
        yield* body(cpu);
        yield cpu.bitSpinUnlock(0, w.bits);
      },
    'rwlock for writing': body =>
      function* (cpu) {
        yield cpu.writeLock(w.rw);
        yield* body(cpu);
        yield cpu.writeUnlock(w.rw);
      },
    'successful trylock': body =>
      function* (cpu) {
        if ((yield cpu.spinTrylock(w.spin)) === 0) return;
        yield* body(cpu);
        yield cpu.spinUnlock(w.spin);
      },
  };
  const readers: Body = function* (cpu) {
    yield cpu.readLock(w.rw);
    yield cpu.loadPlain(w.data);
    yield cpu.readUnlock(w.rw);
  };
  for (const [name, locked] of Object.entries(kinds)) {
    it(name, () => {
      clean(locked(write), locked(write));
      racy(locked(write), read);
    });
  }
  it('rwlock readers against a writer, also when another reader came between', () => {
    const writer = kinds['rwlock for writing'](write);
    clean(writer, readers);
    expect(verdicts(layout, [readers, readers, writer])).toEqual(['none']);
  });
  it('not rwlock readers that write', () => {
    const writing: Body = function* (cpu) {
      yield cpu.readLock(w.rw);
      yield cpu.storePlain(w.data, 1);
      yield cpu.readUnlock(w.rw);
    };
    racy(writing, readers);
  });
});

describe('plain accesses and RCU:', () => {
  const setup: Body = function* (cpu) {
    yield cpu.storePlain(objects[0].val, 1);
    yield cpu.rcuAssignPointer(w.p, objects[0].base);
  };
  const reader = (locked: boolean): Body =>
    function* (cpu) {
      if (locked) yield cpu.rcuReadLock();
      const found = yield cpu.rcuDereference(w.p);
      if (found !== 0) yield cpu.loadPlain(found);
      if (locked) yield cpu.rcuReadUnlock();
    };
  const updater = (wait: boolean): Body =>
    function* (cpu) {
      yield cpu.rcuAssignPointer(w.p, 0);
      if (wait) yield* cpu.synchronizeRcu();
      yield cpu.storePlain(objects[0].val, 2);
    };
  it('an update after synchronize_rcu does not race with earlier readers', () => {
    for (const memory of memoryNames) {
      expect(verdicts(layout, [reader(true), updater(true)], { memory, setup }), memory).toEqual(['none']);
    }
  });
  it('it does without the grace period, or without the section', () => {
    expect(verdicts(layout, [reader(true), updater(false)], { setup })).toContain('data-race');
    expect(verdicts(layout, [reader(false), updater(true)], { setup })).toContain('data-race');
  });
  it('a section that begins after a grace period has started is ordered after what preceded that', () => {
    const before: Body = function* (cpu) {
      yield cpu.storePlain(w.data, 1);
      yield* cpu.synchronizeRcu();
      yield cpu.writeOnce(w.flag, 1);
    };
    const section: Body = function* (cpu) {
      yield cpu.rcuReadLock();
      if ((yield cpu.readOnce(w.flag)) === 1) yield cpu.loadPlain(w.data);
      yield cpu.rcuReadUnlock();
    };
    clean(before, section);
  });
  it('SRCU orders likewise', () => {
    const section: Body = function* (cpu) {
      yield cpu.srcuReadLock(srcu);
      const found = yield cpu.rcuDereference(w.p);
      if (found !== 0) yield cpu.loadPlain(found);
      yield cpu.srcuReadUnlock(srcu);
    };
    const update: Body = function* (cpu) {
      yield cpu.rcuAssignPointer(w.p, 0);
      yield* cpu.synchronizeSrcu(srcu);
      yield cpu.storePlain(objects[0].val, 2);
    };
    expect(verdicts(layout, [section, update], { memory: 'arm64', setup })).toEqual(['none']);
  });
});

describe('plain accesses and the slab:', () => {
  const user = (release: boolean): Body =>
    function* (cpu) {
      const object = yield cpu.rcuDereference(w.p);
      yield cpu.loadPlain(object);
      yield release ? cpu.smpStoreRelease(w.flag, 1) : cpu.writeOnce(w.flag, 1);
    };
  const freer: Body = function* (cpu) {
    yield cpu.smpCondLoadAcquire(w.flag, 1, 1);
    yield cpu.kfree(yield cpu.readOnce(w.p));
    const again = yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail);
    yield cpu.storePlain(again, 3);
    yield cpu.kfree(again);
  };
  const setup: Body = function* (cpu) {
    const object = yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail);
    yield cpu.storePlain(object, 1);
    yield cpu.writeOnce(w.p, object);
  };
  it('a free that is not ordered after a reader races with it', () => {
    expect(verdicts(layout, [user(false), freer], { setup })).toEqual(['data-race']);
  });
  it('one that is does not, nor does the next life of the object with the last', () => {
    for (const memory of memoryNames) {
      expect(verdicts(layout, [user(true), freer], { memory, setup }), memory).toEqual(['none']);
    }
  });
});
