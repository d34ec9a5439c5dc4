import { mteSync } from './mte-sync.ts';
import { pingpong } from './pingpong.ts';
import { tagClear } from './tag-clear.ts';
import { time, type Yardstick } from './timing.ts';

// Accesses and executions per CPU second, and the ratio to a bare ping-pong measured just before in the same run:
// absolute times on shared machines mean little.
const show = (n: number) => n.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ');

function measure(bench: Yardstick): void {
  const base = time(pingpong, 1_000_000, 0.3);
  const t = time(bench, 300_000, 0.5);
  const ratio = (t.accessesPerSecond / base.accessesPerSecond).toFixed(2);
  console.log(
    `${bench.name.padEnd(36)} ${show(t.accessesPerSecond).padStart(11)} accesses/s ` +
      `${show(t.executionsPerSecond).padStart(8)} executions/s  ping-pong ${show(base.accessesPerSecond)}/s  ratio ${ratio}`,
  );
}

const only = process.argv[2] ?? '';
const benches = [
  ...(['sc', 'tso', 'arm64'] as const).flatMap(memory => [2, 3, 4].map(cpus => () => mteSync(memory, cpus))),
  ...(['sc', 'tso', 'arm64'] as const).map(memory => () => tagClear(memory)),
];
for (const make of benches) {
  const bench = make();
  if (bench.name.includes(only)) measure(bench);
}
