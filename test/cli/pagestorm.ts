import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDemo } from '../fuzz/fixtures/build-demo.mjs';

/** The command. */
export const bin = fileURLToPath(new URL('../../bin/pagestorm.js', import.meta.url));

/** A fresh folder that a test may fill. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'pagestorm-test-'));
}

/** The module with the demo target. */
export const demo: string = buildDemo(scratch());

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command with the demo target loaded; `interruptAt` is output upon which it gets SIGINT. */
export function pagestorm(args: readonly string[], interruptAt = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args, '--target-module', demo], { cwd: tmpdir() });
    let out = '';
    let err = '';
    child.stdout.on('data', chunk => {
      out += String(chunk);
      if (interruptAt !== '' && out.includes(interruptAt)) {
        interruptAt = '';
        setTimeout(() => child.kill('SIGINT'), 300);
      }
    });
    child.stderr.on('data', chunk => {
      err += String(chunk);
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code, out, err }));
  });
}
