import { describe, expect, it } from 'vitest';
import { Choice } from '../../src/engine/access.ts';
import type { DecisionSource } from '../../src/engine/decisions.ts';
import { Gfp } from '../../src/engine/gfp.ts';
import { Layout, lock, plain, pointer, word, words } from '../../src/engine/layout.ts';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { POISON } from '../../src/engine/slab.ts';
import { type Body, run, script, verdict, verdicts } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { x: word(), p: pointer(), number: word(), slots: words(2, pointer()) });
const { cache, objects } = layout.cache('buf', 3, {
  data: word(),
  plain: plain(),
  next: pointer(),
  lock: lock('Spinlock'),
});
const field = (object: number, name: 'data' | 'plain' | 'next' | 'lock'): number =>
  object - objects[0].base + objects[0][name];

/** Fails the allocations with these ordinals. */
function failing(...which: readonly number[]): DecisionSource {
  let n = 0;
  return {
    everyStep: false,
    begin: () => {
      n = 0;
    },
    choose: kind => (kind === Choice.Fail && which.includes(n++) ? 1 : 0),
  };
}

describe('allocation', () => {
  it('hands out poisoned memory last used longest ago', () => {
    const got: number[] = [];
    const body: Body = function* (cpu) {
      for (let i = 0; i < 4; i++) {
        const object = yield cpu.kmalloc(cache, Gfp.Kernel);
        got.push(object);
        yield cpu.writeOnce(field(object, 'data'), 1);
        yield cpu.kfree(object);
        expect(cpu.machine.peek(field(object, 'data'))).toBe(POISON);
      }
    };
    expect(verdict(layout, [body])).toBe(null);
    expect(got).toEqual([objects[0].base, objects[1].base, objects[2].base, objects[0].base]);
  });
  it('fails by decision, unless it may not', () => {
    const got: boolean[] = [];
    const body: Body = function* (cpu) {
      for (const gfp of [Gfp.Kernel, Gfp.Kernel, Gfp.Kernel | Gfp.Nofail]) {
        const object = yield cpu.kmalloc(cache, gfp);
        got.push(object !== 0);
        yield cpu.kfree(object);
      }
    };
    expect(verdict(layout, [body], { source: failing(0, 2) })).toBe(null);
    expect(got).toEqual([false, true, true]);
  });
  it('fails when the cache is empty; one that may not fail is then an error of the model', () => {
    const fill = (gfp: number): Body =>
      function* fill(cpu) {
        for (let i = 0; i < 3; i++) yield cpu.kmalloc(cache, gfp);
        expect(yield cpu.kmalloc(cache, gfp)).toBe(0);
      };
    expect(verdict(layout, [fill(Gfp.Kernel)])).toBe('leak');
    expect(() => run(layout, [fill(Gfp.Kernel | Gfp.Nofail)])).toThrow('fill: buf has no object left');
  });
  it('is exhausted afresh in every execution', () => {
    const body: Body = function* (cpu) {
      for (let i = 0; i < 2; i++) yield cpu.writeOnce(w.slots[i], yield cpu.kmalloc(cache, Gfp.Kernel));
    };
    const { machine } = run(layout, [body]);
    const bound = { name: 'body', args: [], start: body };
    for (let i = 0; i < 5; i++)
      expect(machine.run({ setup: [], cpus: [[bound]], interrupts: [] }, script())).toBe(0);
    expect(machine.slab.live).toBe(2);
  });
});

