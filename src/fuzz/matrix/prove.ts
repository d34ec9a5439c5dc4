import { End } from '../../engine/program.ts';
import { BoundedSearch } from '../../engine/strategies/bounded.ts';
import type { Executor } from '../executor.ts';
import type { ProveTask } from '../tasks.ts';
import { allCalls, programAt, programCount } from './programs.ts';
import type { Proof } from './proof.ts';

/** Runs every execution within the bound of the programs of a task, as far as its budget and `beat` allow. */
export function prove(executor: Executor, task: ProveTask, beat: () => boolean): Proof {
  const { machine, model } = executor;
  const { size, ops } = task.job;
  const calls = allCalls(model, size, ops);
  const programs = programCount(calls, size.cpus, task.bound);
  const signatures = new Set<string>();
  const errors = new Set<string>();
  const to = Math.min(programs, task.from + task.programs);
  let next = task.from;
  let executions = 0;
  let cutOff = 0;
  for (; next < to; next++) {
    const bound = executor.bind(programAt(calls, size.cpus, next));
    const search = new BoundedSearch(task.bound);
    let more = true;
    while (more && executions < task.executions && beat()) {
      executions++;
      try {
        const end = machine.run(bound, search);
        if (end === End.Long) cutOff++;
        const verdict = executor.verdictOf(end);
        if (verdict.verdict === 'violation') signatures.add(verdict.signature);
      } catch (error) {
        errors.add(error instanceof Error ? error.message : String(error));
      }
      more = search.next();
    }
    if (more) break;
  }
  return { programs, next, executions, cutOff, signatures: [...signatures], errors: [...errors] };
}
