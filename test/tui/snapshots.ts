import fc from 'fast-check';
import { newCounters } from '../../src/fuzz/statistics/counters.ts';
import {
  type CoverageView,
  type DesignView,
  type FindingView,
  type MinimizeView,
  type PairsView,
  SNAPSHOT_VERSION,
  type Snapshot,
  type StrategyView,
} from '../../src/fuzz/statistics/snapshot.ts';

/** Unix time of the snapshots. */
export const NOW = 1_790_000_000;

const size = { operations: 3, cpus: 2, pages: 1, switches: 2, weak: 0, choices: 0, accesses: 12 };

export function finding(id: number, more: Partial<FindingView> = {}): FindingView {
  const at = { executions: 1000 * (id + 1), seconds: 5 * id, time: NOW - 600 + 5 * id };
  return {
    folder: `crashes/demo/crashes/id:00000${id}`,
    file: 'minimized.yaml',
    design: 'mte-sync/v5.19',
    memory: 'sc',
    verdict: 'violation',
    kind: 'tag-loss',
    key: `tag-loss #${id} | store_tag/cmpxchg tags | mprotect_mte/set tags`,
    modelFault: false,
    count: 7 + id,
    first: at,
    last: at,
    reported: true,
    minimize: {
      state: 'done',
      before: { ...size, operations: 12, accesses: 140 },
      now: size,
      executions: 4000,
      budget: 60_000,
      complete: true,
    },
    ...more,
  };
}

/** A campaign in the middle, with what is named changed. */
export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  const operations = ['store_tag', 'load_tag', 'mprotect_mte', 'swap_out', 'swap_in', 'migrate'];
  const strategy = (name: string, kind: StrategyView['kind'], schedules: number): StrategyView => ({
    name,
    kind,
    total: { schedules, newFeatures: schedules / 100, entries: schedules / 500, findings: 1 },
    lastMinute: { schedules: 500, newFeatures: schedules / 9000, entries: 1, findings: 0 },
  });
  const coverage = (name: string, covered: number, known: number | null): CoverageView => ({
    name,
    meaning: name,
    covered,
    known,
    perThousand: 1.25,
    unseen: 0.004,
  });
  const pairs: PairsView = {
    target: 'mte-sync',
    operations,
    sampled: 1000,
    met: operations.flatMap((_, i) => operations.map((_, j) => (i * j) ** 2)),
    since: operations.flatMap((_, i) => operations.map((_, j) => (i * j === 0 ? -1 : 700 - 10 * i * j))),
  };
  return {
    version: SNAPSHOT_VERSION,
    dir: 'crashes/demo',
    seed: '1',
    pagestorm: '0.1.0',
    command: 'pagestorm fuzz mte-sync/v5.19',
    deterministic: false,
    state: 'searching',
    reason: null,
    status: {
      counters: {
        ...newCounters(),
        executions: 1_234_567,
        accesses: 45_100_000,
        findings: 2,
        queued: 320,
        cycles: 1.25,
        runSeconds: 725,
        startTime: NOW - 725,
        lastFind: NOW - 3,
        lastCrash: NOW - 595,
      },
      rate: 25_100,
      rateLastMinute: 24_800,
      running: 0,
      runningAccesses: 0,
      liveDesigns: 1,
      designs: 1,
      design: 'mte-sync/v5.19',
      workers: 2,
      pending: 12,
      minimizing: 0,
      paused: false,
      rss: 200 << 20,
      cpuSeconds: 60,
      pid: 1234,
      now: NOW,
    },
    strategies: [
      strategy('walk', 'schedule', 90_000),
      strategy('pct', 'schedule', 45_000),
      strategy('pos', 'schedule', 44_000),
      strategy('hold', 'schedule', 43_000),
      strategy('sched-keep', 'schedule', 12_000),
      strategy('fresh', 'program', 30_000),
      strategy('op-insert', 'program', 20_000),
    ],
    coverage: [
      coverage('sites', 210, 260),
      coverage('reads-from', 2345, null),
      coverage('hand-offs', 3456, null),
      coverage('windows', 17, null),
      coverage('contexts', 88, null),
      coverage('states', 45, null),
    ],
    workers: [0, 1].map(i => ({
      task: 'fuzz',
      design: 'mte-sync/v5.19',
      doing: `children of entry ${33 + i}`,
      executionsPerSecond: 12_000,
      accessesPerSecond: 400_000,
      history: [1, 5, 9, 12, 11, 12].map(n => 1000 * n),
    })),
    history: {
      executionsPerSecond: [2, 10, 18, 24, 22, 25].map(n => 1000 * n),
      accessesPerSecond: [2, 10, 18, 24, 22, 25].map(n => 30_000 * n),
      newFeatures: [400, 100, 30, 10, 3, 2],
    },
    pairs: [pairs],
    findings: [
      finding(0),
      finding(1, { minimize: { ...finding(1).minimize, state: 'running', complete: false } }),
    ],
    designs: [
      {
        design: 'mte-sync/v5.19',
        memory: 'sc',
        state: 'running',
        executions: 1_234_567,
        failedBatches: 0,
        left: null,
        queue: 320,
        features: 6161,
        findings: 2,
        quiet: 1000,
      },
    ],
    log: [
      { time: NOW - 720, level: 'info', message: 'the self-check passed' },
      { time: NOW - 595, level: 'finding', message: 'tag-loss | store_tag in mte-sync/v5.19 (sc)' },
      { time: NOW - 300, level: 'warning', message: 'a batch failed' },
    ],
    stop: { quiet: 1000, before: 1_233_567, quietSeconds: 3, ratio: 0.0008 },
    ...more,
  };
}

