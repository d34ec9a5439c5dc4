#!/usr/bin/env node
// How campaigns scale with workers:
//   node scripts/scaling.mjs [--rounds 5] [--seconds 30] [--design mte-sync/v6.2-fixed] [--memory arm64]
// In each round a campaign with one worker and one with two run one after the other, and between them a bare loop (integer
// arithmetic, no memory) in one thread and in two: shared machines rarely give two whole cores, and the loop shows what
// they gave. Prints accesses per CPU second and per second, and the ratios. Needs `npm run build`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzz, median, table } from './campaign.mjs';

/** Turns of the bare loop in some seconds. */
function spin(seconds) {
  const end = performance.now() + 1000 * seconds;
  let turns = 0;
  for (let x = 1; performance.now() < end; turns++) {
    for (let i = 0; i < 100_000; i++) x = (Math.imul(x, 0x2c1b3c6d) ^ (x >>> 15)) | 0;
    if (x === 0) break;
  }
  return turns;
}

async function bare(threads, seconds) {
  const all = Array.from(
    { length: threads },
    () =>
      new Promise((resolve, reject) => {
        new Worker(new URL(import.meta.url), { workerData: seconds })
          .on('message', resolve)
          .on('error', reject);
      }),
  );
  const turns = await Promise.all(all);
  return turns.reduce((sum, one) => sum + one, 0) / seconds;
}

/** Accesses per CPU second and per second, the first half left out: much is compiled then. */
async function campaign(workers, { design, memory, seconds }) {
  const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-scaling-'));
  let first = null;
  let last = null;
  const limits = ['--time', `${seconds}s`, '--workers', String(workers), '--seed', '1'];
  await fuzz([design, '--memory', memory, ...limits, '--out', join(scratch, 'out')], event => {
    if (event.type !== 'status' || event.run_time < seconds / 2) return;
    first ??= event;
    last = event;
  });
  rmSync(scratch, { recursive: true });
  const accesses = last.accesses_done - first.accesses_done;
  return {
    perCpu: accesses / (last.cpu_time - first.cpu_time),
    perSecond: accesses / (last.run_time - first.run_time),
  };
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '30' },
      design: { type: 'string', default: 'mte-sync/v6.2-fixed' },
      memory: { type: 'string', default: 'arm64' },
    },
  });
  const options = { ...values, seconds: Number(values.seconds) };
  const rounds = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    const one = await campaign(1, options);
    const loop1 = await bare(1, options.seconds / 4);
    const two = await campaign(2, options);
    const loop2 = await bare(2, options.seconds / 4);
    rounds.push({ one, two, loop: loop2 / loop1 });
    console.error(`round ${i + 1} of ${values.rounds}`);
  }
  const million = value => (value / 1e6).toFixed(2);
  const row = (name, { one, two, loop }) => [
    name,
    million(one.perCpu),
    million(two.perCpu),
    (two.perCpu / one.perCpu).toFixed(2),
    million(one.perSecond),
    million(two.perSecond),
    (two.perSecond / one.perSecond).toFixed(2),
    loop.toFixed(2),
  ];
  const middle = of => median(rounds.map(of));
  const medians = [
    'median',
    million(middle(r => r.one.perCpu)),
    million(middle(r => r.two.perCpu)),
    middle(r => r.two.perCpu / r.one.perCpu).toFixed(2),
    million(middle(r => r.one.perSecond)),
    million(middle(r => r.two.perSecond)),
    middle(r => r.two.perSecond / r.one.perSecond).toFixed(2),
    middle(r => r.loop).toFixed(2),
  ];
  console.log(`${values.design} under ${values.memory}, ${values.seconds} s each, millions of accesses`);
  const head = [
    'round',
    '1 worker, per CPU s',
    '2 workers',
    'ratio',
    '1 worker, per s',
    '2 workers',
    'ratio',
    'bare loop',
  ];
  console.log(table(head, [...rounds.map((one, i) => row(String(i + 1), one)), medians]));
} else parentPort.postMessage(spin(workerData));
