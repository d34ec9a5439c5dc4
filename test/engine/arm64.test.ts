import { describe, expect, it } from 'vitest';
import { Choice } from '../../src/engine/access.ts';
import type { DecisionSource } from '../../src/engine/decisions.ts';
import { Layout, pointer, word, words } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { Arm64 } from '../../src/engine/memory/arm64.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { bind, layout as many, observe } from './programs.ts';
import { type Body, programOf, run } from './run.ts';

// The limits of the model's memory: buffers, histories, dependencies, time.

const layout = new Layout();
const w = layout.struct('w', { x: word(), y: word(), mem: words(24), head: pointer() });
const nodes = layout.array('node', 12, { next: pointer(), val: word() });

/** Actors stay; stores are delayed if `delay`; loads are as stale as can be, and how stale that was is noted. */
class Extreme implements DecisionSource {
  readonly everyStep = false;
  readonly stale: number[] = [];
  readonly #delay: boolean;
  constructor(delay: boolean) {
    this.#delay = delay;
  }
  begin(): void {}
  choose(kind: number, n: number): number {
    if (kind === Choice.Delay) return this.#delay ? 1 : 0;
    if (kind !== Choice.Stale) return 0;
    this.stale.push(n - 1);
    return n - 1;
  }
}

describe('histories', () => {
  it('hold eight older values: a load looks back no further', () => {
    const seen: number[] = [];
    const writer: Body = function* (cpu) {
      for (let i = 1; i <= 12; i++) yield cpu.writeOnce(w.x, i);
    };
    const reader: Body = function* (cpu) {
      for (let i = 0; i < 2; i++) seen.push(yield cpu.readOnce(w.x));
    };
    const source = new Extreme(false);
    run(layout, [writer, reader], { memory: 'arm64', source });
    expect(source.stale).toEqual([8, 8]);
    expect(seen).toEqual([4, 4]);
  });
  it('hold the initial value until it is pushed out', () => {
    const seen: number[] = [];
    const writer: Body = function* (cpu) {
      for (let i = 1; i <= 8; i++) yield cpu.writeOnce(w.x, i);
    };
    const reader: Body = function* (cpu) {
      seen.push(yield cpu.readOnce(w.x));
    };
    run(layout, [writer, reader], { memory: 'arm64', source: new Extreme(false) });
    expect(seen).toEqual([0]);
  });
  it('a word read stale four times in a row is read anew', () => {
    const seen: number[] = [];
    const writer: Body = function* (cpu) {
      yield cpu.writeOnce(w.x, 1);
    };
    const reader: Body = function* (cpu) {
      for (let i = 0; i < 6; i++) seen.push(yield cpu.readOnce(w.x));
    };
    run(layout, [writer, reader], { memory: 'arm64', source: new Extreme(false) });
    expect(seen).toEqual([0, 0, 0, 0, 1, 1]);
  });
});

for (const memory of ['tso', 'arm64'] as const) {
  describe(`buffers under ${memory}`, () => {
    it('hold sixteen delayed stores; the oldest makes room', () => {
      let delayed: readonly (readonly [number, number])[] = [];
      const seen: number[] = [];
      const body: Body = function* (cpu) {
        for (let i = 0; i < 20; i++) yield cpu.writeOnce(w.mem[i], 100 + i);
        delayed = cpu.machine.memory.delayed(0);
        for (let i = 0; i < 20; i++) seen.push(yield cpu.readOnce(w.mem[i]));
      };
      const { machine } = run(layout, [body], { memory, source: new Extreme(true) });
      expect(delayed.length).toBe(16);
      expect(delayed[0]).toEqual([w.mem[4], 104]);
      expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
      expect(w.mem.map(a => machine.peek(a)).slice(0, 20)).toEqual(seen);
    });
    it('keep stores to one word in order also when they overflow', () => {
      const body: Body = function* (cpu) {
        for (let i = 0; i < 40; i++) yield cpu.writeOnce(i % 3 === 0 ? w.y : w.x, i);
      };
      const { machine } = run(layout, [body], { memory, source: new Extreme(true) });
      expect([machine.peek(w.x), machine.peek(w.y)]).toEqual([38, 39]);
    });
  });
}

describe('dependencies', () => {
  it('of a list longer than the model remembers are none the less kept', () => {
    let stale = 0;
    const writer: Body = function* (cpu) {
      for (const node of nodes) yield cpu.writeOnce(node.val, 1);
      for (const [i, node] of nodes.entries()) yield cpu.writeOnce(node.next, nodes[i + 1]?.base ?? 0);
      yield cpu.rcuAssignPointer(w.head, nodes[0].base);
    };
    const reader: Body = function* (cpu) {
      const found: number[] = [];
      let at = yield cpu.rcuDereference(w.head);
      while (at !== 0) {
        found.push(at);
        at = yield cpu.rcuDereference(at);
      }
      for (const base of found) if ((yield cpu.readOnce(base + 1)) === 0) stale++;
    };
    const machine = new Machine(layout, { cpus: 2, memory: memoryModels.arm64 });
    const program = programOf([writer, reader]);
    const source = new RandomWalk('list');
    for (let i = 0; i < 5_000; i++) expect(machine.run(program, source)).toBe(End.Done);
    expect(stale).toBe(0);
  });
});

describe('time', () => {
  it('runs out without anything changing', () => {
    const late = new Machine(many, {
      cpus: 3,
      memory: (l, cpus, host) => new Arm64(l, cpus, host, 0x3f000000 - 40),
    });
    const fresh = new Machine(many, { cpus: 3, memory: memoryModels.arm64 });
    const program = bind(
      [
        [
          ['store', 0, 1],
          ['store', 1, 2],
          ['release', 2, 3],
        ],
        [
          ['acquire', 2, 1],
          ['load', 1, 1],
          ['load', 0, 1],
          ['xchg', 0, 2],
        ],
        [
          ['cmpxchg', 0, 2],
          ['section', 1, 3],
          ['grace', 0, 0],
          ['load', 0, 1],
        ],
      ],
      [],
    );
    for (let i = 0; i < 50; i++) {
      const seed = `late ${i}`;
      expect(observe(late, program, new RandomWalk(seed))).toBe(
        observe(fresh, program, new RandomWalk(seed)),
      );
    }
  });
});
