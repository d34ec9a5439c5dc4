import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../engine/errors.ts';
import { caseDesign, kindOf, verdictText } from '../fuzz/case/case.ts';
import { findingFolders, placesOf } from '../fuzz/directory/campaign-directory.ts';
import type { CampaignConfig } from '../fuzz/directory/config.ts';
import { Found, Minimized, Report } from '../fuzz/directory/crash-store.ts';
import type { Outcome } from '../report/outcome.ts';
import type { Target } from '../targets/target.ts';
import { loadCase } from './case-files.ts';

/** All findings of a campaign, earlier runs included, and a passed outcome for each design without one. */
export function campaignOutcomes(
  root: string,
  config: CampaignConfig,
  targets: readonly Target[],
  executions: number,
): readonly Outcome[] {
  const findings = findingFolders(placesOf(root)).flatMap(folder => outcomeOf(folder, targets));
  const clean = config.jobs
    .filter(job => !findings.some(one => one.suite === `${job.design} (${job.memory})`))
    .map(
      ({ design, memory }): Outcome => ({
        suite: `${design} (${memory})`,
        name: `no violation found (${executions} executions of ${config.jobs.length} designs, seed ${config.seed})`,
        status: 'passed',
        rule: '',
        message: '',
        details: '',
        file: null,
        fingerprint: '',
      }),
    );
  return [...findings, ...clean];
}

function outcomeOf(folder: string, targets: readonly Target[]): readonly Outcome[] {
  const file = [Minimized, Found].map(name => join(folder, name)).find(path => existsSync(path));
  if (file === undefined) return [];
  try {
    const one = loadCase(file, targets);
    const report = join(folder, Report);
    const details = existsSync(report) ? readFileSync(report, 'utf8') : '';
    return [
      {
        suite: `${caseDesign(one)} (${one.memory})`,
        name: verdictText(one.expect),
        status: one.expect.verdict === 'violation' ? 'failed' : 'error',
        rule: kindOf(one.expect),
        message: details.split('\n')[0]?.replace(/^BUG: /, '') || verdictText(one.expect),
        details,
        file,
        fingerprint: verdictText(one.expect),
      },
    ];
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}
