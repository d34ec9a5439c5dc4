import { End } from '../engine/program.ts';
import { type Bound, BoundedSearch } from '../engine/strategies/bounded.ts';
import { RandomWalk } from '../engine/strategies/random.ts';
import type { Case } from './case/case.ts';
import type { Executor } from './executor.ts';

export interface ExploreRequest {
  /** Its program; the schedule only names the random stream. */
  readonly case: Case;
  /** The violation that is looked for; null for any. */
  readonly signature: string | null;
  /** At most this many executions within bounds. */
  readonly executions: number;
  /** Executions under random schedules. */
  readonly samples: number;
}

/** What came of the executions of one program within a bound. */
export interface ExploredBound extends Bound {
  readonly executions: number;
  /** Executions that were judged as looked for. */
  readonly shown: number;
  /** Executions cut off for length, and those in which the model threw: they say nothing. */
  readonly unjudged: number;
  /** Whether every execution within the bound was run. */
  readonly complete: boolean;
}

/** How much of what one program can do was run, and what it showed. */
export interface Exploration {
  /** From the calmest bound on; the last one may be incomplete. */
  readonly bounds: readonly ExploredBound[];
  /** Executions under random schedules. */
  readonly sampled: number;
  readonly shownSampled: number;
}

/** Preemptions and reorderings, in the order in which bounds are tried. */
const ladder: readonly (readonly [preemptions: number, reorderings: number])[] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [2, 0],
  [2, 1],
  [1, 2],
  [2, 2],
  [3, 0],
  [3, 1],
  [4, 0],
  [3, 3],
  [5, 0],
  [6, 0],
];

/**
 * Runs every execution of a program within ever wider bounds, as far as its budget reaches, and then random schedules:
 * what can be said about how sure a verdict is. Deterministic.
 *
 * @param beat called before each execution; ends the search by returning false.
 */
export function explore(executor: Executor, task: ExploreRequest, beat: () => boolean): Exploration {
  const { machine } = executor;
  const program = executor.bind(task.case.program);
  let unjudged = 0;
  const shows = (source: BoundedSearch | RandomWalk): boolean => {
    try {
      const end = machine.run(program, source);
      if (end === End.Long) unjudged++;
      const verdict = executor.verdictOf(end);
      if (verdict.verdict !== 'violation') return false;
      return task.signature === null || verdict.signature === task.signature;
    } catch {
      unjudged++;
      return false;
    }
  };
  let left = task.executions;
  const within = (bound: Bound): ExploredBound => {
    const search = new BoundedSearch(bound);
    let more = true;
    let shown = 0;
    unjudged = 0;
    while (more && left > 0 && beat()) {
      left--;
      if (shows(search)) shown++;
      more = search.next();
    }
    return { ...bound, executions: search.executions, shown, unjudged, complete: !more };
  };
  const bounds: ExploredBound[] = [];
  for (const [preemptions, reorderings] of ladder) {
    if (reorderings > 0 && machine.memory.name === 'sc') continue;
    const explored = within({ preemptions, reorderings });
    if (explored.executions > 0) bounds.push(explored);
    if (!explored.complete) break;
  }
  const walk = new RandomWalk(`explore ${task.case.schedule}`);
  let sampled = 0;
  let shownSampled = 0;
  for (; sampled < task.samples && beat(); sampled++) if (shows(walk)) shownSampled++;
  return { bounds, sampled, shownSampled };
}
