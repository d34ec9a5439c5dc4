// Loaded by kill-writes.mjs into the process of a campaign (`node --import`): kills it before one of its writes.
//
// The file that KILL_AT names holds numbers, one for each process to come: it is killed before that write. Without a
// number it runs to its end and says in `<file>.count` how often it wrote. KILL_CLOCK makes its clock run faster, so that
// a short campaign takes many checkpoints.
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { KILL_AT, KILL_CLOCK = '1' } = process.env;
let writes = 0;

/** Puts a counting function in the place of one that changes what lies on the disk. */
function counted(object, name, kill, counts = () => true) {
  const original = object[name];
  object[name] = (...args) => {
    if (counts(...args) && ++writes === kill) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}

if (KILL_AT !== undefined && isMainThread && process.argv[1]?.endsWith('campaign-process.js')) {
  const [kill = 0, ...later] = fs.readFileSync(KILL_AT, 'utf8').split(' ').filter(Boolean).map(Number);
  fs.writeFileSync(KILL_AT, later.join(' '));
  for (const name of ['rename', 'rm']) counted(promises, name, kill);
  counted(promises, 'open', kill, (_, flags) => flags === 'w');
  for (const name of ['mkdirSync', 'renameSync', 'rmSync', 'writeFileSync']) counted(fs, name, kill);
  syncBuiltinESMExports();
  const now = performance.now.bind(performance);
  performance.now = () => now() * Number(KILL_CLOCK);
  process.on('exit', () => fs.writeFileSync(`${KILL_AT}.count`, String(writes)));
}
