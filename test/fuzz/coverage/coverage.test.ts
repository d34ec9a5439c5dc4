import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../../src/engine/access.ts';
import type { Cpu } from '../../../src/engine/cpu.ts';
import type { DecisionSource } from '../../../src/engine/decisions.ts';
import { flags, Layout, lock, pointer, word } from '../../../src/engine/layout.ts';
import { Machine } from '../../../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../../../src/engine/memory/index.ts';
import { siteOf } from '../../../src/engine/sites.ts';
import { RandomWalk } from '../../../src/engine/strategies/random.ts';
import { classOf, featureClasses } from '../../../src/fuzz/coverage/classes.ts';
import { Coverage } from '../../../src/fuzz/coverage/coverage.ts';
import { CoverageMap } from '../../../src/fuzz/coverage/map.ts';
import { calm, script } from '../../engine/run.ts';

const layout = new Layout();
const w = layout.struct('w', {
  x: word(),
  y: word(),
  f: flags(['a', 'b']),
  l: lock('Mutex'),
  m: lock('Mutex'),
  p: pointer(),
});

type Body = (cpu: Cpu, at: (what: string) => void) => Kernel;

/** A machine whose accesses have the sites that the body names before them. */
function setUp(memory: MemoryName, bodies: readonly Body[]) {
  const machine = new Machine(layout, { cpus: bodies.length, memory: memoryModels[memory] });
  const map = new CoverageMap();
  const coverage = new Coverage(machine, { layout }, map);
  const cpus = bodies.map((body, i) => [
    {
      name: `op${i}`,
      args: [],
      start: (cpu: Cpu) =>
        body(cpu, what => {
          cpu.site = siteOf('test', `cpu${i}`, what, 1);
        }),
    },
  ]);
  /** Runs once; the number of new features by class. */
  const run = (source: DecisionSource): Readonly<Record<string, number>> => {
    coverage.begin();
    machine.observer = coverage.log;
    machine.run({ setup: [], cpus, interrupts: [] }, source);
    const found: Record<string, number> = {};
    for (const cell of coverage.look()) {
      const name = featureClasses[classOf(cell)]?.name ?? '';
      found[name] = (found[name] ?? 0) + 1;
    }
    return found;
  };
  return { machine, map, coverage, run };
}

const store: Body = function* (cpu, at) {
  at('x=1');
  yield cpu.writeOnce(w.x, 1);
};
const load: Body = function* (cpu, at) {
  at('r=x');
  yield cpu.readOnce(w.x);
};
/** Another CPU first: answer 1 among the two that can run. */
const otherFirst = script(1);

