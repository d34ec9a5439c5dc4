import { describe, expect, it } from 'vitest';
import { flags, Layout, lock, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels, memoryNames } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { type Body, programOf } from './run.ts';

// Who may be inside together, in random executions of three CPUs.

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
const bitClass = layout.lockClass('bit');

let inside = 0;
let readers = 0;
let together = 0;
const write: Body = function* (cpu) {
  cpu.warnOn(inside !== 0 || readers !== 0, 'not alone');
  inside++;
  const value = yield cpu.readOnce(w.x);
  yield cpu.writeOnce(w.x, value + 1);
  inside--;
};
const read: Body = function* (cpu) {
  cpu.warnOn(inside !== 0, 'a reader beside a writer');
  readers++;
  if (readers > 1) together++;
  yield cpu.readOnce(w.x);
  readers--;
};

const writers: Readonly<Record<string, Body>> = {
  *'a spinlock'(cpu) {
    yield cpu.spinLock(w.spin);
    yield* write(cpu);
    yield cpu.spinUnlock(w.spin);
  },
  *'a raw spinlock'(cpu) {
    yield cpu.spinLockIrq(w.raw);
    yield* write(cpu);
    yield cpu.spinUnlockIrq(w.raw);
  },
  *'a mutex'(cpu) {
    yield cpu.mutexLock(w.mutex);
    yield* write(cpu);
    yield cpu.mutexUnlock(w.mutex);
  },
  *'a bit spinlock'(cpu) {
    yield cpu.bitSpinLock(0, w.bits, bitClass);
    yield* write(cpu);
    yield cpu.bitSpinUnlock(0, w.bits);
  },
  *folio_trylock(cpu) {
    while ((yield cpu.folioTrylock(0, w.bits, bitClass)) === 0) yield cpu.cpuRelax();
    yield* write(cpu);
    yield cpu.folioUnlock(0, w.bits);
  },
  *spin_trylock(cpu) {
    while ((yield cpu.spinTrylock(w.spin)) === 0) yield cpu.cpuRelax();
    yield* write(cpu);
    yield cpu.spinUnlock(w.spin);
  },
};

const shared: Readonly<Record<string, readonly [write: Body, read: Body]>> = {
  'an rwlock': [
    function* (cpu) {
      yield cpu.writeLock(w.rw);
      yield* write(cpu);
      yield cpu.writeUnlock(w.rw);
    },
    function* (cpu) {
      yield cpu.readLock(w.rw);
      yield* read(cpu);
      yield cpu.readUnlock(w.rw);
    },
  ],
  'an rwsem': [
    function* (cpu) {
      yield cpu.downWrite(w.rwsem);
      yield* write(cpu);
      yield cpu.upWrite(w.rwsem);
    },
    function* (cpu) {
      yield cpu.downRead(w.rwsem);
      yield* read(cpu);
      yield cpu.upRead(w.rwsem);
    },
  ],
};

function runMany(cpus: readonly Body[], memory: (typeof memoryNames)[number], increments: number): void {
  const machine = new Machine(layout, { cpus: cpus.length, memory: memoryModels[memory] });
  const program = programOf(cpus);
  const source = new RandomWalk('exclusion');
  for (let i = 0; i < 1_000; i++) {
    inside = 0;
    readers = 0;
    expect(machine.run(program, source), machine.violation?.message).toBe(End.Done);
    expect(machine.peek(w.x)).toBe(increments);
  }
}

describe('mutual exclusion', () => {
  for (const memory of memoryNames) {
    for (const [name, body] of Object.entries(writers)) {
      it(`${name} lets one CPU in at a time under ${memory}`, () => {
        runMany([body, body, body], memory, 3);
      });
    }
    for (const [name, [writer, reader]] of Object.entries(shared)) {
      it(`${name} lets readers in together and writers alone under ${memory}`, () => {
        together = 0;
        runMany([writer, reader, reader], memory, 1);
        runMany([writer, writer, reader], memory, 2);
        expect(together).toBeGreaterThan(0);
      });
    }
  }
});
