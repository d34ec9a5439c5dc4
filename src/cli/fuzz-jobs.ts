import { UsageError } from '../engine/errors.ts';
import { ProgramGenerator } from '../fuzz/generate.ts';
import { unknownName } from '../fuzz/names.ts';
import { parseSelection, type Selection, selectionName } from '../fuzz/selection.ts';
import type { Job } from '../fuzz/tasks.ts';
import type { Target } from '../targets/target.ts';
import { machineOf } from './options.ts';

/** What a campaign is asked to search. */
export interface Asked {
  readonly designs: readonly string[];
  readonly cpus: string | undefined;
  readonly pages: string | undefined;
  readonly mms: string | undefined;
  readonly memory: string | undefined;
  readonly ops: readonly string[];
}

/**
 * The jobs of a campaign: one for each design that was named, or all.
 *
 * @throws UsageError naming the option, before anything runs.
 */
export function jobsOf(asked: Asked, targets: readonly Target[], seed: string): readonly Job[] {
  const selections = selectionsOf(asked.designs, targets);
  const jobs = selections.flatMap(selection => jobOf(selection, seed, asked) ?? []);
  checkOperations(jobs, selections, asked);
  return jobs;
}

function selectionsOf(designs: readonly string[], targets: readonly Target[]): readonly Selection[] {
  if (targets.length === 0)
    throw new UsageError('there are no targets; name a module that has some with --target-module');
  const named = designs.length > 0 ? designs : targets.map(target => target.name);
  const all = named.flatMap(text => parseSelection(text, targets));
  return all.filter((one, i) => all.findIndex(other => selectionName(other) === selectionName(one)) === i);
}

/** What to run of a design; null if it has none of the operations named by --ops, as designs differ in them. */
function jobOf(selection: Selection, seed: string, asked: Asked): Job | null {
  const { memory, cpus, pages, mms } = asked;
  const machine = machineOf(selection.target, {
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pages === undefined ? {} : { pages }),
    ...(mms === undefined ? {} : { mms }),
  });
  const known = selection.target.build(selection.settings, machine.size).operations.map(one => one.name);
  const ops = asked.ops.filter(name => known.includes(name));
  if (asked.ops.length > 0 && ops.length === 0) return null;
  return { design: selectionName(selection), memory: machine.memory, size: machine.size, ops, seed };
}

/** Refuses names of operations that no design has, and lists without anything to schedule, before anything runs. */
function checkOperations(jobs: readonly Job[], selections: readonly Selection[], asked: Asked): void {
  for (const name of asked.ops) {
    if (jobs.some(job => job.ops.includes(name))) continue;
    const known = new Set(
      selections.flatMap(({ target, settings }) =>
        target.build(settings, target.size).operations.map(op => op.name),
      ),
    );
    throw new UsageError(`--ops: ${unknownName('operation', name, [...known])}`);
  }
  for (const job of jobs) {
    const selection = selections.find(one => selectionName(one) === job.design);
    if (selection !== undefined) {
      new ProgramGenerator(selection.target.build(selection.settings, job.size), job.size, job.ops);
    }
  }
}
