/** Something that is timed: runs about `count` units of work and says how much it did. */
export interface Yardstick {
  readonly name: string;
  run(count: number): { accesses: number; executions: number };
}

export interface Timing {
  readonly accessesPerSecond: number;
  readonly executionsPerSecond: number;
}

/** How long a yardstick runs, in CPU seconds. */
export interface Span {
  /** Before the time counts: until the code is compiled, which for a target with all its operations takes 4 s. */
  readonly warmUp: number;
  readonly round: number;
  readonly rounds: number;
}

/** CPU seconds of this process since `start`, compiler and collector threads included. */
function cpuSeconds(start: NodeJS.CpuUsage): number {
  const usage = process.cpuUsage(start);
  return (usage.user + usage.system) / 1e6;
}

/** Rates per CPU second after a warm-up, of the best of some rounds. */
export function time(yardstick: Yardstick, count: number, span: Span): Timing {
  const begin = process.cpuUsage();
  while (cpuSeconds(begin) < span.warmUp) yardstick.run(count);
  let best: Timing = { accessesPerSecond: 0, executionsPerSecond: 0 };
  for (let round = 0; round < span.rounds; round++) {
    const start = process.cpuUsage();
    let accesses = 0;
    let executions = 0;
    let used = 0;
    do {
      const done = yardstick.run(count);
      accesses += done.accesses;
      executions += done.executions;
      used = cpuSeconds(start);
    } while (used < span.round);
    if (accesses / used > best.accessesPerSecond) {
      best = { accessesPerSecond: accesses / used, executionsPerSecond: executions / used };
    }
  }
  return best;
}
