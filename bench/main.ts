import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mteSync } from './mte-sync.ts';
import { pingpong } from './pingpong.ts';
import { tagClear } from './tag-clear.ts';
import { time, type Yardstick } from './timing.ts';

// Accesses and executions per CPU second, and the ratio to a bare ping-pong measured just before in the same process:
// absolute times on shared machines mean little. Each row has a process of its own, as a campaign has one memory model
// per worker: a second model would make every call of the first a polymorphic one.
//
//     node dist/bench/main.js [part of a row's name]

const models = ['sc', 'tso', 'arm64'] as const;
const rows: Readonly<Record<string, () => Yardstick>> = Object.fromEntries([
  ...models.flatMap(memory =>
    [2, 3, 4].map(cpus => [`mte-sync, ${cpus} CPUs, ${memory}`, () => mteSync(memory, cpus)] as const),
  ),
  ...models.flatMap(memory =>
    [2, 3, 4].map(
      cpus => [`mte-sync, ${cpus} CPUs, ${memory}, coverage`, () => mteSync(memory, cpus, true)] as const,
    ),
  ),
  ...models.map(memory => [`tag-clear, 3 threads, ${memory}`, () => tagClear(memory)] as const),
]);

const show = (n: number) => n.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ');

function measure(bench: Yardstick): void {
  const base = time(pingpong, 1_000_000, { warmUp: 0.3, round: 0.3, rounds: 3 });
  const t = time(bench, 100_000, { warmUp: 5, round: 0.5, rounds: 4 });
  const ratio = (t.accessesPerSecond / base.accessesPerSecond).toFixed(3);
  console.log(
    `${bench.name.padEnd(36)} ${show(t.accessesPerSecond).padStart(11)} accesses/s ` +
      `${show(t.executionsPerSecond).padStart(8)} executions/s  ping-pong ${show(base.accessesPerSecond)}/s  ratio ${ratio}`,
  );
}

const [first = '', second = ''] = process.argv.slice(2);
if (first === '--row') {
  const make = rows[second];
  if (make === undefined) throw new Error(`no row is called ${second}`);
  measure(make());
} else {
  for (const name of Object.keys(rows).filter(row => row.includes(first))) {
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--row', name], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
