import { describe } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { shape, srcu, type Thread, w } from './litmus.ts';

const { x, y } = w;

interface Flavour {
  readonly lock: (cpu: Cpu) => Kernel;
  readonly unlock: (cpu: Cpu) => Kernel;
  readonly sync: (cpu: Cpu) => Kernel;
}
const flavours: Readonly<Record<string, Flavour>> = {
  RCU: {
    *lock(cpu) {
      yield cpu.rcuReadLock();
    },
    *unlock(cpu) {
      yield cpu.rcuReadUnlock();
    },
    sync: cpu => cpu.synchronizeRcu(),
  },
  SRCU: {
    *lock(cpu) {
      yield cpu.srcuReadLock(srcu);
    },
    *unlock(cpu) {
      yield cpu.srcuReadUnlock(srcu);
    },
    sync: cpu => cpu.synchronizeSrcu(srcu),
  },
};

for (const [name, { lock, unlock, sync }] of Object.entries(flavours)) {
  describe(name, () => {
    const updater: Thread = function* (cpu) {
      yield cpu.writeOnce(x, 1);
      yield* sync(cpu);
      yield cpu.writeOnce(y, 1);
    };
    const reading: Thread = function* (cpu, out) {
      yield* lock(cpu);
      out(yield cpu.readOnce(y));
      out(yield cpu.readOnce(x));
      yield* unlock(cpu);
    };
    // Rule 1: a load may not look back across the start of its section to before a grace period that has started.
    shape('MP to a section across a grace period', [updater, reading], { sc: '00 01 11' });

    const storing: Thread = function* (cpu, out) {
      yield* lock(cpu);
      out(yield cpu.readOnce(y));
      yield cpu.writeOnce(x, 1);
      yield* unlock(cpu);
    };
    const waiting: Thread = function* (cpu, out) {
      yield cpu.writeOnce(y, 1);
      yield* sync(cpu);
      out(yield cpu.readOnce(x));
    };
    // Rules 2 and 3: a store may not stay delayed beyond the end of a grace period that started after its section began.
    shape('a store in a section before a grace period', [storing, waiting], { sc: '0|1 1|0 1|1' });

    const early: Thread = function* (cpu, out) {
      yield cpu.writeOnce(x, 1);
      yield* lock(cpu);
      out(yield cpu.readOnce(y));
      yield* unlock(cpu);
    };
    shape('a store before the section', [early, waiting], { sc: '0|1 1|0 1|1' });

    const late: Thread = function* (cpu, out) {
      yield* lock(cpu);
      out(yield cpu.readOnce(y));
      yield* unlock(cpu);
      yield cpu.writeOnce(x, 1);
    };
    shape('a store after the section is not waited for', [late, waiting], { sc: '0|0 0|1 1|0 1|1' });

    const unmarked: Thread = function* (cpu, out) {
      out(yield cpu.readOnce(y));
      out(yield cpu.readOnce(x));
    };
    shape('a reader outside any section', [updater, unmarked], { sc: '00 01 11', arm64: '10' });

    const passing: Thread = function* (cpu) {
      yield* lock(cpu);
      yield cpu.writeOnce(y, 1);
      yield cpu.writeOnce(x, 1);
      yield* unlock(cpu);
    };
    // A section is no barrier by itself.
    shape(
      'two sections without a grace period',
      [
        passing,
        function* (cpu, out) {
          yield* lock(cpu);
          out(yield cpu.readOnce(x));
          out(yield cpu.readOnce(y));
          yield* unlock(cpu);
        },
      ],
      { sc: '00 01 11', arm64: '10' },
    );

    const sb = (mine: number, other: number): Thread =>
      function* (cpu, out) {
        yield cpu.writeOnce(mine, 1);
        yield* sync(cpu);
        out(yield cpu.readOnce(other));
      };
    shape('grace periods are full barriers of their callers', [sb(x, y), sb(y, x)], { sc: '0|1 1|0 1|1' });

    const nested: Thread = function* (cpu, out) {
      yield* lock(cpu);
      yield* lock(cpu);
      out(yield cpu.readOnce(y));
      yield* unlock(cpu);
      out(yield cpu.readOnce(x));
      yield* unlock(cpu);
    };
    shape('a grace period waits for the outermost section', [updater, nested], { sc: '00 01 11' });
  });
}

describe('RCU inside SRCU', () => {
  // The inner section begins after the grace period of the outer one started: its stores count for the outer one.
  const reader: Thread = function* (cpu, out) {
    yield cpu.srcuReadLock(srcu);
    out(yield cpu.readOnce(y));
    yield cpu.rcuReadLock();
    yield cpu.writeOnce(x, 1);
    yield cpu.rcuReadUnlock();
    yield cpu.srcuReadUnlock(srcu);
  };
  const waiter: Thread = function* (cpu, out) {
    yield cpu.writeOnce(y, 1);
    yield* cpu.synchronizeSrcu(srcu);
    out(yield cpu.readOnce(x));
  };
  shape('a store of both', [reader, waiter], { sc: '0|1 1|0 1|1' });
});
