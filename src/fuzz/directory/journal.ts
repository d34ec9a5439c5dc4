import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzTask, Job, Plan, Seed } from '../tasks.ts';
import { unlessFull } from './disk.ts';

/** What a worker was at when its process died. */
export interface Suspect {
  readonly job: Job;
  readonly plan: Plan;
  /** Number of the program or child that ran. */
  readonly program: number;
}

/** Bytes at the head of a journal that hold the number of the program: rewritten in place, so never longer. */
const HEAD = 16;
const NONE = -1;

/** The file of a worker: `<folder>/worker-0`. */
export function journalPath(folder: string, worker: number): string {
  return join(folder, `worker-${worker}`);
}

/**
 * Writes down what a worker is about to run, before it starts, so that it is known if the process dies of it. It need
 * not survive a power failure, so nothing is flushed.
 */
export class Journal {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'w+');
    this.done();
  }

  /** Called by the main thread before a worker gets the task. On a full disk it names nothing, and nobody is suspected. */
  begin({ job, plan }: FuzzTask): void {
    const text = Buffer.from(JSON.stringify({ job, plan: plain(plan) }));
    ftruncateSync(this.#file, HEAD);
    unlessFull(() => writeSync(this.#file, text, 0, text.length, HEAD));
  }

  done(): void {
    writeHead(this.#file, NONE);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Answers are typed arrays in memory and lists in files. */
function plain(plan: Plan): Plan {
  if (plan.kind === 'fresh') return plan;
  const listed = (seed: Seed): Seed =>
    'case' in seed ? seed : { ...seed, answers: Array.from(seed.answers) };
  return { ...plan, entry: listed(plan.entry), others: plan.others.map(listed) };
}

const marks = new Map<string, (program: number) => void>();

/** Called by a worker thread with each program before it runs; one open file for each journal. */
export function programMark(path: string): (program: number) => void {
  let mark = marks.get(path);
  if (mark === undefined) {
    const file = openSync(path, 'r+');
    mark = program => writeHead(file, program);
    marks.set(path, mark);
  }
  return mark;
}

function writeHead(file: number, program: number): void {
  unlessFull(() => writeSync(file, String(program).padEnd(HEAD, ' '), 0, 'latin1'));
}

/** What the workers of a process that has died were at. Journals that cannot be read name nobody. */
export function suspects(folder: string): readonly Suspect[] {
  return readdirSync(folder)
    .filter(name => name.startsWith('worker-'))
    .flatMap(name => {
      const bytes = readFileSync(join(folder, name));
      const program = Number.parseInt(bytes.toString('latin1', 0, HEAD), 10);
      if (!(program >= 0)) return [];
      try {
        const { job, plan } = JSON.parse(bytes.toString('utf8', HEAD)) as { job: Job; plan: Plan };
        return [{ job, plan, program }];
      } catch {
        return [];
      }
    });
}
