import { UsageError } from '../../engine/errors.ts';
import { type Case, sameVerdict, type Verdict, verdictText } from '../../fuzz/case/case.ts';
import { HangError, WorkerPool } from '../../fuzz/pool.ts';
import type { Replayed } from '../../fuzz/replay.ts';
import { diagram } from '../../report/diagram.ts';
import { traceText } from '../../report/trace-text.ts';
import type { Target } from '../../targets/target.ts';
import { caseFiles, loadCase } from '../case-files.ts';
import { caseText } from '../case-text.ts';
import { Exit, worse } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';

export interface ReplayOptions extends GlobalOptions {
  readonly cases: readonly string[];
  readonly trace: boolean;
  readonly diagram: boolean;
  readonly search: boolean;
}

/** `pagestorm replay <case...>` */
export async function replayCommand(targets: readonly Target[], options: ReplayOptions): Promise<number> {
  const files = caseFiles(options.cases);
  const pool = new WorkerPool(options.modules, options.hangTimeout);
  let code: number = Exit.Ok;
  try {
    for (const file of files) {
      try {
        code = worse(code, await replayFile(file, loadCase(file, targets), pool, targets, options));
      } catch (error) {
        if (!(error instanceof UsageError) || files.length === 1) throw error;
        console.error(`pagestorm: ${error.message}`);
        code = worse(code, Exit.Usage);
      }
    }
  } finally {
    await pool.close();
  }
  return code;
}

async function replayFile(
  file: string,
  one: Case,
  pool: WorkerPool,
  targets: readonly Target[],
  options: ReplayOptions,
): Promise<number> {
  const replayed = await run(pool, one);
  if (replayed === null) return conclude(file, one, { verdict: 'hang' });
  if (options.trace) console.log(traceText(replayed.trace));
  if (options.diagram && (replayed.diverged === null || !options.trace))
    console.log(`${diagram(replayed.trace)}\n`);
  if (replayed.diverged === null) return conclude(file, one, replayed.verdict, replayed);
  console.log(`${file}: replay diverged at step ${replayed.diverged.step}: ${replayed.diverged.message}`);
  if (!options.search) {
    console.log('  to look for the expected verdict near this schedule: pagestorm replay --search <case>');
    return Exit.Diverged;
  }
  const found = await pool.run<'search'>({ type: 'search', case: one });
  if (found === null) console.log('  nothing with the expected verdict was found near this schedule');
  else {
    console.log(`  found near it (${verdictText(found.expect)}); the case with a schedule that fits:\n`);
    console.log(caseText(found, targets));
  }
  return Exit.Diverged;
}

/** Null if the model hung. */
async function run(pool: WorkerPool, one: Case): Promise<Replayed | null> {
  try {
    return await pool.run<'replay'>({ type: 'replay', case: one });
  } catch (error) {
    if (error instanceof HangError) return null;
    throw error;
  }
}

function conclude(file: string, one: Case, verdict: Verdict, replayed?: Replayed): number {
  const as = sameVerdict(verdict, one.expect);
  const accesses =
    replayed === undefined ? '' : `, ${replayed.accesses} ${replayed.accesses === 1 ? 'access' : 'accesses'}`;
  console.log(
    `${file}: ${verdictText(verdict)} (${as ? 'as expected' : `expected ${verdictText(one.expect)}`}${accesses})`,
  );
  const message = replayed?.trace.violation?.message;
  if (message !== undefined) console.log(`  ${message}`);
  if (as) return Exit.Ok;
  return verdict.verdict === 'error' || verdict.verdict === 'hang' ? Exit.Internal : Exit.Finding;
}
