/**
 * What a campaign counts, from its start, over all its runs. The counters that travel from one run to the next are
 * plain numbers, so that they can be saved, sent and added up.
 */
export interface Counters {
  executions: number;
  accesses: number;
  violations: number;
  /** Executions cut off for length, without a verdict. */
  cutOff: number;
  /** What was observed in executions that is no violation, such as a process that was killed. */
  observations: number;
  programs: number;
  /** Seconds that the campaign has run, pauses between runs left out. */
  runSeconds: number;
  /** Seconds that workers have spent in batches, added over workers. */
  workerSeconds: number;
  /** Distinct findings of the designs, and faults of the models (they threw, hung or are nondeterministic). */
  findings: number;
  modelFaults: number;
  hangs: number;
  queued: number;
  imported: number;
  /** Entries of other versions or from elsewhere that did not fit. */
  setAside: number;
  /** Turns of queue entries, divided by their number. */
  cycles: number;
  /** Cells of the coverage maps that are set. */
  features: number;
  /** Executions looked at for their conflict order, different ones, and those seen once. */
  classExecutions: number;
  distinct: number;
  once: number;
  /** Batches lost with a worker, and restarts of the process that runs the workers. */
  lostBatches: number;
  restarts: number;
  /** Unix times in seconds; 0 for never. */
  startTime: number;
  lastFind: number;
  lastCrash: number;
  lastHang: number;
  /** Executions and seconds of the campaign when a feature was last new, and executions when the last finding came. */
  executionsAtFind: number;
  secondsAtFind: number;
  executionsAtCrash: number;
}

export function newCounters(): Counters {
  return {
    executions: 0,
    accesses: 0,
    violations: 0,
    cutOff: 0,
    observations: 0,
    programs: 0,
    runSeconds: 0,
    workerSeconds: 0,
    findings: 0,
    modelFaults: 0,
    hangs: 0,
    queued: 0,
    imported: 0,
    setAside: 0,
    cycles: 0,
    features: 0,
    classExecutions: 0,
    distinct: 0,
    once: 0,
    lostBatches: 0,
    restarts: 0,
    startTime: 0,
    lastFind: 0,
    lastCrash: 0,
    lastHang: 0,
    executionsAtFind: 0,
    secondsAtFind: 0,
    executionsAtCrash: 0,
  };
}

/** Takes over what a saved campaign counted; what is missing or no number is left at 0. */
export function readCounters(saved: unknown): Counters {
  const counters = newCounters();
  if (typeof saved !== 'object' || saved === null) return counters;
  const values = new Map<string, unknown>(Object.entries(saved));
  for (const key of Object.keys(counters) as (keyof Counters)[]) {
    const value = values.get(key);
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) counters[key] = value;
  }
  return counters;
}

/** A moment of a campaign: its counters with what holds for this moment only. */
export interface Status {
  readonly counters: Readonly<Counters>;
  /** Executions a second since the campaign's last start, and in the last minute. */
  readonly rate: number;
  readonly rateLastMinute: number;
  /** Executions and accesses of the batches under way, which `counters` do not have yet. */
  readonly running: number;
  readonly runningAccesses: number;
  /** Designs that still run, of how many. */
  readonly liveDesigns: number;
  readonly designs: number;
  /** The design in work. */
  readonly design: string;
  readonly workers: number;
  /** Entries whose turn has not come yet. */
  readonly pending: number;
  /** Findings that wait for the minimiser. */
  readonly minimizing: number;
  /** True while a full disk holds the campaign up. */
  readonly paused: boolean;
  /** Resident memory of the process with the workers, in bytes. */
  readonly rss: number;
  /** CPU time of that process, in seconds since it began. */
  readonly cpuSeconds: number;
  readonly pid: number;
  /** Unix time in seconds. */
  readonly now: number;
}
