// Runs campaigns for the other scripts: starts `pagestorm fuzz --json` and reads what it tells.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = join(dirname(fileURLToPath(import.meta.url)), '../bin/pagestorm.js');

/**
 * Runs a campaign to its end; `tell` gets each event, its environment is ours and `env`. Resolves to its exit code and the events.
 */
export function fuzz(args, tell, begun, env) {
  return run(['fuzz', ...args, '--json', '--no-selfcheck'], tell, begun, env);
}

/**
 * Runs any command of pagestorm; lines of its output that are JSON objects are events. `begun` gets the process.
 *
 * @throws Error with its last words if it could not run.
 */
export async function run(args, tell = () => {}, begun = () => {}, env = {}) {
  const { child, ended } = start(args, tell, env);
  begun(child);
  const result = await ended;
  const { code, errors } = result;
  if (code === null || code === 2 || (code > 3 && code !== 130))
    throw new Error(`pagestorm ${args.join(' ')}: ${errors.trim()}`);
  return result;
}

/** The same for one that may be killed: the process, and what it has left when it ends; its exit code is null then. */
export function start(args, tell = () => {}, env = {}) {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const events = [];
  let rest = '';
  let out = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      out += `${line}\n`;
      if (!line.startsWith('{')) continue;
      const event = JSON.parse(line);
      events.push(event);
      tell(event);
    }
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', chunk => {
    errors += chunk;
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, events, out, errors }));
  });
  return { child, ended };
}

/** Rows of cells as a Markdown table; all but the first `texts` columns to the right. */
export function table(head, rows, texts = 1) {
  const line = cells => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i < texts ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** The middle one of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
