import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../engine/errors.ts';
import { caseDesign, kindOf, verdictText } from '../fuzz/case/case.ts';
import { findingFolders, placesOf } from '../fuzz/directory/campaign-directory.ts';
import type { CampaignConfig } from '../fuzz/directory/config.ts';
import { Found, Minimized, Report } from '../fuzz/directory/crash-store.ts';
import type { DesignView, Snapshot } from '../fuzz/statistics/snapshot.ts';
import type { Outcome } from '../report/outcome.ts';
import type { Target } from '../targets/target.ts';
import { loadCase } from './case-files.ts';

/** Designs that were not searched to the end, as their model hung or failed again and again. */
export function leftOutDesigns(snapshot: Snapshot | null): readonly DesignView[] {
  return snapshot?.designs.filter(one => one.state === 'left-out') ?? [];
}

/**
 * All findings of a campaign, earlier runs included, and an outcome for each design without one: passed, or an error if it
 * was left out.
 */
export function campaignOutcomes(
  root: string,
  config: CampaignConfig,
  targets: readonly Target[],
  snapshot: Snapshot | null,
): readonly Outcome[] {
  const executions = snapshot?.status.counters.executions ?? 0;
  const leftOut = leftOutDesigns(snapshot);
  const findings = findingFolders(placesOf(root)).flatMap(folder => outcomeOf(folder, targets));
  const others = config.jobs
    .filter(job => !findings.some(one => one.suite === `${job.design} (${job.memory})`))
    .map(({ design, memory }): Outcome => {
      const suite = `${design} (${memory})`;
      const none = { suite, details: '', file: null, fingerprint: '' };
      if (leftOut.some(one => one.design === design && one.memory === memory)) {
        const message = 'its model failed again and again';
        return { ...none, name: 'left out', status: 'error', rule: 'error', message };
      }
      const name = `no violation found (${executions} executions of ${config.jobs.length} designs, seed ${config.seed})`;
      return { ...none, name, status: 'passed', rule: '', message: '' };
    });
  return [...findings, ...others];
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