describe('use after free', () => {
  const freed = (after: (object: number) => Body): Body =>
    function* (cpu) {
      const object = yield cpu.kmalloc(cache, Gfp.Kernel);
      yield cpu.kfree(object);
      yield* after(object)(cpu);
    };
  it('of a load, a store and a lock is reported', () => {
    const uses: readonly ((object: number) => Body)[] = [
      o =>
        function* (cpu) {
          yield cpu.readOnce(field(o, 'data'));
        },
      o =>
        function* (cpu) {
          yield cpu.storePlain(field(o, 'plain'), 1);
        },
      o =>
        function* (cpu) {
          yield cpu.spinLock(field(o, 'lock'));
        },
      o =>
        function* (cpu) {
          yield cpu.smpCondLoadAcquire(field(o, 'data'), 1, 1);
        },
    ];
    for (const use of uses) expect(verdict(layout, [freed(use)])).toBe('use-after-free');
  });
  it('names the object, and the place that freed it', () => {
    const { violation } = run(layout, [
      freed(
        o =>
          function* (cpu) {
            yield cpu.readOnce(field(o, 'data'));
          },
      ),
    ]);
    expect(violation?.message).toBe('access to buf[0].data, whose object was freed');
    expect(violation?.object).toBe('buf.data');
  });
  it('of memory never allocated is reported as such', () => {
    const body: Body = function* (cpu) {
      yield cpu.readOnce(objects[1].data);
    };
    expect(run(layout, [body]).violation?.message).toBe(
      'access to buf[1].data, whose object was never allocated',
    );
  });
  it('is reported of a CPU that waits for a lock in the object', () => {
    const holder: Body = function* (cpu) {
      const object = yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.spinLock(field(object, 'lock'));
      yield cpu.smpStoreRelease(w.p, object);
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
      yield cpu.spinUnlock(field(object, 'lock'));
      yield cpu.kfree(object);
    };
    const waiter: Body = function* (cpu) {
      yield cpu.smpCondLoadAcquire(w.p, -1, objects[0].base);
      yield cpu.smpStoreRelease(w.x, 1);
      yield cpu.spinLock(objects[0].lock);
      yield cpu.spinUnlock(objects[0].lock);
    };
    expect(verdicts(layout, [holder, waiter])).toEqual(['lock-order', 'none', 'use-after-free']);
  });
  it('is what a store still delayed at another CPU is when the object is freed', () => {
    const user: Body = function* (cpu) {
      yield cpu.writeOnce(objects[0].data, 1);
      // Relaxed: does not order the store before the drop of the reference.
      yield cpu.atomicDec(w.x);
    };
    const freer = (ordered: boolean): Body =>
      function* (cpu) {
        yield cpu.smpCondLoadAcquire(w.x, -1, ordered ? 2 : 0);
        yield cpu.kfree(objects[0].base);
      };
    const setup: Body = function* (cpu) {
      yield cpu.writeOnce(w.p, yield cpu.kmalloc(cache, Gfp.Kernel));
      yield cpu.writeOnce(w.x, 1);
    };
    expect(verdicts(layout, [user, freer(false)], { memory: 'arm64', setup })).toEqual([
      'none',
      'use-after-free',
    ]);
    expect(verdicts(layout, [user, freer(false)], { memory: 'sc', setup })).toEqual(['none']);
    const ordered: Body = function* (cpu) {
      yield cpu.writeOnce(objects[0].data, 1);
      yield cpu.smpStoreRelease(w.x, 2);
    };
    expect(verdicts(layout, [ordered, freer(true)], { memory: 'arm64', setup })).toEqual(['none']);
  });
  it('a delayed store of the freeing CPU itself does not reach the next life of the object', () => {
    const one = new Layout();
    const small = one.cache('one', 1, { data: word() });
    const s = one.struct('s', { p: pointer() });
    const first: Body = function* (cpu) {
      const object = yield cpu.kmalloc(small.cache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.writeOnce(object, 1);
      yield cpu.kfree(object);
      const again = yield cpu.kmalloc(small.cache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.writeOnce(again, 2);
      yield cpu.smpMb();
      cpu.warnOn((yield cpu.readOnce(again)) !== 2, 'an older life shows');
      yield cpu.writeOnce(s.p, again);
    };
    for (const memory of memoryNames) expect(verdicts(one, [first], { memory })).toEqual(['none']);
  });
});

describe('freeing', () => {
  it('twice is reported, NULL is not', () => {
    const body: Body = function* (cpu) {
      yield cpu.kfree(0);
      const object = yield cpu.kmalloc(cache, Gfp.Kernel);
      yield cpu.kfree(object);
      yield cpu.kfree(object);
    };
    expect(run(layout, [body]).violation?.message).toBe('buf[0] is freed but not live');
    expect(verdict(layout, [body])).toBe('double-free');
  });
  it('a pointer into an object is reported', () => {
    const body: Body = function* (cpu) {
      const object = yield cpu.kmalloc(cache, Gfp.Kernel);
      yield cpu.kfree(object + 1);
    };
    expect(verdict(layout, [body])).toBe('double-free');
  });
  it('an object with a held lock is reported', () => {
    const body: Body = function* (cpu) {
      const object = yield cpu.kmalloc(cache, Gfp.Kernel);
      yield cpu.spinLock(field(object, 'lock'));
      yield cpu.kfree(object);
    };
    expect(run(layout, [body]).violation?.message).toBe('buf[0] is freed while CPU0 holds buf[0].lock');
  });
});

describe('leaks', () => {
  const keep = (store: (first: number, second: number) => Body): Body =>
    function* (cpu) {
      const first = yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail);
      const second = yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail);
      yield cpu.writeOnce(field(first, 'next'), 0);
      yield cpu.writeOnce(field(second, 'next'), 0);
      yield* store(first, second)(cpu);
    };
  const chain = (where: number): Body =>
    keep(
      (first, second) =>
        function* (cpu) {
          yield cpu.writeOnce(field(first, 'next'), second);
          yield cpu.writeOnce(where, first);
        },
    );
  it('an object that a pointer reaches is none, nor one that it leads to', () => {
    expect(verdict(layout, [chain(w.p)])).toBe(null);
  });
  it('a word that is no pointer does not keep an object', () => {
    expect(verdict(layout, [chain(w.number)])).toBe('leak');
  });
  it('objects that only refer to each other are leaked', () => {
    const ring = keep(
      (first, second) =>
        function* (cpu) {
          yield cpu.writeOnce(field(first, 'next'), second);
          yield cpu.writeOnce(field(second, 'next'), first);
        },
    );
    expect(run(layout, [ring]).violation?.message).toBe('buf[0] is live but nothing refers to it');
  });
  it('a pointer into an object keeps it', () => {
    const body: Body = function* (cpu) {
      const object = yield cpu.kmalloc(cache, Gfp.Kernel);
      yield cpu.writeOnce(field(object, 'next'), 0);
      yield cpu.writeOnce(w.p, object + 2);
    };
    expect(verdict(layout, [body])).toBe(null);
  });
  it('a delayed store of the only pointer is in time', () => {
    expect(verdicts(layout, [chain(w.p)], { memory: 'tso' })).toEqual(['none']);
  });
});
