import { EngineError, UsageError } from '../engine/errors.ts';
import { ProgramGenerator } from '../fuzz/generate.ts';
import { unknownName } from '../fuzz/names.ts';
import { parseSelection, type Selection, selectionName } from '../fuzz/selection.ts';
import type { Job } from '../fuzz/tasks.ts';
import { thrownText } from '../fuzz/thrown.ts';
import type { Model, Size, Target } from '../targets/target.ts';
import { machineOf } from './options.ts';

/** What a search of designs is asked to be; undefined for what the target uses. */
export interface JobOptions {
  readonly cpus: string | undefined;
  readonly pages: string | undefined;
  readonly mms: string | undefined;
  readonly memory: string | undefined;
  readonly ops: readonly string[];
}

/** The designs named, each once; those of all targets if none is. */
export function selectionsOf(designs: readonly string[], targets: readonly Target[]): readonly Selection[] {
  if (targets.length === 0)
    throw new UsageError('there are no targets; name a module that has some with --target-module');
  const named = designs.length > 0 ? designs : targets.map(target => target.name);
  const all = named.flatMap(text => parseSelection(text, targets));
  return all.filter((one, i) => all.findIndex(other => selectionName(other) === selectionName(one)) === i);
}

/** What to run of a design; null if it has none of the operations named by --ops, as designs differ in them. */
export function jobOf(selection: Selection, seed: string, options: JobOptions): Job | null {
  const { memory, cpus, pages, mms } = options;
  const machine = machineOf(selection.target, {
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pages === undefined ? {} : { pages }),
    ...(mms === undefined ? {} : { mms }),
  });
  const known = modelOf(selection, machine.size).operations.map(one => one.name);
  const ops = options.ops.filter(name => known.includes(name));
  if (options.ops.length > 0 && ops.length === 0) return null;
  return { design: selectionName(selection), memory: machine.memory, size: machine.size, ops, seed };
}

/** @throws EngineError naming the design, if its model cannot be built. */
function modelOf(selection: Selection, size: Size): Model {
  try {
    return selection.target.build(selection.settings, size);
  } catch (error) {
    throw new EngineError(`${selectionName(selection)}: ${thrownText(error)}`, { cause: error });
  }
}

/** Refuses names of operations that no design has, and lists without anything to schedule, before anything runs. */
export function checkOperations(
  jobs: readonly Job[],
  selections: readonly Selection[],
  options: JobOptions,
): void {
  for (const name of options.ops) {
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
      checkGenerator(selection, job);
    }
  }
}

/** Refuses a model that gives nothing to schedule, and names its design. */
function checkGenerator(selection: Selection, job: Job): void {
  const model = modelOf(selection, job.size);
  try {
    new ProgramGenerator(model, job.size, job.ops);
  } catch (error) {
    if (job.ops.length > 0 && error instanceof UsageError) throw error;
    const message = `${job.design}: ${thrownText(error)}`;
    throw error instanceof UsageError ? new UsageError(message) : new EngineError(message, { cause: error });
  }
}
