/** Something that is timed: runs about `count` units of work and says how much it did. */
export interface Yardstick {
  readonly name: string;
  run(count: number): { accesses: number; executions: number };
}

export interface Timing {
  readonly accessesPerSecond: number;
  readonly executionsPerSecond: number;
}

/** Runs a yardstick until `seconds` of CPU time are used, after a warm-up; rates are per CPU second, best of `rounds`. */
export function time(yardstick: Yardstick, count: number, seconds = 0.5, rounds = 3): Timing {
  yardstick.run(count);
  yardstick.run(count);
  let best: Timing = { accessesPerSecond: 0, executionsPerSecond: 0 };
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    let accesses = 0;
    let executions = 0;
    let used = 0;
    do {
      const done = yardstick.run(count);
      accesses += done.accesses;
      executions += done.executions;
      const usage = process.cpuUsage(start);
      used = (usage.user + usage.system) / 1e6;
    } while (used < seconds);
    if (accesses / used > best.accessesPerSecond) {
      best = { accessesPerSecond: accesses / used, executionsPerSecond: executions / used };
    }
  }
  return best;
}
