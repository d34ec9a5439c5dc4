import { fork } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../case/case.ts';
import type { Suspect } from '../directory/journal.ts';
import type { RawFinding } from '../tasks.ts';
import type { ProbeAnswer, ProbeMessage, ProbeStage } from './probe-process.ts';

interface ProbeOptions {
  readonly modules: readonly string[];
  readonly hangSeconds: number;
  /** Folder for the notes that a probe leaves before it dies. */
  readonly state: string;
  /** Ends the probe at once, as one that survives. */
  readonly signal: AbortSignal;
}

/** Seconds that a probe may take: one program, or one execution. */
const PROBE_SECONDS = 60;

/**
 * Runs a program alone in a process of its own. Null if the process survives; else the finding, with the schedule as
 * far as the dying process could tell it.
 */
export async function probe(suspect: Suspect, options: ProbeOptions): Promise<RawFinding | null> {
  const first = await runStage({ stage: 'run', suspect, numbers: [] }, options);
  if (first.died === null) return null;
  const second = await runStage({ stage: 'describe', suspect, numbers: first.numbers }, options);
  const steps = second.died === null ? [] : second.numbers;
  const last = await runStage({ stage: 'case', suspect, numbers: steps }, options);
  if (last.case === null) return null;
  const message = `the process died (${first.died}), as when all memory is used up`;
  return {
    case: { ...last.case, expect: { verdict: 'error', message } },
    message: second.died === null ? `${message}; it did not die again with the schedule noted` : message,
    program: suspect.program,
    provenance: '',
    executions: 1,
    nondeterministic: second.died === null,
  };
}

interface Stage {
  /** How the process died; null if it did not. */
  readonly died: string | null;
  /** What it noted last: answers of the running execution, or its steps. */
  readonly numbers: readonly number[];
  readonly case: Case | null;
}

async function runStage(
  stage: ProbeStage,
  { modules, hangSeconds, state, signal: leaving }: ProbeOptions,
): Promise<Stage> {
  const notes = join(state, 'probe');
  rmSync(notes, { force: true });
  const child = fork(new URL('./probe-process.js', import.meta.url), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const message: ProbeMessage = { ...stage, modules, hangSeconds, notes };
  // One that is gone already is heard of by its end.
  child.send(message, () => {});
  let ended = false;
  // Not to be refused, nor put off by a process that is stopped.
  const end = (): void => {
    ended = true;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(end, 1000 * PROBE_SECONDS);
  leaving.addEventListener('abort', end);
  if (leaving.aborted) end();
  return new Promise((resolve, reject) => {
    let answer: ProbeAnswer | null = null;
    child.on('message', (received: ProbeAnswer) => {
      answer = received;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      leaving.removeEventListener('abort', end);
      const survived = answer !== null || code === 0 || ended;
      const died = survived ? null : (signal ?? `exit code ${code}`);
      resolve({ died, numbers: readNumbers(notes), case: answer?.case ?? null });
    });
  });
}

function readNumbers(path: string): readonly number[] {
  try {
    const bytes = readFileSync(path);
    return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readInt32LE(4 * i));
  } catch {
    return [];
  }
}
