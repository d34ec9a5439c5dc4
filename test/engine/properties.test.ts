import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choice } from '../../src/engine/access.ts';
import type { DecisionSource } from '../../src/engine/decisions.ts';
import { Machine } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels, memoryNames } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { Edited, Transcript } from '../../src/engine/strategies/edited.ts';
import { Exhaustive } from '../../src/engine/strategies/exhaustive.ts';
import { Hold } from '../../src/engine/strategies/hold.ts';
import { Pct } from '../../src/engine/strategies/pct.ts';
import { Pos } from '../../src/engine/strategies/pos.ts';
import { Profile } from '../../src/engine/strategies/profile.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Recorder } from '../../src/engine/strategies/record.ts';
import { type Action, bind, layout, observe, programs, rich, simple, w } from './programs.ts';
import { calm, script } from './run.ts';

const make = (memory: MemoryName, cpus = 3): Machine =>
  new Machine(layout, { cpus, memory: memoryModels[memory] });
const irqs: readonly (Action | undefined)[] = [undefined, ['store', 0, 3], ['locked', 1, 2], ['add', 2, 1]];
const spec = fc.record({
  actions: programs(rich, 3, 5),
  seed: fc.string(),
  irq: fc.constantFrom(...irqs),
});
// Fixed, so that a failure is the fault of the change at hand.
const fixed = { seed: 20240, numRuns: 300 };

for (const memory of memoryNames) {
  describe(`under ${memory}`, () => {
    it('the same seed gives the same execution, on a fresh machine and on one that ran others before', () => {
      const used = make(memory);
      fc.assert(
        fc.property(spec, ({ actions, seed, irq }) => {
          const program = bind(actions, [], irq);
          const fresh = observe(make(memory), program, new RandomWalk(seed));
          expect(observe(used, program, new RandomWalk(seed))).toBe(fresh);
          expect(observe(used, program, new RandomWalk(seed))).toBe(fresh);
        }),
        fixed,
      );
    });

    it('replaying the recorded decisions gives the same execution', () => {
      const machine = make(memory);
      fc.assert(
        fc.property(spec, ({ actions, seed, irq }) => {
          const program = bind(actions, [], irq);
          const recorder = new Recorder(new RandomWalk(seed));
          const first = observe(machine, program, recorder);
          const answers = recorder.answers();
          expect(observe(machine, program, script(...answers))).toBe(first);
        }),
        fixed,
      );
    });

    it('calm decisions give the execution of sequential consistency', () => {
      const machine = make(memory);
      const reference = make('sc');
      fc.assert(
        fc.property(spec, ({ actions, irq }) => {
          const registers: number[][] = [];
          const expected: number[][] = [];
          machine.run(bind(actions, registers, irq), calm);
          reference.run(bind(actions, expected, irq), calm);
          expect(registers).toEqual(expected);
          expect(machine.words).toEqual(reference.words);
          expect(machine.violation).toEqual(reference.violation);
        }),
        fixed,
      );
    });

    it('a single CPU sees its own program in order, whatever is decided', () => {
      const machine = make(memory, 1);
      const reference = make('sc', 1);
      const single = fc.tuple(programs(simple, 1, 8), fc.string());
      fc.assert(
        fc.property(single, ([actions, seed]) => {
          const registers: number[][] = [];
          const expected: number[][] = [];
          reference.run(bind(actions, expected), calm);
          machine.run(bind(actions, registers), new RandomWalk(seed));
          expect(registers).toEqual(expected);
          expect(machine.words).toEqual(reference.words);
        }),
        fixed,
      );
    });

    it('the number of commits offered is that of the delayed stores that may go next', () => {
      const machine = make(memory);
      fc.assert(
        fc.property(spec, ({ actions, seed, irq }) => {
          machine.run(bind(actions, [], irq), new CountsCommits(new RandomWalk(seed)));
        }),
        fixed,
      );
    });

    it('every CPU agrees on the order of the values of a word', () => {
      const machine = make(memory);
      fc.assert(
        fc.property(fc.array(coherent, { minLength: 3, maxLength: 3 }), fc.string(), (lists, seed) => {
          checkCoherence(machine, lists, seed);
        }),
        { ...fixed, numRuns: 1000 },
      );
    });
  });
}

const conflicts = profileOf([0, 1, 0, 1, 2], [0, 0, 1, 1, 0]);
const strategies: Readonly<Record<string, (seed: string) => DecisionSource>> = {
  walk: seed => new RandomWalk(seed),
  pct: seed => new Pct(seed),
  pos: seed => new Pos(seed),
  hold: seed => new Hold(seed, conflicts),
  edited: seed => {
    const edited = new Edited({ kinds: [0, 0, 1, 0], answers: [1, 0, 1, 2] }, new RandomWalk(seed));
    edited.set(6, [{ at: 1, value: 3 }]);
    return edited;
  },
};

/** Writes by the CPUs given to the words given, at unknown sites. */
function profileOf(cpus: readonly number[], places: readonly number[]): Profile {
  return new Profile(
    Uint8Array.from(cpus),
    new Int32Array(cpus.length),
    Int32Array.from(places, i => w.mem[i]),
    Uint8Array.from(cpus, () => 1),
  );
}

