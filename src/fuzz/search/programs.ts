import type { ProgramGenerator } from '../generate.ts';
import type { Program } from '../program.ts';
import { Stream } from '../stream.ts';
import type { Job, MutatePlan, Plan, Seed } from '../tasks.ts';
import { mutateProgram } from './mutate-program.ts';

/** A program of a plan, how it came about, and whether it is the program of its parent in the queue. */
export interface Planned {
  readonly program: Program;
  readonly how: string;
  readonly parent: Seed | null;
  readonly same: boolean;
  /** Names the random stream of its schedules. */
  readonly stream: string;
}

/** How often a child keeps the program of its parent, so that only schedules differ. */
const SAME = 1;
const CHANGED = 2;

/**
 * Name of the stream from which the program with a number is drawn. So a program depends on nothing but seed, design,
 * memory model, size and its number.
 */
function streamName(job: Job, program: number): string {
  const { cpus, pages, mms } = job.size;
  return `${job.seed}/${job.design}/${job.memory}/${cpus}.${pages}.${mms}/${program}`;
}

export function programOf(seed: Seed): Program {
  return 'case' in seed ? seed.case.program : seed.program;
}

/** The program of a plan with a number: drawn anew, or a child of the entry. The same plan and number, the same program. */
export function plannedProgram(generator: ProgramGenerator, job: Job, plan: Plan, number: number): Planned {
  if (plan.kind === 'mutate') return child(generator, job, plan, number);
  const name = streamName(job, number);
  return {
    program: generator.draw(new Stream(name)),
    how: 'fresh',
    parent: null,
    same: false,
    stream: `${name}/schedule`,
  };
}

/** The entries of a plan take turns as parents, and lend operations to one another's children. */
function child(generator: ProgramGenerator, job: Job, plan: MutatePlan, number: number): Planned {
  const name = `${streamName(job, number)}/${plan.stream}`;
  const stream = new Stream(name);
  const entries = [plan.entry, ...plan.others];
  const parent = entries[number % entries.length] ?? plan.entry;
  const own = generator.complete(programOf(parent));
  const schedules = `${name}/schedule`;
  if (stream.weighted([SAME, CHANGED]) === 0) {
    return { program: own, how: 'op-same', parent, same: true, stream: schedules };
  }
  const others = entries.filter(one => one !== parent).map(one => generator.complete(programOf(one)));
  const { program, how } = mutateProgram(own, generator, others, stream);
  return { program, how, parent, same: program === own, stream: schedules };
}

/** The numbers of a plan's programs: from, and up to but not including, to. */
export function numbersOf(plan: Plan): readonly [from: number, to: number] {
  return plan.kind === 'fresh' ? [plan.from, plan.from + plan.programs] : [0, plan.children];
}
