import { describe, expect, it } from 'vitest';
import { Layout, lock, word } from '../../src/engine/layout.ts';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { type Body, run, script, verdicts } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word(), z: word(), a: lock('Spinlock'), flag: word() });
const page = layout.tlb('page');

/** Runs a task with one interrupt under every schedule; returns all distinct logs. */
function logs(
  task: (log: string[]) => Body,
  handler: (log: string[]) => Body,
  other?: Body,
): readonly string[] {
  const log: string[] = [];
  const seen = new Set<string>();
  const body: Body = function* (cpu) {
    log.length = 0;
    yield* task(log)(cpu);
  };
  const cpus = other === undefined ? [body] : [body, other];
  const end: Body = function* (cpu) {
    yield* handler(log)(cpu);
    seen.add(log.join(' '));
  };
  for (const v of verdicts(layout, cpus, { interrupts: [[end]] })) seen.add(v);
  return [...seen].sort();
}

describe('an interrupt', () => {
  it('may arrive at every access of its CPU, and need not', () => {
    const task = (log: string[]): Body =>
      function* (cpu) {
        yield cpu.readOnce(w.x);
        log.push('t1');
        yield cpu.readOnce(w.x);
        log.push('t2');
      };
    const handler = (log: string[]): Body =>
      function* (cpu) {
        log.push('h');
        yield cpu.readOnce(w.y);
      };
    expect(logs(task, handler)).toEqual(['h', 'none', 't1 h']);
  });
  it('runs to its end before the interrupted code goes on', () => {
    const task = (log: string[]): Body =>
      function* (cpu) {
        yield cpu.readOnce(w.x);
        log.push('t1');
        yield cpu.readOnce(w.x);
        log.push('t2');
      };
    const handler = (log: string[]): Body =>
      function* (cpu) {
        yield cpu.readOnce(w.y);
        log.push('h1');
        yield cpu.readOnce(w.y);
        log.push('h2');
      };
    expect(logs(task, handler)).toEqual(['h1 h2', 'none', 't1 h1 h2']);
  });
  it('does not arrive while interrupts are off', () => {
    const task = (log: string[]): Body =>
      function* (cpu) {
        cpu.localIrqDisable();
        yield cpu.readOnce(w.x);
        log.push('t1');
        yield cpu.readOnce(w.x);
        log.push('t2');
        cpu.localIrqEnable();
        yield cpu.readOnce(w.x);
        log.push('t3');
      };
    const handler = (log: string[]): Body =>
      function* (cpu) {
        log.push('h');
        yield cpu.readOnce(w.y);
      };
    expect(logs(task, handler)).toEqual(['none', 't1 t2 h']);
  });
  it('gives the interrupted access its result back', () => {
    const task: Body = function* (cpu) {
      yield cpu.writeOnce(w.x, 5);
      expect(yield cpu.atomicFetchAdd(w.x, 1)).toBe(5);
      expect(yield cpu.readOnce(w.x)).toBe(6);
    };
    const handler: Body = function* (cpu) {
      yield cpu.writeOnce(w.y, 9);
      expect(yield cpu.readOnce(w.y)).toBe(9);
    };
    for (const memory of memoryNames) {
      expect(verdicts(layout, [task], { memory, interrupts: [[handler]] })).toEqual(['none']);
    }
  });
  it('arrives also when its CPU has finished or waits', () => {
    const waiting: Body = function* (cpu) {
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
    };
    const setting: Body = function* (cpu) {
      yield cpu.writeOnce(w.x, 1);
    };
    expect(run(layout, [waiting], { interrupts: [[setting]] }).violation).toBe(null);
    const idle: Body = function* () {};
    const other: Body = function* (cpu) {
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
    };
    expect(run(layout, [idle, other], { interrupts: [[setting]] }).violation).toBe(null);
  });
  it('several arrive in their order, one after the other', () => {
    const order: number[] = [];
    const task: Body = function* (cpu) {
      for (let i = 0; i < 3; i++) yield cpu.readOnce(w.x);
    };
    const handler = (n: number): Body =>
      function* (cpu) {
        yield cpu.readOnce(w.y);
        order.push(n);
      };
    run(layout, [task], { interrupts: [[handler(1), handler(2)]], source: script(1, 0, 1) });
    expect(order).toEqual([1, 2]);
  });
  it('does not come between the walk of a translation and the access through it', () => {
    const task = (log: string[]): Body =>
      function* (cpu) {
        yield cpu.writeOnce(w.y, 1);
        log.push('t1');
        yield cpu.walk(page, w.y);
        log.push('walk');
        yield cpu.readDependent(w.x);
        log.push('access');
        yield cpu.readOnce(w.z);
      };
    const handler = (log: string[]): Body =>
      function* (cpu) {
        log.push('h');
        yield cpu.readOnce(w.y);
      };
    expect(logs(task, handler)).toEqual(['h', 'none', 't1 h', 't1 walk access h']);
  });
});

describe('a deadlock with an interrupt', () => {
  it('on a flag that the interrupted code should set names the handler', () => {
    const task: Body = function* task(cpu) {
      yield cpu.readOnce(w.x);
      yield cpu.writeOnce(w.flag, 1);
    };
    const handler: Body = function* handler(cpu) {
      yield cpu.waitBitAcquire(0, w.flag);
    };
    const { violation } = run(layout, [task], { interrupts: [[handler]], source: script(1) });
    expect(violation?.oracle).toBe('deadlock');
    expect(violation?.details).toEqual(['CPU0 in handler waits for w.flag to become 1 (it is 0)']);
  });
  it('on a lock that the interrupted code holds is reported, as the inconsistent state that it is', () => {
    const task: Body = function* (cpu) {
      yield cpu.spinLock(w.a);
      yield cpu.readOnce(w.x);
      yield cpu.spinUnlock(w.a);
    };
    const handler: Body = function* (cpu) {
      yield cpu.spinLock(w.a);
      yield cpu.spinUnlock(w.a);
    };
    expect(verdicts(layout, [task], { interrupts: [[handler]] })).toEqual(['irq-lock-state', 'none']);
  });
});

describe('a handler', () => {
  const task: Body = function* (cpu) {
    yield cpu.readOnce(w.x);
  };
  it('that ends with a lock held is reported', () => {
    const handler: Body = function* handler(cpu) {
      yield cpu.spinLock(w.a);
    };
    const { violation } = run(layout, [task], { interrupts: [[handler]], source: script(1) });
    expect(violation?.message).toBe('w.a is still held at the end of handler');
  });
  it('that leaves preemption off is an error of the model', () => {
    const handler: Body = function* handler(cpu) {
      yield cpu.readOnce(w.x);
      cpu.preemptDisable();
    };
    expect(() => run(layout, [task], { interrupts: [[handler]], source: script(1) })).toThrow(
      'handler: the interrupt handler does not leave the context as it found it',
    );
  });
});
