import type { MemoryName } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../src/fuzz/generate.ts';
import { designName, parseSelection } from '../../src/fuzz/selection.ts';
import { Stream } from '../../src/fuzz/stream.ts';
import { targets } from '../../src/targets/index.ts';
import type { Size } from '../../src/targets/target.ts';

const SCHEDULES = 200;

export interface Search {
  /** The memory model of the target unless given. */
  readonly memory?: MemoryName;
  readonly executions: number;
  /** Ends early once all of these oracles have spoken. */
  readonly until?: readonly string[];
  /** All operations unless given. */
  readonly operations?: readonly string[];
  readonly size?: Partial<Size>;
}

/** The oracles that a search from nothing has heard after so many executions; one design, random programs and walks. */
export function findings(design: string, search: Search): ReadonlySet<string> {
  const [selection] = parseSelection(design, targets);
  const { target } = selection;
  const { executions, until = [], operations = [], memory = target.memory } = search;
  const size = { ...target.size, ...search.size };
  const executor = new Executor(selection, memory, size);
  const generator = new ProgramGenerator(executor.model, size, operations);
  const found = new Set<string>();
  const over = (): boolean => until.length > 0 && until.every(oracle => found.has(oracle));
  for (let i = 0; i * SCHEDULES < executions && !over(); i++) {
    const program = executor.bind(generator.draw(new Stream(`${designName(selection)}/${i}`)));
    const walk = new RandomWalk(`${designName(selection)}/${i}/schedule`);
    for (let k = 0; k < SCHEDULES && !over(); k++) {
      if (executor.machine.run(program, walk) !== End.Violation) continue;
      found.add(executor.machine.violation?.oracle ?? '');
    }
  }
  return found;
}
