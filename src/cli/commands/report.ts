import { existsSync, statSync } from 'node:fs';
import type { Argv } from 'yargs';
import { UsageError } from '../../engine/errors.ts';
import { verdictText } from '../../fuzz/case/case.ts';
import { mail } from '../../report/mail.ts';
import { perfetto } from '../../report/perfetto.ts';
import type { Target } from '../../targets/target.ts';
import { writeOutput } from '../artefacts.ts';
import { Exit } from '../exit.ts';
import { type GlobalOptions, parseCount } from '../options.ts';
import { reportCase } from '../report-case.ts';
import { version } from '../version.ts';

export interface ReportArguments {
  readonly path: string;
  readonly output: string | undefined;
  readonly mail: boolean;
  readonly perfetto: string | undefined;
  readonly execs: string;
}

/** Arguments of `pagestorm report`. */
export function reportOptions<T>(y: Argv<T>) {
  return y
    .positional('path', {
      describe: 'a campaign, what instances share, or a case file',
      type: 'string',
      demandOption: true,
    })
    .option('output', {
      alias: 'o',
      describe: 'where to write; - is standard output. Mails go there unless this is given',
      type: 'string',
    })
    .option('mail', { describe: 'plain text for a mailing list, of a case', type: 'boolean', default: false })
    .option('perfetto', {
      describe: 'write the timeline of a case as Chrome trace JSON, for Perfetto',
      type: 'string',
    })
    .option('execs', {
      describe: 'executions of a case and around it, to tell how sure it is; 0 for none',
      type: 'string',
      default: '50k',
    });
}

/**
 * `pagestorm report <case> --mail`. Exit code 1: the case shows another verdict than it says.
 */
export async function reportCommand(
  targets: readonly Target[],
  globals: GlobalOptions,
  args: ReportArguments,
): Promise<number> {
  const { path } = args;
  if (!existsSync(path)) throw new UsageError(`${path}: no such file or directory`);
  if (statSync(path).isDirectory()) throw new UsageError(`${path}: name a case`);
  const report = await reportCase(path, targets, globals, parseCount('--execs', args.execs, 0, 1e9));
  if (args.perfetto !== undefined)
    await writeOutput('--perfetto', args.perfetto, perfetto(report.case, report.replayed.trace));
  if (args.mail) await writeOutput('--output', args.output ?? '-', mail({ ...report, version: version() }));
  if (report.asExpected) return Exit.Ok;
  console.error(`pagestorm: ${path}: shows another verdict than it says: ${verdictText(report.case.expect)}`);
  return Exit.Finding;
}
