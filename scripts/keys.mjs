#!/usr/bin/env node
// Drives the campaign screen in tmux, a real terminal, with every key, and says what happened:
//   node scripts/keys.mjs
// Suspends and continues it, resizes it to very small and back, sends it signals, and quits while a worker hangs. After each
// way out the terminal must be as before: no alternate screen, cursor shown, no raw mode. Needs tmux and `npm run build`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildDemo } from '../test/fuzz/fixtures/build-demo.mjs';

const bin = join(dirname(fileURLToPath(import.meta.url)), '../bin/pagestorm.js');
const dir = mkdtempSync(join(tmpdir(), 'pagestorm-keys-'));
const socket = join(dir, 'tmux');
/** Milliseconds to wait for something to show. */
const PATIENCE = 60_000;
let failures = 0;
let runs = 0;

function tmux(...args) {
  return execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' });
}

function text() {
  return tmux('capture-pane', '-p', '-t', 'keys');
}

async function until(found) {
  const began = performance.now();
  while (!found()) {
    if (performance.now() - began > PATIENCE) return false;
    await sleep(100);
  }
  return true;
}

/** Presses keys (tmux names) and checks what shows then. */
async function check(what, keys, expected) {
  if (keys.length > 0) tmux('send-keys', '-t', 'keys', ...keys);
  const ok = await until(() => expected.test(text()));
  report(what, ok, ok ? '' : `expected ${expected}, shows:\n${text()}`);
}

