import { UsageError } from '../../engine/errors.ts';
import { verdictText } from '../../fuzz/case/case.ts';
import { HangError, LostWorker, WorkerPool } from '../../fuzz/pool.ts';
import { diagram } from '../../report/diagram.ts';
import { headline } from '../../report/report.ts';
import type { Target } from '../../targets/target.ts';
import { checkOutput, writeOutput } from '../artefacts.ts';
import { loadCase } from '../case-files.ts';
import { caseText } from '../case-text.ts';
import { Exit } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';
import { StatusLine, timeLeft } from '../status-line.ts';

export interface MinimizeOptions extends GlobalOptions {
  readonly case: string;
  readonly out: string | undefined;
  /** At most this many executions. */
  readonly executions: number;
}

/** `pagestorm minimize <case> [-o out]`: prints the minimised case, or writes it. */
export async function minimizeCommand(targets: readonly Target[], options: MinimizeOptions): Promise<number> {
  checkOutput('--output', options.out);
  const one = loadCase(options.case, targets);
  if (one.expect.verdict !== 'violation' && one.expect.verdict !== 'error') {
    throw new UsageError(
      `${options.case}: expects "${one.expect.verdict}"; only violations and errors are minimised`,
    );
  }
  const pool = new WorkerPool(options.modules, options.hangTimeout);
  let interrupted = false;
  const onInterrupt = (): void => {
    interrupted = true;
    status.clear();
    console.error('interrupted: keeping the best so far');
    pool.stop();
  };
  const began = Date.now();
  const status = new StatusLine();
  const ticker = setInterval(() => {
    const left = timeLeft(pool.begun, options.executions, (Date.now() - began) / 1000);
    status.show(
      `${pool.begun} of at most ${options.executions} executions tried${left === '' ? '' : `, at most ${left} left`}`,
    );
  }, 250);
  process.once('SIGINT', onInterrupt);
  try {
    const result = await pool.run<'minimize'>({ type: 'minimize', case: one, budget: options.executions });
    clearInterval(ticker);
    status.clear();
    if (result === null && interrupted) return Exit.Interrupted;
    if (result === null) {
      console.error(
        `pagestorm: ${options.case}: does not show its verdict (${verdictText(one.expect)}); try: pagestorm replay`,
      );
      return Exit.Diverged;
    }
    for (const line of result.log) console.error(line);
    console.error(
      `${result.executions} executions tried; ${result.complete ? 'nothing smaller was found at the end' : 'ended early'}`,
    );
    const replayed = await pool.run<'replay'>({ type: 'replay', case: result.case });
    const message = replayed.trace.violation?.message;
    const comment = message === undefined ? verdictText(result.case.expect) : headline(result.case, message);
    const text = caseText(result.case, targets, [comment]);
    await writeOutput('--output', options.out ?? '-', text);
    console.error(`\n${diagram(replayed.trace)}`);
    return Exit.Ok;
  } catch (error) {
    if (!(error instanceof LostWorker)) throw error;
    const what = error instanceof HangError ? 'the model hung: ' : '';
    console.error(`pagestorm: ${options.case}: ${what}${error.message}`);
    return Exit.Internal;
  } finally {
    clearInterval(ticker);
    status.clear();
    process.off('SIGINT', onInterrupt);
    await pool.close();
  }
}
