import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels, memoryNames } from '../../src/engine/memory/index.ts';
import { Pct } from '../../src/engine/strategies/pct.ts';
import { Pos } from '../../src/engine/strategies/pos.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import * as plain from './programs.ts';

// The build lets a model run on without being suspended while its CPU goes next anyway (scripts/sites.mjs). That must
// not show: programs as they are written here, and as the build makes them, behave alike to the last step.

const CPUS = 3;
const built: typeof plain = await import(`./programs.ts${'?model'}`);
const strategies = { walk: RandomWalk, pct: Pct, pos: Pos };

const spec = fc.record({
  actions: plain.programs(plain.rich, CPUS, 6),
  strategy: fc.constantFrom(...Object.values(strategies)),
  seed: fc.string(),
  irq: fc.constantFrom<plain.Action | undefined>(undefined, ['store', 0, 3], ['locked', 1, 2]),
  livelockBound: fc.constantFrom(6, 5000),
  maxSteps: fc.constantFrom(9, 5000),
});

/** What happened, without the numbers of sites: programs that were not built have none. */
function withoutSites(text: string): string {
  return text.replace(/^((?:-?\d+ ){7})\d+/gm, '$1').replace(/"sites":\[[^\]]*\]/g, '');
}

describe('a model that the build lets run on behaves as one that is suspended at each access', () => {
  for (const memory of memoryNames) {
    it(`under ${memory}`, () => {
      fc.assert(
        fc.property(spec, ({ actions, strategy, seed, irq, livelockBound, maxSteps }) => {
          const [slow, fast] = [plain, built].map(({ bind, layout, observe }) => {
            const options = { cpus: CPUS, memory: memoryModels[memory], livelockBound, maxSteps };
            const registers: number[][] = [];
            const machine = new Machine(layout, options);
            const seen = observe(machine, bind(actions, registers, irq), new strategy(seed));
            return [withoutSites(seen), registers, machine.steps];
          });
          expect(fast).toEqual(slow);
        }),
        { seed: 4711, numRuns: 300 },
      );
    });
  }

  it('and does run on', () => {
    const program = (of: typeof plain) => of.bind([[['allocate', 0, 1]]], []);
    const [suspended, ranOn] = [plain, built].map(of => {
      const machine = new Machine(of.layout, { cpus: 1, memory: memoryModels.sc });
      let asked = 0;
      const [cpu] = machine.cpus;
      const { driver } = cpu;
      cpu.driver = {
        runOn: of => {
          asked++;
          return driver.runOn(of);
        },
        call: (of, callee) => driver.call(of, callee),
      };
      machine.run(program(of), new RandomWalk('1'));
      return asked;
    });
    expect([suspended, ranOn]).toEqual([0, 4]);
  });
});
