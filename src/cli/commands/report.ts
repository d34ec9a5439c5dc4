import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Argv } from 'yargs';
import { DivergenceError, UsageError } from '../../engine/errors.ts';
import { verdictText } from '../../fuzz/case/case.ts';
import { campaignPage } from '../../report/html/campaign-page.ts';
import { casePage } from '../../report/html/case-page.ts';
import { mail } from '../../report/mail.ts';
import { perfetto } from '../../report/perfetto.ts';
import type { Target } from '../../targets/target.ts';
import { checkOutput, writeOutput } from '../artefacts.ts';
import { Exit } from '../exit.ts';
import { type GlobalOptions, parseCount } from '../options.ts';
import { reportCampaign } from '../report-campaign.ts';
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
      nargs: 1,
    })
    .option('mail', { describe: 'plain text for a mailing list, of a case', type: 'boolean', default: false })
    .option('perfetto', {
      describe: 'write the timeline of a case as Chrome trace JSON, for Perfetto',
      type: 'string',
      nargs: 1,
    })
    .option('execs', {
      describe: 'executions of a case and around it, to tell how sure it is; 0 for none',
      type: 'string',
      default: '50k',
    });
}

/**
 * `pagestorm report <dir>`, `pagestorm report <case> [--mail] [--perfetto file]`. Exit code 1: the case shows another
 * verdict than it says; 4: its schedule does not fit the model.
 */
export async function reportCommand(
  targets: readonly Target[],
  globals: GlobalOptions,
  args: ReportArguments,
): Promise<number> {
  const { path } = args;
  checkOutput('--output', args.output);
  checkOutput('--perfetto', args.perfetto);
  if (!existsSync(path)) throw new UsageError(`${path}: no such file or directory`);
  if (statSync(path).isDirectory()) return campaignReport(globals, args);
  if (args.perfetto === '-' && (args.mail || args.output === '-'))
    throw new UsageError('--perfetto - and --mail or --output - would mix; name a file');
  try {
    return await caseReport(targets, globals, args);
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    console.error(
      `pagestorm: ${path}: ${error.message}; pagestorm replay --search looks for a schedule that fits`,
    );
    return Exit.Diverged;
  }
}

async function caseReport(
  targets: readonly Target[],
  globals: GlobalOptions,
  args: ReportArguments,
): Promise<number> {
  const { path } = args;
  const report = await reportCase(path, targets, globals, parseCount('--execs', args.execs, 0, 1e9));
  if (args.perfetto !== undefined)
    await writeOutput('--perfetto', args.perfetto, perfetto(report.case, report.replayed.trace));
  if (args.mail) await writeOutput('--output', args.output ?? '-', mail({ ...report, version: version() }));
  const doubt = report.asExpected
    ? null
    : `shows another verdict than it says: ${verdictText(report.case.expect)}`;
  if (!args.mail && (args.perfetto === undefined || args.output !== undefined)) {
    const out = args.output ?? `${basename(path).replace(/\.\w+$/, '')}.html`;
    const finding = { ...report, id: 'case', file: path, provenance: [], doubt };
    await writeOutput('--output', out, casePage(finding, version()));
    if (out !== '-') console.log(out);
  }
  if (doubt === null) return Exit.Ok;
  console.error(`pagestorm: ${path}: ${doubt}`);
  return Exit.Finding;
}

async function campaignReport(
  globals: GlobalOptions,
  { path, output, mail: asMail, perfetto: timeline }: ReportArguments,
): Promise<number> {
  for (const [option, given] of [
    ['--mail', asMail],
    ['--perfetto', timeline !== undefined],
  ] as const) {
    if (given) throw new UsageError(`${option} is of a case; ${path} is a directory`);
  }
  const report = await reportCampaign(path, globals);
  for (const { file, reason } of report.unreadable) console.error(`pagestorm: ${file}: ${reason}`);
  for (const note of report.notes) console.error(`pagestorm: ${note}`);
  const out = output ?? join(path, 'report.html');
  await writeOutput('--output', out, campaignPage(report));
  if (out !== '-') console.log(out);
  return Exit.Ok;
}
