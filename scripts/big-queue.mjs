#!/usr/bin/env node
// What a large queue costs:
//   node scripts/big-queue.mjs [--entries 100000] [--design mte-sync/v6.2-fixed] [--memory arm64] [--seconds 20]
// A short campaign finds some entries; they are copied under new ids until there are enough, and the checkpoint is made to
// know them. Then, with the short queue and with the long one: going on (time to the first new execution), speed of the
// search, merging into another instance (every entry is run there once), and `cmin`; time and the largest resident memory
// of each. Needs `npm run build`.
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, run, table } from './campaign.mjs';

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    design: { type: 'string', default: 'mte-sync/v6.2-fixed' },
    memory: { type: 'string', default: 'arm64' },
    seconds: { type: 'string', default: '20' },
  },
});
const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-queue-'));
const common = [values.design, '--memory', values.memory, '--seed', '1'];

/** Runs a campaign; its first new execution, its speed after that, and its memory. */
async function measured(args, enough = () => false) {
  const began = performance.now();
  let start = null;
  let before = null;
  let first = null;
  let last = null;
  let rss = 0;
  let child;
  const tell = event => {
    if (event.type !== 'status') return;
    if (enough()) child.kill('SIGINT');
    rss = Math.max(rss, event.peak_rss_mb);
    before ??= event.execs_done;
    if (event.execs_done > before) {
      start ??= performance.now() - began;
      first ??= event;
      last = event;
    }
  };
  await fuzz(args, tell, one => {
    child = one;
  });
  const perCpu = last === first ? 0 : (last.execs_done - first.execs_done) / (last.cpu_time - first.cpu_time);
  return { start: start ?? Number.NaN, perCpu, rss, all: performance.now() - began };
}

/** Copies entries under new ids until there are so many, in the folder and in the checkpoint. */
function enlarge(dir, entries) {
  const queue = join(dir, 'queue');
  const path = join(dir, '.state', 'checkpoint.json');
  const checkpoint = JSON.parse(readFileSync(path, 'utf8'));
  const known = checkpoint.jobs[0].queue.entries;
  const files = new Map(readdirSync(queue).map(name => [Number(/^id:(\d+)/.exec(name)?.[1]), name]));
  const all = [...known];
  for (let id = checkpoint.nextEntry; all.length < entries; id++) {
    const from = known[id % known.length];
    const name = files.get(Number(from.id));
    linkSync(join(queue, name), join(queue, name.replace(/^id:\d+/, `id:${String(id).padStart(6, '0')}`)));
    all.push({ ...from, id: String(id) });
    checkpoint.nextEntry = id + 1;
  }
  checkpoint.jobs[0].queue.entries = all;
  writeFileSync(`${path}.new`, JSON.stringify(checkpoint));
  renameSync(`${path}.new`, path);
}

/** The largest resident memory of a command, by looking at it now and then (Linux). */
async function command(args) {
  const began = performance.now();
  let rss = 0;
  let looks;
  const look = child => {
    looks ??= setInterval(() => {
      try {
        const pages = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
        rss = Math.max(rss, Number(pages?.[1] ?? 0) / 1024);
      } catch {
        // It has ended.
      }
    }, 100);
  };
  const { out } = await run(args, () => {}, look);
  clearInterval(looks);
  return { all: performance.now() - began, rss: Math.round(rss), out };
}

const short = join(scratch, 'short');
const long = join(scratch, 'long');
await fuzz([...common, '--time', `${values.seconds}s`, '--out', short]);
cpSync(short, long, { recursive: true });
enlarge(long, Number(values.entries));
const rows = [];
const seconds = value => (value / 1000).toFixed(1);
for (const dir of [short, long]) {
  const size = readdirSync(join(dir, 'queue')).length;
  const resumed = await measured(['--resume', dir, '--time', `${values.seconds}s`]);
  rows.push(['go on', size, seconds(resumed.start), Math.round(resumed.perCpu), resumed.rss]);
  const shared = join(scratch, `shared-${size}`);
  mkdirSync(shared);
  cpSync(dir, join(shared, 'main'), { recursive: true });
  const config = join(shared, 'main', 'campaign.json');
  writeFileSync(
    config,
    JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), instance: 'main', main: true }),
  );
  // What an instance has seen of another is in its checkpoint.
  const other = join(shared, 'other', '.state', 'checkpoint.json');
  const all = () => existsSync(other) && JSON.parse(readFileSync(other, 'utf8')).synced.main >= size;
  const merged = await measured([...common, '-S', 'other', '--out', shared], all);
  rows.push(['merge into another instance', size, seconds(merged.all), '', merged.rss]);
  const reduced = await command(['cmin', dir, '-o', join(scratch, `kept-${size}`)]);
  rows.push(['cmin', size, seconds(reduced.all), reduced.out.split('\n')[0], reduced.rss]);
}
console.log(table(['what', 'entries', 'seconds', 'executions per CPU second; result', 'resident MiB'], rows));
rmSync(scratch, { recursive: true });
