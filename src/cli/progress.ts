import type { CampaignStats } from '../fuzz/campaign.ts';

/** `[12 s] 1.20M executions (100k/s), 45.1M accesses, 2 findings` */
export function progressLine(stats: Readonly<CampaignStats>, seconds: number): string {
  const rate = stats.fuzzSeconds > 0 ? stats.executions / stats.fuzzSeconds : 0;
  const parts = [
    `${short(stats.executions)} executions (${short(rate)}/s) of ${short(stats.programs)} programs`,
    `${short(stats.accesses)} accesses`,
    `${stats.findings} ${stats.findings === 1 ? 'finding' : 'findings'}`,
    ...(stats.modelFaults > 0
      ? [`${stats.modelFaults} ${stats.modelFaults === 1 ? 'fault' : 'faults'} of the model`]
      : []),
    ...(stats.cutOff > 0 ? [`${short(stats.cutOff)} cut off for length`] : []),
  ];
  return `[${Math.round(seconds)} s] ${parts.join(', ')}`;
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
