import { pingpong } from './pingpong.ts';
import { tagClear } from './tag-clear.ts';
import { time } from './timing.ts';

const base = time(pingpong, 1_000_000);
const show = (n: number) => n.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ');
console.log(`${pingpong.name}: ${show(base.accessesPerSecond)}/s`);
for (const memory of ['sc', 'tso', 'arm64'] as const) {
  const bench = tagClear(memory);
  const t = time(bench, 200_000);
  console.log(`${bench.name}: ${show(t.accessesPerSecond)} accesses/s, ${show(t.executionsPerSecond)} executions/s, ratio ${(t.accessesPerSecond / base.accessesPerSecond).toFixed(2)}`);
}
