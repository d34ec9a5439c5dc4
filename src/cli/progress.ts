import type { Status } from '../fuzz/statistics/counters.ts';

/** `[12 s] 1.20M executions (100k/s) of 5.10k programs, 45.1M accesses, 320 queue entries, 2 findings` */
export function progressLine({ counters, rate, paused }: Status): string {
  const parts = [
    `${short(counters.executions)} executions (${short(rate)}/s) of ${short(counters.programs)} programs`,
    `${short(counters.accesses)} accesses`,
    ...(counters.queued > 0 ? [`${short(counters.queued)} queue entries`] : []),
    `${counters.findings} ${counters.findings === 1 ? 'finding' : 'findings'}`,
    ...(counters.modelFaults > 0
      ? [`${counters.modelFaults} ${counters.modelFaults === 1 ? 'fault' : 'faults'} of the model`]
      : []),
    ...(counters.observations > 0 ? [`${short(counters.observations)} observations`] : []),
    ...(counters.cutOff > 0 ? [`${short(counters.cutOff)} cut off for length`] : []),
    ...(paused ? ['paused: the disk is full'] : []),
  ];
  return `[${Math.round(counters.runSeconds)} s] ${parts.join(', ')}`;
}

/** `1234` as `1.23k`, `45100000` as `45.1M`. */
function short(n: number): string {
  for (const [scale, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (n >= scale) return `${(n / scale).toPrecision(3)}${unit}`;
  }
  return String(Math.round(n));
}