function report(what, ok, why) {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `\n${why}`}`);
  if (!ok) failures++;
}

/** Starts a campaign in the shell of the terminal. */
async function start(args) {
  const out = join(dir, `out-${runs++}`);
  type(`clear; node ${bin} ${args.replace('OUT', out)}`);
  return out;
}

function type(line) {
  tmux('send-keys', '-t', 'keys', '-l', line);
  tmux('send-keys', '-t', 'keys', 'Enter');
}

/** The terminal after a way out: the shell has it, and it is as before. */
async function checkClean(what) {
  await until(() => /^\$ *$/m.test(text()));
  const state = () => tmux('display-message', '-p', '-t', 'keys', '#{alternate_on} #{cursor_flag}').trim();
  report(
    `${what}: the screen is the normal one, with a cursor`,
    await until(() => state() === '0 1'),
    state(),
  );
  type('clear; stty -a | tr ";" "\\n" | grep -c -- "-icanon\\|-echo \\|-isig\\|-opost"');
  await check(`${what}: the terminal is not in raw mode`, [], /^0$/m);
}

/** Sends a signal to the process that draws. */
function signal(name, out) {
  const { pid } = JSON.parse(readFileSync(join(out, 'lock'), 'utf8'));
  process.kill(pid, name);
}

const campaign = 'fuzz mte-sync/v5.19 --memory sc --no-selfcheck --workers 1 --seed 1 --out OUT';

async function keys() {
  await start(campaign);
  await check('crashes arrive', [], /▶ +[0-9.]+k?x .*\n +[0-9.]+k?x /);
  await check('space pauses', ['Space'], /PAUSED/);
  await check('p resumes', ['p'], /searching/);
  await check('down chooses the next crash', ['Down'], /x .*\n▶ +[0-9.]+k?x /);
  await check('up goes back', ['Up'], /signature *\n▶ +[0-9.]+k?x /);
  await check('end chooses the oldest', ['End'], /▶ +[0-9.]+k?x .*\n──/);
  await check('home chooses the newest', ['Home'], /signature *\n▶ +[0-9.]+k?x /);
  for (const title of [
    'process timing',
    'overall results',
    'strategy yields',
    'coverage',
    'operation pairs',
    'speed',
    'log',
  ]) {
    await check(`tab goes to ${title}`, ['Tab'], new RegExp(`━▶ ${title}`));
  }
  await check('up scrolls the log', ['Up'], /━▶ log/);
  await check('shift-tab goes back', ['BTab'], /━▶ speed/);
  await check('esc goes to the crashes', ['Escape'], /━▶ crashes/);
  await check('? explains', ['?'], /space, p +pause and resume/);
  await check('down scrolls the help', ['Down', 'Down', 'Down', 'Down', 'Down', 'Down'], /choose a crash/);
  await check('esc closes the help', ['Escape'], /process timing/);
  await check('t lists targets and designs', ['t'], /▶ everything \(now\)/);
  await check('enter shows one only', ['Down', 'Enter'], /only mte-sync/);
  await check('t and enter show all again', ['t', 'Up', 'Up', 'Enter'], /v5\.19 \(sc\) +searching/);
  await check('enter opens the crash', ['Enter'], /\[diagram\].*CPU0/s);
  await check('right shows the report', ['Right'], /\[report\].*signature/s);
  await check('3 shows the trace', ['3'], /\[trace\].*(setup|cpu[0-9]) /s);
  await check('down and page down scroll it', ['Down', 'NPage'], /lines (?!1 )\d+ to/);
  await check('4 shows the mail', ['4'], /\[mail\]/);
  await check('left goes back', ['Left'], /\[trace\]/);
  await check('n opens an older crash', ['n'], /\[trace\]/);
  await check('N opens a newer one', ['N'], /\[trace\]/);
  await check('m says how it stands with the minimiser', ['m'], /minimised/);
  await check('s steps through it', ['s'], /step 0 of \d+/);
  await check('right makes a step', ['Right'], /step 1 of \d+/);
  await check('left goes back a step', ['Left'], /step 0 of \d+/);
  await check('q leaves the steps', ['q'], /\[diagram\]/);
  await check('backspace leaves the crash', ['BSpace'], /process timing/);
  tmux('resize-window', '-t', 'keys', '-x', '20', '-y', '5');
  await check('at 20x5 the newest crash is seen', [], /^.*\n━▶ crashes by signa.*\n/);
  tmux('resize-window', '-t', 'keys', '-x', '1', '-y', '1');
  await sleep(1000);
  tmux('resize-window', '-t', 'keys', '-x', '200', '-y', '60');
  await check('at 200x60 there are three columns', [], /process timing.*overall results.*speed/);
  tmux('resize-window', '-t', 'keys', '-x', '80', '-y', '24');
  await check('at 80x24 again there are two', [], /process timing.*overall results ─+$/m);
  tmux('send-keys', '-t', 'keys', 'C-z');
  await checkClean('ctrl-z');
  type('fg');
  await check('fg brings the screen back', [], /process timing/);
  await check('q asks', ['q'], /End the campaign\?/);
  await check('another key goes on', ['x'], /q quit/);
  await check('q and y end it with a summary', ['q', 'y'], /done: .*look again: pagestorm view/s);
  await checkClean('quit');
}

async function signals() {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    const out = await start(campaign);
    await check(`${name}: a campaign runs`, [], /process timing/);
    signal(name, out);
    await checkClean(name);
  }
  const out = await start(campaign);
  await check('SIGTSTP: a campaign runs', [], /process timing/);
  signal('SIGTSTP', out);
  await checkClean('SIGTSTP from elsewhere');
  type('fg');
  await check('fg brings it back', [], /process timing/);
  await check('ctrl-c ends it', ['C-c'], /look again/);
  await checkClean('ctrl-c');
}

/** Quits while the worker runs on in a model without an access. */
async function hanging() {
  const module = buildDemo(join(dir, 'demo'));
  await start(
    `fuzz demo/loops --target-module ${module} --hang-timeout 1h --no-selfcheck --workers 1 --out OUT`,
  );
  await check('a campaign runs whose worker hangs', [], /process timing/);
  await check('q and q ask it to end', ['q', 'q'], /ending: writing what was found|look again/);
  await check('q leaves at once', ['q'], /look again/);
  await checkClean('quit while a worker hangs');
}

try {
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-s',
    'keys',
    '-x',
    '80',
    '-y',
    '24',
    'env PS1="$ " ENV= LC_ALL=C.UTF-8 sh -i',
  );
  await until(() => /\$/.test(text()));
  await keys();
  await signals();
  await hanging();
} finally {
  tmux('kill-server');
  rmSync(dir, { recursive: true, force: true });
}
console.log(failures === 0 ? 'all as expected' : `${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
