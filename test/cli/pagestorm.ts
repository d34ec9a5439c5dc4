import { type ChildProcess, spawn } from 'node:child_process';
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

/** What to do with the process, once, when a text is in its output. */
export type Cues = Readonly<Record<string, (child: ChildProcess) => void>>;

export function interrupt(child: ChildProcess): void {
  child.kill('SIGINT');
}

/** Milliseconds that a process may take, less than a test (vitest.config.ts): what hangs is named, with what it has said. */
const PATIENCE_MS = 500_000;

/** Runs the built command with the demo target loaded, in our environment and `env`. */
export function pagestorm(
  args: readonly string[],
  cues: Cues = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  return node([bin, ...args, '--target-module', demo], cues, env);
}

/** Runs Node.js with these arguments. Rejects if it does not end, which a test that waits for it in this thread would hang of. */
export function node(args: readonly string[], cues: Cues = {}, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: tmpdir(), env: { ...process.env, ...env } });
    const waiting = new Map(Object.entries(cues));
    let out = '';
    let err = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`still runs after ${PATIENCE_MS / 1000} s: ${args.join(' ')}\n${out}\n${err}`));
    }, PATIENCE_MS);
    // In whole characters, wherever a piece of the output ends.
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      for (const [cue, act] of waiting) {
        if (out.includes(cue) && waiting.delete(cue)) act(child);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('error', reject);
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ code, out, err });
    });
  });
}
