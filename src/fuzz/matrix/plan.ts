import type { MemoryName } from '../../engine/memory/index.ts';
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
    const all = selection.target.build(selection.settings, job.size).operations;
    const drawn = all.filter(one => (one.weight ?? 1) > 0 || job.ops.includes(one.name));
    return drawn.map(one => one.name).filter(name => job.ops.length === 0 || job.ops.includes(name));
  });
  return (lists[0] ?? []).filter(name => lists.every(list => list.includes(name)));
}
