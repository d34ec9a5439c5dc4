import { describe, expect, it } from 'vitest';
import type { MemoryName } from '../../../src/engine/memory/index.ts';
import { Answers } from '../../../src/engine/strategies/answers.ts';
import { Batch } from '../../../src/fuzz/batch.ts';
import { readCase } from '../../../src/fuzz/case/read.ts';
import { caseFields } from '../../../src/fuzz/case/write.ts';
import { Coverage } from '../../../src/fuzz/coverage/coverage.ts';
import { CoverageMap } from '../../../src/fuzz/coverage/map.ts';
import { CoverageSession } from '../../../src/fuzz/coverage/session.ts';
import { Executor } from '../../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../../src/fuzz/generate.ts';
import { Heartbeat } from '../../../src/fuzz/heartbeat.ts';
import { replayCase } from '../../../src/fuzz/replay.ts';
import { parseSelection } from '../../../src/fuzz/selection.ts';
import type { BatchResult, FuzzTask, Job, MutatePlan, Plan, Seed } from '../../../src/fuzz/tasks.ts';
import { targets } from '../../../src/targets/index.ts';

const fresh: Plan = { kind: 'fresh', from: 3, programs: 6 };
const setUp = (design = 'mte-sync/v5.17', memory: MemoryName = 'arm64') => {
  const [selection] = parseSelection(design, targets);
  const { size } = selection.target;
  const executor = new Executor(selection, memory, size);
  const job: Job = { design, memory, size, ops: [], seed: 'batch' };
  return { executor, session: new CoverageSession(executor.machine, executor.model), job };
};
type Worker = ReturnType<typeof setUp>;

function run(
  { executor, session, job }: Worker,
  plan: Plan,
  map: CoverageMap | null,
  deterministic = true,
): BatchResult {
  const heartbeat = new Heartbeat();
  heartbeat.reset(false);
  const task: FuzzTask = {
    type: 'fuzz',
    job,
    plan,
    executions: 10_000,
    known: [],
    untilCrash: false,
    coverage: map === null ? null : map.buffer,
    deterministic,
  };
  return new Batch(executor, new ProgramGenerator(executor.model, job.size), heartbeat, session, task).run();
}

const children = (from: BatchResult): MutatePlan => {
  const seeds = from.discoveries.map((one, i) => ({
    id: `${i}`,
    program: one.case.program,
    answers: one.answers,
  }));
  const [entry, ...others] = seeds.slice(-3);
  return { kind: 'mutate', entry, stream: 'children', children: 9, others };
};

/** The entry as a campaign that goes on has it: read from its file. */
function fromFile(seed: Seed, from: BatchResult, { model }: Executor): Seed {
  const discovery = from.discoveries[Number(seed.id)];
  const bytes = Buffer.from(JSON.stringify(caseFields(discovery.case, model)));
  return { id: seed.id, case: readCase(bytes, seed.id, targets) };
}

describe('a batch', () => {
  it('gives the same result on a fresh worker and on one that ran other batches, and leaves the map alone', () => {
    const map = new CoverageMap();
    const used = setUp();
    const first = run(used, fresh, map);
    expect(first.discoveries.length).toBeGreaterThan(3);
    expect(map.snapshot().covered).toBe(0);
    run(used, { kind: 'fresh', from: 50, programs: 2 }, map);
    expect(run(used, fresh, map)).toEqual(first);
    expect(run(setUp(), fresh, map)).toEqual(first);
    const plan = children(first);
    expect(run(used, plan, map)).toEqual(run(setUp(), plan, map));
  });

  it('returns what makes the map that a shared one would have become', () => {
    const shared = new CoverageMap();
    const merged = new CoverageMap();
    for (const plan of [fresh, { kind: 'fresh', from: 20, programs: 3 } as const]) {
      run(setUp(), plan, shared, false);
      const { mapChanges, discoveries } = run(setUp(), plan, merged);
      const features = new Set(discoveries.flatMap(one => one.features)).size;
      expect(merged.merge(mapChanges ?? new Int32Array())).toBe(features);
    }
    expect(merged.snapshot()).toEqual(shared.snapshot());
  });

  it('finds executions that replay from their case, and that show their features again from their answers', () => {
    const worker = setUp();
    const map = new CoverageMap();
    const first = run(worker, fresh, map, false);
    const all = [...first.discoveries, ...run(worker, children(first), map, false).discoveries];
    expect(all.some(one => one.parent !== null)).toBe(true);
    const { executor } = setUp();
    for (const one of all.slice(0, 25)) {
      expect(replayCase(executor, one.case).diverged).toBeNull();
      const again = new Coverage(executor.machine, executor.model, new CoverageMap());
      again.begin();
      executor.machine.observer = again.log;
      executor.machine.run(executor.bind(one.case.program), new Answers(one.answers));
      executor.machine.observer = null;
      expect(again.look()).toEqual(expect.arrayContaining([...one.features]));
    }
  });

  it('counts schedules by strategy, and classes of executions', () => {
    const { shares, executions, classes } = run(setUp(), fresh, new CoverageMap());
    const of = (kind: string): number =>
      shares.filter(one => one.kind === kind).reduce((sum, one) => sum + one.executions, 0);
    expect([of('schedule'), of('program')]).toEqual([executions, executions]);
    expect(shares.map(one => one.name)).toEqual(expect.arrayContaining(['walk', 'pct', 'pos', 'hold']));
    expect(classes.once).toBeLessThanOrEqual(classes.distinct);
    expect(classes.distinct).toBeLessThanOrEqual(classes.executions);
  });

  // Of guest-memfd and tag-storage some operations are interrupt handlers, which most programs have none of.
  it.each([
    ['mte-sync/v5.19', 'arm64'],
    ['guest-memfd/v6.11-fixed', 'tso'],
    ['tag-storage/rfc-v2', 'lkmm'],
    ['stage2-memtype/memtype-from-vma', 'arm64'],
    ['tag-migration/copy-before-clear', 'sc'],
  ] as const)(
    'makes the same children of an entry of %s in memory and read from its file',
    (design, memory) => {
      const worker = setUp(design, memory);
      const first = run(worker, fresh, new CoverageMap());
      const plan = { ...children(first), children: 40 };
      const read = (seed: Seed): Seed => fromFile(seed, first, worker.executor);
      const again = { ...plan, entry: read(plan.entry), others: plan.others.map(read) };
      const expected = run(worker, plan, new CoverageMap());
      expect(expected.shares.map(one => one.name)).toEqual(
        expect.arrayContaining(['op-insert', 'splice', 'sched-keep', 'sched-preempt']),
      );
      expect(run(worker, again, new CoverageMap())).toEqual(expected);
    },
  );
});