describe('features of an execution', () => {
  it('tells a load that saw the store from one that came before it', () => {
    const { run } = setUp('sc', [store, load]);
    // Two sites, the load of the store, the hand-off from store to load, and one operation beside another.
    expect(run(calm)).toEqual({ sites: 2, 'reads-from': 1, 'hand-offs': 1, contexts: 1 });
    expect(run(otherFirst)).toEqual({ 'reads-from': 1, 'hand-offs': 1 });
    expect(run(calm)).toEqual({});
  });

  it('counts no hand-off between two loads, nor between accesses of one CPU', () => {
    const twice: Body = function* (cpu, at) {
      yield* load(cpu, at);
      at('again');
      yield cpu.readOnce(w.x);
    };
    expect(setUp('sc', [twice, load]).run(calm)['hand-offs']).toBeUndefined();
  });

  it('sees that a delayed store was overtaken, and that it was delayed when it was read', () => {
    const writer: Body = function* (cpu, at) {
      yield* store(cpu, at);
      at('y=1');
      yield cpu.writeOnce(w.y, 1);
    };
    const { run } = setUp('arm64', [writer, load]);
    const inOrder = run(calm);
    expect(inOrder.windows).toBeUndefined();
    // CPU 0 runs (of two); its store is delayed; CPU 0 again (of two and a commit); not delayed; then the commit.
    const delayed = run(script(0, 1, 0, 0, 1));
    expect(delayed.windows).toBe(1);
    expect(delayed['reads-from']).toBe(1);
  });

  it('sees that a load looked past a newer value that an access before it came after', () => {
    const reader: Body = function* (cpu, at) {
      at('r=y');
      yield cpu.readOnce(w.y);
      at('r=x');
      yield cpu.readOnce(w.x);
    };
    const writer: Body = function* (cpu, at) {
      yield* store(cpu, at);
      at('y=1');
      yield cpu.writeOnce(w.y, 1);
    };
    const { run } = setUp('arm64', [writer, reader]);
    run(calm);
    // The writer runs through, nothing delayed; the reader sees the new y and the old x.
    const stale = run(script(0, 0, 0, 0, 0, 1));
    expect(stale.windows).toBe(1);
    expect(stale['reads-from']).toBe(1);
  });

  it('counts each order of two locks once', () => {
    const nested = (one: number, other: number): Body =>
      function* (cpu, at) {
        at('lock');
        yield cpu.mutexLock(one);
        at('inner');
        yield cpu.mutexLock(other);
        at('unlock inner');
        yield cpu.mutexUnlock(other);
        at('unlock');
        yield cpu.mutexUnlock(one);
      };
    // One order of locks, and two operations that overlap.
    expect(setUp('sc', [nested(w.l, w.m), nested(w.l, w.m)]).run(calm).contexts).toBe(2);
  });

  it('follows words of flags as objects of their own, and what a model declares instead', () => {
    const setter: Body = function* (cpu, at) {
      at('set a');
      yield cpu.setBit(0, w.f);
      at('set b');
      yield cpu.setBit(1, w.f);
      at('clear a');
      yield cpu.clearBit(0, w.f);
    };
    const { run, machine } = setUp('sc', [setter, load]);
    expect(run(calm).states).toBe(3);
    const abstraction = {
      kind: 'any',
      objects: [[w.f]],
      state: (words: Int32Array) => (words[w.f] === 0 ? 0 : 1),
    };
    const declared = new Coverage(machine, { layout, abstractions: [abstraction] }, new CoverageMap());
    declared.begin();
    machine.observer = declared.log;
    const { program } = machine;
    if (program !== null) machine.run(program, calm);
    const states = declared.look().filter(cell => featureClasses[classOf(cell)]?.name === 'states');
    expect(states).toHaveLength(1);
  });

  it('sees that a pointer is changed while another CPU reads under RCU, also in executions that are not counted', () => {
    const updater: Body = function* (cpu, at) {
      at('p=0');
      yield cpu.writeOnce(w.p, 0);
    };
    const reader: Body = function* (cpu, at) {
      at('lock');
      yield cpu.rcuReadLock();
      at('r=p');
      yield cpu.readOnce(w.p);
      at('unlock');
      yield cpu.rcuReadUnlock();
    };
    const { run } = setUp('sc', [updater, reader]);
    expect(run(calm)['contexts']).toBe(1);
    // The reader first, and the updater after its lock.
    expect(run(script(1, 1))['contexts']).toBe(1);
    expect(run(script(1, 1))['contexts']).toBeUndefined();
  });

  it('gives equal orders to equivalent executions and others to the rest', () => {
    const independent: Body = function* (cpu, at) {
      at('y=1');
      yield cpu.writeOnce(w.y, 1);
    };
    const orders = (bodies: readonly Body[]): number => {
      const { run, coverage } = setUp('sc', bodies);
      const seen = new Set<number>();
      const walk = new RandomWalk('orders');
      for (let i = 0; i < 60; i++) {
        run(walk);
        seen.add(coverage.order);
      }
      return seen.size;
    };
    expect(orders([store, independent])).toBe(1);
    expect(orders([store, load])).toBe(2);
    // Two loads commute; each of them sees the store or does not. A miss has a chance of less than 1e-6.
    expect(orders([store, load, load])).toBe(4);
  });

  it('finds the same features whether it counts them or not, and after it has forgotten what it knew', () => {
    const { run, coverage, map } = setUp('arm64', [store, load]);
    const walk = new RandomWalk('all');
    for (let i = 0; i < 300; i++) run(walk);
    const before = map.snapshot().covered;
    coverage.forget();
    for (let i = 0; i < 300; i++) expect(run(walk)).toEqual({});
    expect(map.snapshot().covered).toBe(before);
    expect(map.snapshot().sampled).toBeGreaterThan(3);
  });
});
