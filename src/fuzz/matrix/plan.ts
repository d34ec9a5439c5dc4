import type { MemoryName } from '../../engine/memory/index.ts';
import { drawnOperations } from '../generate.ts';
import type { Selection } from '../selection.ts';
import type { Job } from '../tasks.ts';

/** A design to run, and how. */
export interface Planned {
  readonly selection: Selection;
  readonly job: Job;
  readonly memory: MemoryName;
}

/** The operations that programs of all these designs may use; those that are drawn only if named are left out. */
export function commonOperations(planned: readonly Planned[]): readonly string[] {
  const lists = planned.map(({ selection, job }) => {
    const model = selection.target.build(selection.settings, job.size);
    return drawnOperations(model, job.ops).map(one => one.name);
  });
  return (lists[0] ?? []).filter(name => lists.every(list => list.includes(name)));
}