/** Texts as names and messages have them, and as they should not. */
const text = fc.oneof(
  fc.constantFrom('tag-loss', 'mte-sync/v5.19', 'guest-memfd/in-place-conversion+no-barrier-at-all'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ minLength: 100, maxLength: 300 }),
);
const count = fc.oneof(fc.nat(20), fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }));
const yields = fc.record({ schedules: count, newFeatures: count, entries: count, findings: count });

const minimize: fc.Arbitrary<MinimizeView> = fc.record({
  state: fc.constantFrom('waiting', 'running', 'done', 'as-found', 'failed'),
  before: fc.option(fc.constant(size)),
  now: fc.option(fc.constant(size)),
  executions: fc.nat(),
  budget: fc.nat(),
  complete: fc.boolean(),
});

const findings: fc.Arbitrary<readonly FindingView[]> = fc
  .array(
    fc
      .tuple(text, text, minimize, fc.boolean(), count)
      .map(([key, design, minimizing, modelFault, seen]) =>
        finding(0, { key, design, minimize: minimizing, modelFault, count: seen }),
      ),
    { maxLength: 30 },
  )
  .map(all => all.map((one, i) => ({ ...one, folder: `id:${i}` })));

const pairs: fc.Arbitrary<readonly PairsView[]> = fc.array(
  fc.uniqueArray(text, { maxLength: 40 }).chain(operations =>
    fc
      .tuple(fc.array(count, { maxLength: 50 }), fc.array(fc.integer({ min: -1 }), { maxLength: 50 }))
      .map(([met, since]) => ({
        target: 'mte-sync',
        operations,
        sampled: 5,
        met: operations.flatMap((_, i) => operations.map((_, j) => met[i + j] ?? 0)),
        since: operations.flatMap((_, i) => operations.map((_, j) => since[i + j] ?? -1)),
      })),
  ),
  { maxLength: 2 },
);

/** Snapshots of campaigns in any state, with texts that no terminal should be sent as they are. */
export const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    state: fc.constantFrom<Snapshot['state']>(
      'starting',
      'self-check',
      'searching',
      'paused',
      'disk-full',
      'ended',
    ),
    strategies: fc.array(
      fc.record<StrategyView>({
        name: text,
        kind: fc.constantFrom('schedule', 'program'),
        total: yields,
        lastMinute: yields,
      }),
      { maxLength: 20 },
    ),
    coverage: fc.array(
      fc.record<CoverageView>({
        name: text,
        meaning: text,
        covered: count,
        known: fc.option(count),
        perThousand: count,
        unseen: fc.option(count),
      }),
      { maxLength: 8 },
    ),
    workers: fc.array(
      fc.record({
        task: fc.option(text),
        design: text,
        doing: text,
        executionsPerSecond: count,
        accessesPerSecond: count,
        history: fc.array(count, { maxLength: 80 }),
      }),
      { maxLength: 40 },
    ),
    pairs,
    findings,
    designs: fc.array(
      fc.tuple(text, count).map(
        ([design, executions]): DesignView => ({
          ...(snapshot().designs[0] as DesignView),
          design,
          executions,
        }),
      ),
      { maxLength: 30 },
    ),
    log: fc.array(
      fc.record({
        time: fc.constant(NOW),
        level: fc.constantFrom('info' as const, 'warning' as const, 'finding' as const),
        message: text,
      }),
      { maxLength: 50 },
    ),
  })
  .map(more => snapshot(more));
