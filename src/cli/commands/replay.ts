import { UsageError } from '../../engine/errors.ts';
import { verdictOfLost } from '../../fuzz/campaign-lost.ts';
import {
  type Case,
  caseDesign,
  kindOf,
  sameVerdict,
  type Verdict,
  verdictText,
} from '../../fuzz/case/case.ts';
import { LostWorker, WorkerPool } from '../../fuzz/pool.ts';
import type { Replayed } from '../../fuzz/replay.ts';
import { oneLine, thrownText } from '../../fuzz/thrown.ts';
import { diagram } from '../../report/diagram.ts';
import type { Outcome } from '../../report/outcome.ts';
import { perfetto } from '../../report/perfetto.ts';
import { traceText } from '../../report/trace-text.ts';
import type { Target } from '../../targets/target.ts';
import { type Artefacts, checkArtefacts, checkOutput, writeArtefacts, writeOutput } from '../artefacts.ts';
import { caseFiles, loadCase } from '../case-files.ts';
import { caseText } from '../case-text.ts';
import { Exit, worse } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';
import { StatusLine } from '../status-line.ts';
import { stepThrough } from '../step-through.ts';

export interface ReplayOptions extends GlobalOptions, Artefacts {
  readonly cases: readonly string[];
  readonly trace: boolean;
  readonly diagram: boolean;
  readonly search: boolean;
  /** Go through the only case step by step. */
  readonly step: boolean;
  readonly screenReader: boolean;
  /** File for the timeline of the only case; undefined for none. */
  readonly perfetto: string | undefined;
}

/** What a case came to: the exit code, and the outcome for machines. */
interface Concluded {
  readonly code: number;
  readonly outcome: Outcome;
}

/** `pagestorm replay <case...>` */
export async function replayCommand(targets: readonly Target[], options: ReplayOptions): Promise<number> {
  checkArtefacts(options);
  checkOutput('--perfetto', options.perfetto);
  const files = caseFiles(options.cases);
  for (const [option, given] of [
    ['--perfetto', options.perfetto !== undefined],
    ['--step', options.step],
  ] as const) {
    if (given && files.length !== 1)
      throw new UsageError(`${option} takes one case; ${files.length} are named`);
  }
  const pool = new WorkerPool(options.modules, options.hangTimeout);
  const status = new StatusLine();
  let code: number = Exit.Ok;
  const outcomes: Outcome[] = [];
  try {
    for (const [done, file] of files.entries()) {
      try {
        const one = loadCase(file, targets);
        status.count(done, files.length, 'cases', file);
        const replayed = options.step
          ? ((await stepThrough(file, one, pool, options.screenReader)) ?? hang)
          : await run(pool, one);
        status.clear();
        const concluded =
          'trace' in replayed
            ? await replayFile(file, one, replayed, pool, targets, options)
            : conclude(file, one, replayed);
        outcomes.push(concluded.outcome);
        code = worse(code, concluded.code);
      } catch (error) {
        status.clear();
        outcomes.push(unusable(file, error));
        if (options.debug || (files.length === 1 && error instanceof UsageError)) throw error;
        const usage = error instanceof UsageError;
        console.error(`pagestorm: ${usage ? oneLine(error.message) : `${file}: ${thrownText(error)}`}`);
        code = worse(code, usage ? Exit.Usage : Exit.Internal);
      }
    }
  } finally {
    await pool.close();
    await writeArtefacts(options, outcomes);
  }
  return code;
}

async function replayFile(
  file: string,
  one: Case,
  replayed: Replayed,
  pool: WorkerPool,
  targets: readonly Target[],
  options: ReplayOptions,
): Promise<Concluded> {
  if (options.perfetto !== undefined)
    await writeOutput('--perfetto', options.perfetto, perfetto(one, replayed.trace));
  if (options.trace) console.log(traceText(replayed.trace));
  if (options.diagram && (replayed.diverged === null || !options.trace))
    console.log(`${diagram(replayed.trace)}\n`);
  if (replayed.diverged === null) return conclude(file, one, replayed.verdict, replayed);
  const text = `replay diverged at step ${replayed.diverged.step}: ${replayed.diverged.message}`;
  console.log(`${file}: ${text}`);
  const concluded = { code: Exit.Diverged, outcome: outcome(file, one, 'error', 'diverged', text) };
  if (!options.search) {
    console.log('  to look for the expected verdict near this schedule: pagestorm replay --search <case>');
    return concluded;
  }
  const found = await pool.run<'search'>({ type: 'search', case: one });
  if (found === null) console.log('  nothing with the expected verdict was found near this schedule');
  else {
    console.log(`  found near it (${verdictText(found.expect)}); the case with a schedule that fits:\n`);
    console.log(caseText(found, targets));
  }
  return concluded;
}

const hang: Verdict = { verdict: 'hang' };

/** What a replay shows; the verdict alone if its worker was lost with it. */
async function run(pool: WorkerPool, one: Case): Promise<Replayed | Verdict> {
  try {
    return await pool.run<'replay'>({ type: 'replay', case: one });
  } catch (error) {
    if (error instanceof LostWorker) return verdictOfLost(error)[0];
    throw error;
  }
}

function conclude(file: string, one: Case, verdict: Verdict, replayed?: Replayed): Concluded {
  const as = sameVerdict(verdict, one.expect);
  const accesses =
    replayed === undefined ? '' : `, ${replayed.accesses} ${replayed.accesses === 1 ? 'access' : 'accesses'}`;
  console.log(
    `${file}: ${verdictText(verdict)} (${as ? 'as expected' : `expected ${verdictText(one.expect)}`}${accesses})`,
  );
  const message = replayed?.trace.violation?.message;
  if (message !== undefined) console.log(`  ${message}`);
  for (const { kind, message: what, cpu } of replayed?.observations ?? [])
    console.log(`  observed: ${kind}: ${what} (CPU${cpu})`);
  const text = `${verdictText(verdict)}${as ? '' : `, expected ${verdictText(one.expect)}`}`;
  const fault = verdict.verdict === 'error' || verdict.verdict === 'hang';
  const status = as ? 'passed' : fault ? 'error' : 'failed';
  const code = as ? Exit.Ok : fault ? Exit.Internal : Exit.Finding;
  // A case that is clean and should not be has lost its violation.
  const rule = kindOf(verdict.verdict === 'clean' ? one.expect : verdict);
  const details = as || replayed === undefined ? '' : diagram(replayed.trace);
  return { code, outcome: { ...outcome(file, one, status, rule, text), details } };
}

function outcome(file: string, one: Case, status: Outcome['status'], rule: string, message: string): Outcome {
  const fingerprint = verdictText(one.expect);
  return { suite: caseDesign(one), name: file, status, rule, message, details: '', file, fingerprint };
}

/** A file that is no case, or whose model could not run it. */
function unusable(file: string, error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  return {
    suite: 'unusable',
    name: file,
    status: 'error',
    rule: 'error',
    message,
    details: '',
    file,
    fingerprint: message,
  };
}
