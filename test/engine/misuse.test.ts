import { describe, expect, it } from 'vitest';
import { Access } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { Layout, lock, plain, word } from '../../src/engine/layout.ts';
import { End } from '../../src/engine/program.ts';
import { type Body, calm, programOf, run, script } from './run.ts';

// Errors of the model, not findings: each names the operation.

const layout = new Layout();
const w = layout.struct('w', { x: word(), p: plain(), mutex: lock('Mutex'), spin: lock('Spinlock') });
const srcu = layout.srcu();

/** The CPU that runs `idle`. */
let other: Cpu | null = null;

const wrong: Readonly<Record<string, readonly [body: Body, message: string]>> = {
  'an access described and not yielded before the next': [
    function* op(cpu) {
      cpu.readOnce(w.x);
      yield cpu.readOnce(w.x);
    },
    'op: an access to w.x was described but never yielded (forgotten yield?)',
  ],
  'an access described and not yielded at the end': [
    function* op(cpu) {
      yield cpu.readOnce(w.x);
      cpu.writeOnce(w.x, 1);
    },
    'op: an access to w.x was described but never yielded (forgotten yield?)',
  ],
  'an access yielded twice': [
    function* op(cpu) {
      const access = cpu.readOnce(w.x);
      yield access;
      yield access;
    },
    'op: yielded something that is not an access of its CPU',
  ],
  'an access of nobody': [
    function* op() {
      yield Access.described;
    },
    'op: yielded something that is not an access of its CPU',
  ],
  'an access of another CPU': [
    function* op(cpu) {
      yield cpu.readOnce(w.x);
      if (other !== null) yield other.readOnce(w.x);
    },
    'an access to w.x was described but never yielded (forgotten yield?)',
  ],
  'a plain access to a word that is not declared plain': [
    function* op(cpu) {
      yield cpu.loadPlain(w.x);
    },
    'plain access to w.x, which is not declared plain',
  ],
  'a spinlock primitive on a mutex': [
    function* op(cpu) {
      yield cpu.spinLock(w.mutex);
    },
    'op: w.mutex is not declared as a spinning lock',
  ],
  'a mutex primitive on a spinlock': [
    function* op(cpu) {
      yield cpu.mutexLock(w.spin);
    },
    'op: w.spin is not declared as a sleeping lock',
  ],
  'a lock primitive on an ordinary word': [
    function* op(cpu) {
      yield cpu.spinLock(w.x);
    },
    'op: w.x is not declared as a spinning lock',
  ],
  'preempt_enable without preempt_disable': [
    function* op(cpu) {
      cpu.preemptEnable();
    },
    'op: preempt_enable without preempt_disable',
  ],
  'rcu_read_unlock without rcu_read_lock': [
    function* op(cpu) {
      yield cpu.rcuReadUnlock();
    },
    'op: rcu_read_unlock without rcu_read_lock',
  ],
  'srcu_read_unlock without srcu_read_lock': [
    function* op(cpu) {
      yield cpu.srcuReadUnlock(srcu);
    },
    'op: srcu_read_unlock without srcu_read_lock',
  ],
  'an operation that ends with preemption off': [
    function* op(cpu) {
      yield cpu.readOnce(w.x);
      cpu.preemptDisable();
    },
    'op ends in atomic context',
  ],
  'an operation that ends in an RCU section': [
    function* op(cpu) {
      yield cpu.rcuReadLock();
    },
    'op ends in atomic context',
  ],
};

const idle: Body = function* (cpu) {
  other = cpu;
  yield cpu.readOnce(w.x);
};

describe('an error of the model is', () => {
  for (const [name, [body, message]] of Object.entries(wrong)) {
    it(name, () => {
      expect(() => run(layout, [body, idle])).toThrow(EngineError);
      expect(() => run(layout, [body, idle])).toThrow(message);
    });
  }
  it('named after the handler in an interrupt', () => {
    const handler: Body = function* handler(cpu) {
      cpu.readOnce(w.x);
      yield cpu.readOnce(w.x);
    };
    expect(() => run(layout, [idle], { interrupts: [[handler]], source: script(1) })).toThrow(
      'handler: an access',
    );
  });
});

describe('after an error', () => {
  it('the machine runs the next program as if nothing had happened', () => {
    const { machine } = run(layout, [idle]);
    const bad: Body = function* (cpu) {
      yield cpu.spinLock(w.spin);
      throw new TypeError('the model');
    };
    expect(() => machine.run(programOf([idle], { setup: bad }), calm)).toThrow('the model');
    expect(machine.run(programOf([idle]), calm)).toBe(End.Done);
    expect(machine.steps).toBe(1);
    const locking: Body = function* (cpu) {
      yield cpu.spinLock(w.spin);
      yield cpu.spinUnlock(w.spin);
    };
    expect(machine.run(programOf([locking]), calm)).toBe(End.Done);
  });
});
