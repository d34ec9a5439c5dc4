// What is found with RCU callbacks is written down, minimised, replayed and shown as any other execution.

import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/access.ts';
import { Gfp } from '../../src/engine/gfp.ts';
import { Layout, pointer, word } from '../../src/engine/layout.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Recorder } from '../../src/engine/strategies/record.ts';
import type { Case } from '../../src/fuzz/case/case.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { minimizeCase } from '../../src/fuzz/minimize/minimize.ts';
import type { Program } from '../../src/fuzz/program.ts';
import { replayCase } from '../../src/fuzz/replay.ts';
import { select } from '../../src/fuzz/selection.ts';
import { diagram } from '../../src/report/diagram.ts';
import { traceText } from '../../src/report/trace-text.ts';
import type { Model, Operation, Target } from '../../src/targets/target.ts';

const layout = new Layout();
const list = layout.struct('list', { head: pointer() });
const { cache } = layout.cache('node', 2, { value: word() });

/** Reads the node in a section, or in none. */
const lookup = (section: boolean): Operation => ({
  name: section ? 'lookup' : 'lookup_unprotected',
  summary: 'reads the node',
  parameters: [],
  *run(cpu): Kernel {
    if (section) yield cpu.rcuReadLock();
    const node = yield cpu.rcuDereference(list.head);
    if (node !== 0) yield cpu.readOnce(node);
    if (section) yield cpu.rcuReadUnlock();
  },
});

/** One published node; it is unlinked and freed by RCU, and one of its two readers forgets to be in a section. */
function build(): Model {
  return {
    layout,
    operations: [
      {
        name: 'remove',
        summary: 'unlinks the node and frees it after a grace period',
        parameters: [],
        *run(cpu): Kernel {
          const node = yield cpu.xchg(list.head, 0);
          if (node === 0) return;
          yield cpu.callRcu(function* freeNode(own, old) {
            yield own.writeOnce(old, 0);
            yield own.kfree(old);
          }, node);
        },
      },
      lookup(true),
      lookup(false),
      {
        name: 'insert',
        summary: 'publishes a node',
        parameters: [],
        *run(cpu): Kernel {
          yield cpu.rcuAssignPointer(list.head, yield cpu.kmalloc(cache, Gfp.Kernel | Gfp.Nofail));
        },
      },
    ],
    attach: () => {},
  };
}

const target: Target = {
  name: 'list',
  summary: '',
  description: '',
  memory: 'arm64',
  size: { cpus: 3, pages: 1, mms: 1 },
  variants: [{ name: 'posted', summary: '', origin: 'this test', settings: {} }],
  switches: [],
  oracles: ['use-after-free'],
  build,
};
const call = (operation: string) => ({ operation, args: [] });
const size = { cpus: 3, pages: 1, mms: 1 };
const executorOf = (): Executor => new Executor(select(target, target.variants[0], []), 'arm64', size);
const programOf = (...readers: readonly string[]): Program => ({
  setup: [call('insert')],
  cpus: [[call('remove'), call('lookup')], [call(readers[0])], [call(readers[1])]],
  interrupts: [],
});

/** The first use after free in random walks. */
function found(executor: Executor, program: Program, walks: number): Case | null {
  const recorder = new Recorder(new RandomWalk('list'));
  for (let i = 0; i < walks; i++) {
    const verdict = executor.judge(program, recorder);
    if (verdict.verdict !== 'violation') continue;
    const { schedule } = executor.describe(program, recorder.answers());
    return executor.toCase(program, schedule, verdict);
  }
  return null;
}

describe('a case with RCU callbacks', () => {
  const executor = executorOf();
  const one = found(executor, programOf('lookup', 'lookup_unprotected'), 2_000);
  if (one === null) throw new Error('the use after free was not found');
  const minimized = minimizeCase(executor, one, 20_000, () => true)?.case;
  if (minimized === undefined) throw new Error('the case does not show its violation');

  it('is found only where a reader is in no section', () => {
    expect(one.expect).toMatchObject({ verdict: 'violation' });
    expect(found(executorOf(), programOf('lookup', 'lookup'), 2_000)).toBe(null);
  });

  it('replays from its text', () => {
    const replayed = replayCase(executorOf(), one);
    expect([replayed.diverged, replayed.verdict]).toEqual([null, one.expect]);
  });

  it('is minimised to the operations that it takes, and to the grace period and callback among the steps', () => {
    expect(minimized.program.cpus.flat().map(({ operation }) => operation)).toEqual([
      'remove',
      'lookup_unprotected',
    ]);
    expect(minimized.schedule.match(/rcu\(cpu\d\)/g)).toHaveLength(2);
    const small = new Executor(select(target, target.variants[0], []), 'arm64', minimized.size);
    const { trace, verdict } = replayCase(small, minimized);
    expect(verdict).toEqual(one.expect);
    expect(`${diagram(trace)}\n`).toMatchInlineSnapshot(`
      "before: insert()

      CPU0                    CPU1
      ----                    ----
      remove():
        xchg(&list.head, NULL) -> node[0]
        call_rcu(free_node)
                              lookup_unprotected():
                                rcu_dereference(list.head) = node[0] (stale,
                                    newest NULL)
        ... grace period of free_node starts
      <softirq> free_node:
        WRITE_ONCE(node->value, 0)
        kfree(node)
      </softirq>
                                READ_ONCE(node->value)
                                *** use-after-free: access to node->value, whose
                                    object was freed
      "
    `);
    expect(traceText(trace)).toMatch(/softirq free_node/);
  });

  it('that no longer fits says what the callback waits for', () => {
    const early = {
      ...one,
      program: programOf('lookup', 'lookup'),
      schedule: 'cpu1*3 cpu0*2 rcu(cpu0) rcu(cpu0)',
    };
    expect(replayCase(executorOf(), early).diverged).toEqual({
      step: 7,
      message:
        'RCU can do nothing for cpu0: the RCU callback free_node of CPU0 waits for the read-side section of CPU1',
    });
    const none = { ...one, schedule: 'rcu(cpu1)' };
    expect(replayCase(executorOf(), none).diverged?.message).toBe('no RCU callback is queued on cpu1');
  });
});
