import { describe, expect, it } from 'vitest';
import type { DecisionSource } from '../../src/engine/decisions.ts';
import { flags, Layout, lock, word } from '../../src/engine/layout.ts';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { type Body, run, script, verdict, verdicts } from './run.ts';

// How executions end: deadlock, livelock, a long run.

const layout = new Layout();
const w = layout.struct('w', {
  x: word(),
  y: word(),
  bits: flags(['PG_locked', 'PG_tagged']),
  a: lock('Mutex'),
  b: lock('Mutex'),
});
const bitClass = layout.lockClass('folio');

describe('deadlock', () => {
  it('says who waits for what', () => {
    const holder: Body = function* holder(cpu) {
      yield cpu.mutexLock(w.a);
      yield cpu.waitBit(1, w.bits);
      yield cpu.mutexUnlock(w.a);
    };
    const waiter: Body = function* waiter(cpu) {
      yield cpu.mutexLock(w.a);
      yield cpu.setBit(1, w.bits);
      yield cpu.mutexUnlock(w.a);
    };
    const { violation, end } = run(layout, [holder, waiter]);
    expect(end).toBe(End.Violation);
    expect(violation?.oracle).toBe('deadlock');
    expect(violation?.details).toEqual([
      'CPU0 in holder waits for w.bits to become PG_tagged (it is 0)',
      'CPU1 in waiter waits for w.a, held by CPU0',
    ]);
  });
  it('names the holder of a folio lock', () => {
    const holder: Body = function* holder(cpu) {
      yield cpu.folioLock(0, w.bits, bitClass);
      yield cpu.waitBit(1, w.bits);
    };
    const waiter: Body = function* waiter(cpu) {
      yield cpu.folioLock(0, w.bits, bitClass);
    };
    expect(run(layout, [holder, waiter]).violation?.details[1]).toBe(
      'CPU1 in waiter waits for PG_locked in w.bits, held by CPU0',
    );
  });
  it('a grace period that its own reader waits for is a deadlock', () => {
    const reader: Body = function* (cpu) {
      yield cpu.rcuReadLock();
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
      yield cpu.rcuReadUnlock();
    };
    const updater: Body = function* (cpu) {
      yield* cpu.synchronizeRcu();
      yield cpu.writeOnce(w.x, 1);
    };
    const { violation } = run(layout, [reader, updater], { source: script(0) });
    expect(violation?.details[1]).toBe('CPU1 in updater waits for a grace period');
  });
  it('is not reported while a store is delayed that would end the wait', () => {
    const setter: Body = function* (cpu) {
      yield cpu.writeOnce(w.x, 1);
    };
    const waiter: Body = function* (cpu) {
      yield cpu.smpCondLoadAcquire(w.x, 1, 1);
    };
    for (const memory of memoryNames)
      expect(verdicts(layout, [setter, waiter], { memory })).toEqual(['none']);
  });
  it('a delayed unlock is no deadlock', () => {
    const spin = new Layout();
    const { lock: l } = spin.struct('s', { lock: lock('Spinlock') });
    const body: Body = function* (cpu) {
      yield cpu.spinLock(l);
      yield cpu.spinUnlock(l);
      yield cpu.spinLock(l);
      yield cpu.spinUnlock(l);
    };
    for (const memory of memoryNames) expect(verdicts(spin, [body, body], { memory })).toEqual(['none']);
  });
});

const spin: Body = function* spin(cpu) {
  while ((yield cpu.readOnce(w.x)) === 0) yield cpu.cpuRelax();
};

describe('livelock', () => {
  it('is reported after a bound without an operation completing, with who spins where', () => {
    const { violation, machine } = run(layout, [spin], { livelockBound: 100 });
    expect(violation?.oracle).toBe('livelock');
    expect(violation?.details).toEqual(['CPU0 in spin at cpu_relax']);
    expect(machine.steps).toBe(101);
  });
  it('is not what a long run of short operations is', () => {
    const short: Body = function* (cpu) {
      for (let i = 0; i < 50; i++) yield cpu.readOnce(w.x);
    };
    const machine = run(layout, [short], { livelockBound: 100 }).machine;
    const bound = { name: 'short', args: [], start: short };
    const program = { setup: [], cpus: [Array.from({ length: 10 }, () => bound)], interrupts: [] };
    expect(machine.run(program, script())).toBe(End.Done);
    expect(machine.steps).toBe(500);
  });
  it('a run longer than maxSteps ends without a verdict', () => {
    const long: Body = function* (cpu) {
      for (let i = 0; i < 50; i++) yield cpu.readOnce(w.x);
    };
    expect(run(layout, [long], { maxSteps: 20 }).end).toBe(End.Long);
  });
  it('cpu_relax lets the others run in a calm execution', () => {
    const setter: Body = function* (cpu) {
      yield cpu.writeOnce(w.x, 1);
    };
    expect(verdict(layout, [spin, setter])).toBe(null);
  });

  /** As hostile as can be: everything is delayed, nothing ever committed, every read as stale as possible. */
  const hostile: DecisionSource = {
    everyStep: false,
    begin: () => {},
    choose: (kind, n) => (kind === 0 ? 0 : n - 1),
  };
  it('a spinning CPU is not kept from the newest value for ever', () => {
    const setter: Body = function* (cpu) {
      yield cpu.writeOnce(w.y, 1);
      yield cpu.writeOnce(w.x, 1);
    };
    for (const memory of memoryNames) {
      expect(verdict(layout, [spin, setter], { memory, source: hostile }), memory).toBe(null);
    }
  });
  it('nor one that spins on two words in turn', () => {
    const both: Body = function* (cpu) {
      while ((yield cpu.readOnce(w.x)) === 0 || (yield cpu.readOnce(w.y)) === 0) yield cpu.cpuRelax();
    };
    const setter: Body = function* (cpu) {
      yield cpu.setBit(0, w.x);
      yield cpu.setBit(0, w.y);
    };
    expect(verdict(layout, [both, setter], { memory: 'arm64', source: hostile })).toBe(null);
  });
  it('a cmpxchg loop is not failed by stale values for ever', () => {
    const swap: Body = function* (cpu) {
      while ((yield cpu.cmpxchg(w.x, 2, 3)) !== 2) yield cpu.cpuRelax();
    };
    const setter: Body = function* (cpu) {
      yield cpu.xchg(w.x, 1);
      yield cpu.xchg(w.x, 2);
    };
    expect(verdict(layout, [swap, setter], { memory: 'arm64', source: hostile })).toBe(null);
  });
});