/** Refuses answers that are out of range. */
class InRange implements DecisionSource {
  readonly everyStep: boolean;
  readonly #inner: DecisionSource;
  constructor(inner: DecisionSource) {
    this.#inner = inner;
    this.everyStep = inner.everyStep;
  }
  begin(machine: Machine): void {
    this.#inner.begin(machine);
  }
  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    if (!Number.isInteger(value) || value < 0 || value >= n) throw new RangeError(`${value} of ${n}`);
    return value;
  }
}

describe.each(Object.keys(strategies))('strategy %s', name => {
  it.each(memoryNames)(
    'gives the same execution for the same seed, within range, and replays, under %s',
    memory => {
      const machine = make(memory);
      fc.assert(
        fc.property(spec, ({ actions, seed, irq }) => {
          const program = bind(actions, [], irq);
          const recorder = new Recorder(new InRange(strategies[name](seed)));
          const first = observe(machine, program, recorder);
          const answers = recorder.answers();
          expect(observe(machine, program, strategies[name](seed))).toBe(first);
          expect(observe(machine, program, script(...answers))).toBe(first);
        }),
        { ...fixed, numRuns: 60 },
      );
    },
  );
});

describe('an edited schedule', () => {
  it('without edits is the recorded execution', () => {
    const machine = make('arm64');
    fc.assert(
      fc.property(spec, ({ actions, seed, irq }) => {
        const program = bind(actions, [], irq);
        const transcript = new Transcript(new RandomWalk(seed));
        const first = observe(machine, program, transcript);
        const edited = new Edited(transcript, new RandomWalk('other'));
        edited.set(Number.MAX_SAFE_INTEGER, []);
        expect(observe(machine, program, edited)).toBe(first);
      }),
      { ...fixed, numRuns: 100 },
    );
  });
});

/** Compares `commits` with what is delayed, before every step. */
class CountsCommits implements DecisionSource {
  readonly everyStep = true;
  readonly #inner: DecisionSource;
  #machine: Machine | null = null;
  constructor(inner: DecisionSource) {
    this.#inner = inner;
  }
  begin(machine: Machine): void {
    this.#machine = machine;
    this.#inner.begin(machine);
  }
  choose(kind: number, n: number): number {
    const memory = this.#machine?.memory;
    if (kind === Choice.Actor && memory !== undefined) {
      let expected = 0;
      const firsts: string[] = [];
      for (let cpu = 0; cpu < memory.cpus; cpu++) {
        const addresses = memory.delayed(cpu).map(([address]) => address);
        // In order: only the oldest of a CPU. Else the oldest of each word.
        const next = memory.name === 'tso' ? addresses.slice(0, 1) : [...new Set(addresses)];
        expected += next.length;
        firsts.push(...next.map(address => `${cpu} ${address}`));
      }
      expect(memory.commits).toBe(expected);
      const offered = Array.from({ length: memory.commits }, (_, k) => memory.committable(k).join(' '));
      expect(offered.toSorted()).toEqual(firsts.toSorted());
    }
    return this.#inner.choose(kind, n);
  }
}

/** Reads and writes of one word; the writes get values of their own. */
const coherent = fc.array(fc.constantFrom('load', 'store', 'acquire', 'release', 'mb', 'rmb'), {
  minLength: 1,
  maxLength: 5,
});

function checkCoherence(machine: Machine, lists: readonly (readonly string[])[], seed: string): void {
  const order = [0];
  machine.watcher = (_address, _old, value) => order.push(value);
  const seen: number[][] = [];
  const cpus = lists.map((list, cpu) => [
    {
      name: 'accesses',
      args: [],
      *start(c: Parameters<(typeof rich)[string]>[0]) {
        seen[cpu] = [];
        for (const [i, what] of list.entries()) {
          const value = 1 + cpu * 10 + i;
          yield* rich[what](c, w.mem[0], value, read => seen[cpu].push(read));
          if (what === 'store' || what === 'release') seen[cpu].push(value);
        }
      },
    },
  ]);
  expect(machine.run({ setup: [], cpus, interrupts: [] }, new RandomWalk(seed))).toBe(End.Done);
  machine.watcher = null;
  for (const values of seen) {
    const places = values.map(value => order.indexOf(value));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  }
}

describe('models', () => {
  const outcomes = (memory: MemoryName, actions: readonly (readonly Action[])[]): ReadonlySet<string> => {
    const machine = make(memory, 2);
    const source = new Exhaustive();
    const found = new Set<string>();
    const registers: number[][] = [];
    const program = bind(actions, registers);
    do {
      machine.run(program, source);
      found.add(JSON.stringify([registers, w.mem.map(a => machine.peek(a))]));
    } while (source.next());
    return found;
  };
  it('sc shows a subset of tso, and tso of arm64', () => {
    fc.assert(
      fc.property(programs(simple, 2, 3, 2), actions => {
        const [sc, tso, arm64] = memoryNames.map(memory => outcomes(memory, actions));
        for (const outcome of sc) expect(tso).toContain(outcome);
        for (const outcome of tso) expect(arm64).toContain(outcome);
      }),
      { ...fixed, numRuns: 150 },
    );
  });
});
