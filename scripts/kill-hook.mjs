// Loaded by kill-writes.mjs into the process of a campaign (`node --import`): kills it before one of its writes, or has
// the write fail as on a full disk.
//
// The file that KILL_AT names holds numbers, one for each process to come: that write is hit, and `<file>.hit` says so.
// A process that ends says in `<file>.count` how often it wrote. With KILL_HOW=full the write fails. KILL_CLOCK makes the
// clock run faster, so that a short campaign takes many checkpoints.
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { KILL_AT, KILL_HOW, KILL_CLOCK = '1' } = process.env;
const { writeFileSync } = fs;
let writes = 0;

function hit() {
  writeFileSync(`${KILL_AT}.hit`, '');
  if (KILL_HOW !== 'full') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

/** Puts a counting function in the place of one that changes what lies on the disk. */
function counted(object, name, kill, counts = () => true) {
  const original = object[name];
  object[name] = (...args) => {
    if (counts(...args) && ++writes === kill) hit();
    return original(...args);
  };
}

if (KILL_AT !== undefined && isMainThread && process.argv[1]?.endsWith('campaign-process.js')) {
  const [kill = 0, ...later] = fs.readFileSync(KILL_AT, 'utf8').split(' ').filter(Boolean).map(Number);
  fs.writeFileSync(KILL_AT, later.join(' '));
  counted(promises, 'rename', kill);
  counted(promises, 'open', kill, (_, flags) => flags === 'w');
  for (const name of ['mkdirSync', 'renameSync', 'writeFileSync', 'writeSync']) counted(fs, name, kill);
  syncBuiltinESMExports();
  const now = performance.now.bind(performance);
  performance.now = () => now() * Number(KILL_CLOCK);
  process.on('exit', () => writeFileSync(`${KILL_AT}.count`, String(writes)));
}
