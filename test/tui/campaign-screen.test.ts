import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';

const RAW = '\x1b[';
let dir: string;
let terminal: PseudoTerminal;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pagestorm-screen-'));
  terminal = new PseudoTerminal(80, 24);
});
afterAll(() => {
  terminal.close();
  rmSync(dir, { recursive: true, force: true });
});

const on = { alternate: true, cursor: false };
const off = { alternate: false, cursor: true };

test('a campaign is watched, paused, opened, resized, suspended and ended on its screen, and seen again', async () => {
  const out = join(dir, 'out');
  const ops = '--ops store_tag,load_tag,mprotect_mte';
  await terminal.shows(/prompt>/);
  terminal.run(
    `pagestorm fuzz mte-sync/v5.19 --memory sc ${ops} --workers 1 --seed 1 --no-selfcheck --out ${out}`,
  );
  await terminal.shows(/crashes by signature.*▶ +[0-9.]+k?x .*tag/s);
  expect(terminal.state).toEqual(on);

  terminal.type(' ');
  await terminal.shows(/PAUSED/);
  terminal.type(' ');
  await terminal.shows(/searching/);

  terminal.type(`${RAW}B\r`);
  await terminal.shows(/\[diagram\] {2}report {3}trace {3}mail.*CPU0.*----/s);
  terminal.type(`${RAW}C`);
  await terminal.shows(/\[report\]/);

  terminal.resize(20, 5);
  await terminal.shows(/^ pages.*\n diagram {2}\[report\].*\n.*\n.*\n esc back/);
  terminal.resize(80, 24);
  await terminal.shows(/\[report\] +trace.*minimise now/s);

  terminal.type('s');
  await terminal.shows(/step 0 of \d+/);
  terminal.type('q');
  await terminal.shows(/\[diagram\]/);
  terminal.type('\x7f');
  await terminal.shows(/process timing/);

  terminal.type('\x1a');
  await terminal.shows(/prompt>/);
  expect(terminal.state).toEqual(off);
  terminal.run('fg');
  await terminal.shows(/process timing/);
  expect(terminal.state).toEqual(on);

  terminal.type('q');
  await terminal.shows(/End the campaign\?/);
  terminal.type('q');
  // What is typed before the shell is back would be the command's.
  await terminal.shows(/done: \[.*look again: pagestorm view.*prompt>\s*$/s);
  expect(terminal.state).toEqual(off);
  terminal.run('clear; stty -a; echo $?');
  await terminal.shows(/ icanon.* echo /s);

  terminal.run(`pagestorm view ${out}`);
  await terminal.shows(/ended by the user.*▶/s);
  terminal.type('q');
  await terminal.shows(/prompt> *$/m);
  expect(terminal.state).toEqual(off);
});
