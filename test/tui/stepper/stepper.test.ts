import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shippedCorpus } from '../../../src/fuzz/catalogue.ts';
import { PseudoTerminal } from '../pseudo-terminal.ts';

const RAW = '\x1b[';
const file = join(shippedCorpus, 'mte-sync/H2.yaml');
const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));
const on = { alternate: true, cursor: false };
const off = { alternate: false, cursor: true };
let dir: string;
let terminal: PseudoTerminal;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pagestorm-stepper-'));
  terminal = new PseudoTerminal(80, 24);
  await terminal.shows(/prompt>/);
});
afterAll(() => {
  terminal.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Whether the terminal edits and echoes lines again. */
async function cooked(): Promise<void> {
  terminal.type("clear; stty -a | grep -o '.icanon'\r");
  await terminal.shows(/^ icanon$/m);
}

test('replay --step walks through a case by its keys and leaves the terminal as it was', async () => {
  terminal.run(`pagestorm replay ${file} --step`);
  await terminal.shows(/step 0 of \d+[\s\S]* > CPU0 +load_tag.*\n +next +walk mm0.pte\[0\]/);
  expect(terminal.state).toEqual(on);
  terminal.type(`${RAW}C`);
  await terminal.shows(/step 1 of[\s\S]*── now ─/);
  terminal.type(`l ${RAW}D`);
  await terminal.shows(/step 2 of/);
  terminal.type('w');
  await terminal.shows(/WRITE_ONCE\(page->tags\[0\], 0\) \(delayed\)[\s\S]* delays +page->tags\[0\] = 0/);
  terminal.type('v');
  await terminal.shows(/end +\*\*\* stale-tags/);
  terminal.type(`${RAW}D`);
  await terminal.shows(/READ_ONCE\(page->tags\[0\]\) +CPU1's 0 is not visible yet/);
  terminal.type('g12');
  await terminal.shows(/go to step: 12_/);
  terminal.type('\r/vm_flags\r');
  await terminal.shows(/step \d+ +CPU1 read vm_area_struct->vm_flags/);
  terminal.type('?');
  await terminal.shows(/next, previous context switch[\s\S]*any key goes back/);
  terminal.type('xg7\r');
  await terminal.shows(/step 7 of/);

  terminal.resize(20, 5);
  await terminal.shows(/^ mt.* step 7 of \d+\s*\n +step 7.*\n.*\n.*\n <-\/-> step/);
  terminal.resize(80, 24);
  await terminal.shows(/step 7 of[\s\S]*── memory ─/);

  terminal.type('\x1a');
  await terminal.shows(/prompt>/);
  expect(terminal.state).toEqual(off);
  await cooked();
  terminal.run('fg');
  await terminal.shows(/step 7 of/);
  expect(terminal.state).toEqual(on);

  terminal.type('q');
  await terminal.shows(/H2\.yaml: violation: stale-tags[\s\S]*as expected/);
  expect(terminal.state).toEqual(off);
  await cooked();
});

test('SIGTERM and Ctrl-C give the terminal back', async () => {
  const pid = join(dir, 'pid');
  const script = join(dir, 'run.sh');
  writeFileSync(
    script,
    `echo $$ > ${pid}\nexec '${process.execPath}' ${dist}../bin/pagestorm.js replay ${file} --step\n`,
  );
  for (const stop of [
    () => process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM'),
    () => terminal.type('\x03'),
  ]) {
    terminal.type(`clear; sh ${script}\r`);
    await terminal.shows(/step 0 of/);
    expect(terminal.state).toEqual(on);
    stop();
    await terminal.shows(/prompt>/);
    expect(terminal.state).toEqual(off);
    await cooked();
  }
});

test('a screen that throws gives the terminal back, and says what it threw', async () => {
  const script = join(dir, 'throws.mjs');
  writeFileSync(
    script,
    `import react from '${dist}../node_modules/react/index.js';
     import { Terminal } from '${dist}tui/terminal.js';
     const Faulty = () => { throw new Error('a fault of the screen'); };
     const terminal = new Terminal(() => react.createElement(Faulty));
     await terminal.ended().catch(error => console.log('ended with', error.message));`,
  );
  terminal.type(`clear; '${process.execPath}' ${script}\r`);
  await terminal.shows(/ended with a fault of the screen[\s\S]*prompt>/);
  expect(terminal.state).toEqual(off);
  await cooked();
});
