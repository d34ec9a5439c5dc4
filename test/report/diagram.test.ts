import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { flags, Layout, lock, word, words } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { type MemoryName, memoryModels } from '../../src/engine/memory/index.ts';
import type { BoundOperation } from '../../src/engine/program.ts';
import { Replay } from '../../src/engine/strategies/replay.ts';
import { parseSchedule } from '../../src/fuzz/case/schedule-text.ts';
import { type Trace, TraceRecorder } from '../../src/fuzz/trace.ts';
import { diagram } from '../../src/report/diagram.ts';
import { traceText } from '../../src/report/trace-text.ts';
import { MAIL_WIDTH } from '../../src/report/wrap.ts';

const PG = { mte_tagged: 0, mte_lock: 1 };
const layout = new Layout();
const pages = layout.array('pages', 2, {
  flags: flags(['PG_mte_tagged', 'PG_mte_lock']),
  tags: words(2, word(7)),
  private: word(),
});
const vm = layout.struct('vm', { mmu_lock: lock('Rwlock'), slots_lock: lock('Spinlock'), seq: word() });

function op(name: string, start: (cpu: Cpu) => Kernel<unknown>): BoundOperation {
  return { name, args: [], start };
}

function init(page: number, barrier: boolean): BoundOperation {
  return op('set_pte_at', function* (cpu) {
    yield cpu.writeOnce(vm.seq, 1);
    const at = pages[page] ?? pages[0];
    if ((yield cpu.testAndSetBit(PG.mte_lock, at.flags)) === 0) {
      yield cpu.writeOnce(at.tags[0] ?? 0, 0);
      if (barrier) yield cpu.smpWmb();
      yield cpu.setBit(PG.mte_tagged, at.flags);
    } else yield cpu.waitBitAcquire(PG.mte_tagged, at.flags);
    const tag = yield cpu.readOnce(at.tags[0] ?? 0);
    if (tag === 7)
      cpu.machine.violateNow(
        'stale-tags',
        `tag 7 of ${layout.nameOf(at.tags[0] ?? 0)} is visible`,
        cpu,
        at.tags[0] ?? 0,
        [],
      );
  });
}

function lockBoth(first: number, second: number): BoundOperation {
  return op('invalidate', function* (cpu) {
    yield cpu.spinLock(first);
    yield cpu.spinLock(second);
    yield cpu.spinUnlock(second);
    yield cpu.spinUnlock(first);
  });
}

function run(cpus: readonly (readonly BoundOperation[])[], memory: MemoryName, schedule: string): Trace {
  const machine = new Machine(layout, { cpus: cpus.length, memory: memoryModels[memory] });
  const recorder = new TraceRecorder(machine, [], 0);
  machine.observer = recorder;
  machine.run(
    { setup: [], cpus, interrupts: [] },
    new Replay(parseSchedule(schedule, name => layout.find(name))),
  );
  return recorder.trace();
}

/** Compares with the golden file and checks what holds for every diagram. */
async function golden(trace: Trace, name: string): Promise<void> {
  const text = diagram(trace);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(MAIL_WIDTH);
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.golden.txt`);
}

describe('the diagram', () => {
  it('shows a delayed store and who does not see it', () =>
    golden(
      run([[init(0, false)], [init(0, false)]], 'arm64', 'cpu0*3 delay cpu0*2 cpu1*4'),
      'delayed-store',
    ));

  it('shows when a delayed store becomes visible, and stale reads with the newest value', () =>
    golden(
      run(
        [[init(0, false)], [init(0, false)]],
        'arm64',
        'cpu0*3 delay cpu0*1 cpu1*3 commit(cpu0,pages[0].tags[0]) cpu1 stale(1)',
      ),
      'stale-read',
    ));

  it('keeps indices where more than one page is named, and fits three CPUs', () =>
    golden(
      run(
        [[init(0, false)], [init(1, false)], [init(0, false), init(1, false)]],
        'arm64',
        'cpu0*3 delay cpu0*2 cpu1*5 cpu2*4',
      ),
      'three-cpus',
    ));

  it('fits four CPUs', () =>
    golden(
      run(
        [[init(0, false)], [init(0, true)], [init(0, true)], [init(0, true)]],
        'arm64',
        'cpu0*3 delay cpu0*2 cpu1*3 cpu2*3 cpu3*4',
      ),
      'four-cpus',
    ));

  it('shows the locks of a lock-order violation where they are taken', () =>
    golden(
      run(
        [[lockBoth(vm.slots_lock, vm.mmu_lock)], [lockBoth(vm.mmu_lock, vm.slots_lock)]],
        'sc',
        'cpu0 cpu1',
      ),
      'lock-order',
    ));

  it('leaves nothing out of a trace', async () => {
    const trace = run([[init(0, true)], [init(0, true)]], 'arm64', 'cpu0*3 delay cpu0 cpu0*2 cpu1*4');
    const text = traceText(trace);
    const accesses = trace.events.filter(event => event.type === 'access').length;
    expect(text.match(/^cpu\d {2,}\d+ /gm)).toHaveLength(accesses);
    await expect(`${text}\n`).toMatchFileSnapshot('golden/trace.golden.txt');
  });
});
