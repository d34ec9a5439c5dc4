import type { Status } from './counters.ts';

export type Unit = 'count' | 'seconds' | 'per second' | 'unix time' | 'percent' | 'MiB' | 'text';

/** One figure of a campaign: what `fuzzer_stats`, `plot_data`, `--json` and the screens show. */
export interface Statistic {
  /** Its key in `fuzzer_stats` and JSON; AFL's where AFL has the figure. */
  readonly name: string;
  readonly unit: Unit;
  readonly meaning: string;
  readonly of: (status: Status) => number | string;
  /** A column of `plot_data`. */
  readonly plot?: true;
}

/** Every figure, in the order in which it is written. To add one: a line here, and a row in docs/json.md. */
export const statistics: readonly Statistic[] = [
  of('start_time', 'unix time', 'when the campaign first began', s => s.counters.startTime),
  of('last_update', 'unix time', 'when these figures were taken', s => s.now),
  of(
    'run_time',
    'seconds',
    'time that the campaign has run, all runs together',
    s => round(s.counters.runSeconds),
    'plot',
  ),
  of('fuzzer_pid', 'count', 'process that runs the workers', s => s.pid),
  of('workers', 'count', 'worker threads', s => s.workers),
  of('designs_live', 'count', 'designs that are still searched', s => s.liveDesigns),
  of('designs', 'count', 'designs of the campaign', s => s.designs),
  of('design', 'text', 'the design in work', s => s.design),
  of(
    'cycles_done',
    'count',
    'turns that the queue entries have had, divided by their number',
    s => s.counters.cycles,
    'plot',
  ),
  of('time_wo_finds', 'seconds', 'time since the last new queue entry', s =>
    s.counters.queued === 0 ? 0 : round(s.counters.runSeconds - s.counters.secondsAtFind),
  ),
  of('execs_done', 'count', 'executions', s => s.counters.executions, 'plot'),
  of('execs_per_sec', 'per second', 'executions a second since the last start', s => round(s.rate), 'plot'),
  of('execs_ps_last_min', 'per second', 'executions a second in the last minute', s =>
    round(s.rateLastMinute),
  ),
  of('accesses_done', 'count', 'accesses executed', s => s.counters.accesses),
  of(
    'programs_done',
    'count',
    'programs drawn or mutated, each run under several schedules',
    s => s.counters.programs,
  ),
  of('cut_off', 'count', 'executions cut off for length, without a verdict', s => s.counters.cutOff),
  of(
    'observations',
    'count',
    'times that executions showed what is no violation, such as a process that is killed',
    s => s.counters.observations,
  ),
  of('violations', 'count', 'executions that ended in a violation', s => s.counters.violations),
  of('corpus_count', 'count', 'entries of the queue', s => s.counters.queued, 'plot'),
  of('corpus_imported', 'count', 'entries taken from other instances or --input', s => s.counters.imported),
  of('corpus_set_aside', 'count', 'entries that did not fit the models', s => s.counters.setAside),
  of('pending_total', 'count', 'entries whose first turn has not come', s => s.pending, 'plot'),
  of(
    'edges_found',
    'count',
    'features of the coverage maps that were reached',
    s => s.counters.features,
    'plot',
  ),
  of(
    'executions_distinct',
    'percent',
    'executions that differ in the order of conflicting accesses',
    distinctShare,
  ),
  of(
    'unseen_mass',
    'percent',
    'chance that the next execution of a program in work is a new one (Good-Turing)',
    unseenMass,
  ),
  of(
    'saved_crashes',
    'count',
    'findings: violations told apart by design and signature',
    s => s.counters.findings,
    'plot',
  ),
  of('saved_hangs', 'count', 'programs whose model hung', s => s.counters.hangs, 'plot'),
  of(
    'model_faults',
    'count',
    'faults of models: thrown errors, hangs, nondeterminism, exhausted memory',
    s => s.counters.modelFaults,
  ),
  of('minimizing', 'count', 'findings that wait for the minimiser', s => s.minimizing),
  of('last_find', 'unix time', 'when the last entry joined the queue; 0 for never', s => s.counters.lastFind),
  of('last_crash', 'unix time', 'when the last finding came; 0 for never', s => s.counters.lastCrash),
  of('last_hang', 'unix time', 'when a model last hung; 0 for never', s => s.counters.lastHang),
  of(
    'execs_since_crash',
    'count',
    'executions since the last finding',
    s => s.counters.executions - s.counters.executionsAtCrash,
  ),
  of(
    'lost_batches',
    'count',
    'batches lost with a worker that hung, threw or died',
    s => s.counters.lostBatches,
  ),
  of(
    'restarts',
    'count',
    'times that the process with the workers died and was started again',
    s => s.counters.restarts,
  ),
  of('paused', 'count', '1 while a full disk holds the campaign up', s => Number(s.paused)),
  of(
    'peak_rss_mb',
    'MiB',
    'resident memory of the process with the workers',
    s => Math.round(s.rss / (1 << 20)),
    'plot',
  ),
  of('cpu_time', 'seconds', 'CPU time of that process since it began', s => round(s.cpuSeconds)),
];

function of(name: string, unit: Unit, meaning: string, value: Statistic['of'], plot?: 'plot'): Statistic {
  return { name, unit, meaning, of: value, ...(plot === undefined ? {} : { plot: true }) };
}

/** All figures by name, for JSON. */
export function figures(status: Status): Record<string, number | string> {
  return Object.fromEntries(statistics.map(one => [one.name, one.of(status)]));
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function distinctShare({ counters }: Status): number {
  return counters.classExecutions === 0 ? 0 : round((100 * counters.distinct) / counters.classExecutions);
}

function unseenMass({ counters }: Status): number {
  return counters.classExecutions === 0 ? 0 : round((100 * counters.once) / counters.classExecutions);
}
