import type { MemoryName } from '../src/engine/memory/index.ts';
import { End } from '../src/engine/program.ts';
import { RandomWalk } from '../src/engine/strategies/random.ts';
import { Coverage } from '../src/fuzz/coverage/coverage.ts';
import { CoverageMap } from '../src/fuzz/coverage/map.ts';
import { Executor } from '../src/fuzz/executor.ts';
import { ProgramGenerator } from '../src/fuzz/generate.ts';
import { Stream } from '../src/fuzz/stream.ts';
import { targets } from '../src/targets/index.ts';
import type { Yardstick } from './timing.ts';

const PROGRAMS = 40;
const SCHEDULES = 25;

/**
 * `mte-sync/v6.6-fixed` as a campaign runs it: random programs under random walks, oracles and site counters on.
 * With `covered` the features of each execution
 * are looked at as well. Programs are drawn outside the time, as a campaign spreads that over hundreds of schedules. A
 * violation is told, and the exit code is 1.
 */
export function mteSync(memory: MemoryName, cpus: number, covered = false): Yardstick {
  const target = targets.find(one => one.name === 'mte-sync');
  const variant = target?.variants.find(one => one.name === 'v6.6-fixed');
  if (target === undefined || variant === undefined) throw new Error('mte-sync/v6.6-fixed is gone');
  const size = { ...target.size, cpus };
  const executor = new Executor({ target, variant, switches: [], settings: variant.settings }, memory, size);
  const generator = new ProgramGenerator(executor.model, size);
  const programs = Array.from({ length: PROGRAMS }, (_, i) =>
    executor.bind(generator.draw(new Stream(`bench/${i}`))),
  );
  const source = new RandomWalk('bench');
  const coverage = covered ? new Coverage(executor.machine, executor.model, new CoverageMap()) : null;
  executor.machine.observer = coverage === null ? null : coverage.log;
  return {
    name: `mte-sync/v6.6-fixed, ${cpus} CPUs, ${memory}${covered ? ', coverage' : ''}`,
    run(count) {
      let accesses = 0;
      let executions = 0;
      for (let i = 0; accesses < count; i = (i + 1) % PROGRAMS) {
        for (let k = 0; k < SCHEDULES; k++) {
          coverage?.begin();
          if (executor.machine.run(programs[i], source) === End.Violation && process.exitCode !== 1) {
            console.error(`a fixed design failed: ${executor.machine.violation?.message}`);
            process.exitCode = 1;
          }
          coverage?.look();
          accesses += executor.machine.steps;
          executions++;
        }
      }
      return { accesses, executions };
    },
  };
}
