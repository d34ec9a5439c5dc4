import type { Kernel } from '../src/engine/access.ts';
import type { Cpu } from '../src/engine/cpu.ts';
import { flags, Layout, word, words } from '../src/engine/layout.ts';
import { Machine } from '../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../src/engine/memory/index.ts';
import { type BoundOperation, End } from '../src/engine/program.ts';
import { RandomWalk } from '../src/engine/strategies/random.ts';
import type { Yardstick } from './timing.ts';

/**
 * The bare tag-clear protocol, the yardstick against other tools: three threads take a lock by exchange; the
 * winner clears four tag words and sets tagged; losers wait; all check.
 */
export function tagClear(memory: MemoryName): Yardstick {
  const layout = new Layout();
  const page = layout.struct('page', { lock: word(), flags: flags(['tagged']), tags: words(4, word(7)) });
  function* initialise(cpu: Cpu): Kernel {
    if ((yield cpu.xchg(page.lock, 1)) === 0) {
      for (const tag of page.tags) yield cpu.writeOnce(tag, 0);
      yield cpu.smpWmb();
      yield cpu.setBit(0, page.flags);
    } else yield cpu.waitBitAcquire(0, page.flags);
    for (const tag of page.tags) cpu.warnOn((yield cpu.readOnce(tag)) !== 0, 'stale tag', tag);
  }
  const operation: BoundOperation = { name: 'initialise', args: [], start: initialise };
  const program = { setup: [], cpus: [[operation], [operation], [operation]], interrupts: [] };
  const machine = new Machine(layout, { cpus: 3, memory: memoryModels[memory] });
  const source = new RandomWalk('bench');
  return {
    name: `tag-clear, 3 threads, ${memory}`,
    run(count) {
      let accesses = 0;
      let executions = 0;
      while (accesses < count) {
        if (machine.run(program, source) !== End.Done) throw new Error(machine.violation?.message ?? 'long');
        accesses += machine.steps;
        executions++;
      }
      return { accesses, executions };
    },
  };
}
