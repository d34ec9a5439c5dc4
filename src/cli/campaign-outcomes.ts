import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Case, caseDesign, kindOf, verdictText } from '../fuzz/case/case.ts';
import { findingFolders, placesOf } from '../fuzz/directory/campaign-directory.ts';
import type { CampaignConfig } from '../fuzz/directory/config.ts';
import { Found, Minimized, Report } from '../fuzz/directory/crash-store.ts';
import type { DesignView, Snapshot } from '../fuzz/statistics/snapshot.ts';
import { thrownText } from '../fuzz/thrown.ts';
import type { Outcome } from '../report/outcome.ts';
import type { Target } from '../targets/target.ts';
import { loadCase } from './case-files.ts';

/** Why a design without a finding cannot be called clean. */
export interface Gap {
  readonly design: string;
  readonly memory: string;
  readonly why: string;
  /** True if the limits of the campaign left nothing for it; else its model, or pagestorm, is at fault. */
  readonly notRun: boolean;
}

/** Designs of which something was not run. */
export function gapsOf(snapshot: Snapshot | null): readonly Gap[] {
  return (
    snapshot?.designs.flatMap((one): readonly Gap[] => {
      const { design, memory } = one;
      const why = whyNotClean(one);
      return why === null ? [] : [{ design, memory, why, notRun: why === NOT_RUN }];
    }) ?? []
  );
}

const NOT_RUN = 'was not run: the campaign ended before its turn';

function whyNotClean({ state, executions, failedBatches }: DesignView): string | null {
  if (state === 'left-out') {
    return `left out after ${executions} executions, as its model failed again and again`;
  }
  if (failedBatches > 0) {
    return `${failedBatches} ${failedBatches === 1 ? 'batch' : 'batches'} of programs failed and were not run`;
  }
  return executions === 0 ? NOT_RUN : null;
}

/**
 * All findings of a campaign, earlier runs included, and an outcome for each design without one: passed, or an error
 * if it was not run as it should.
 */
export function campaignOutcomes(
  root: string,
  config: CampaignConfig,
  targets: readonly Target[],
  snapshot: Snapshot | null,
): readonly Outcome[] {
  const executions = snapshot?.status.counters.executions ?? 0;
  const gaps = gapsOf(snapshot);
  const findings = findingFolders(placesOf(root)).flatMap(folder => {
    const view = snapshot?.findings.find(one => basename(one.folder) === basename(folder));
    return outcomeOf(folder, targets, view === undefined ? 'unreadable' : `${view.design} (${view.memory})`);
  });
  const others = config.jobs
    .filter(job => !findings.some(one => one.suite === `${job.design} (${job.memory})`))
    .map(({ design, memory }): Outcome => {
      const suite = `${design} (${memory})`;
      const none = { suite, details: '', file: null, fingerprint: '' };
      const gap = gaps.find(one => one.design === design && one.memory === memory);
      if (gap !== undefined)
        return { ...none, name: 'not clean', status: 'error', rule: 'error', message: gap.why };
      const name = `no violation found (${executions} executions of ${config.jobs.length} designs, seed ${config.seed})`;
      return { ...none, name, status: 'passed', rule: '', message: '' };
    });
  return [...findings, ...others];
}

/** @param suite of a finding whose case cannot be read: it was found all the same. */
function outcomeOf(folder: string, targets: readonly Target[], suite: string): readonly Outcome[] {
  let unreadable: Outcome | null = null;
  for (const file of [Minimized, Found].map(name => join(folder, name)).filter(path => existsSync(path))) {
    try {
      return [outcomeOfCase(file, loadCase(file, targets), join(folder, Report))];
    } catch (error) {
      const none = { details: '', file, fingerprint: '' };
      unreadable = { ...none, suite, name: file, status: 'error', rule: 'error', message: thrownText(error) };
    }
  }
  return unreadable === null ? [] : [unreadable];
}

function outcomeOfCase(file: string, one: Case, report: string): Outcome {
  const details = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const verdict = verdictText(one.expect);
  return {
    suite: `${caseDesign(one)} (${one.memory})`,
    name: verdict,
    status: one.expect.verdict === 'violation' ? 'failed' : 'error',
    rule: kindOf(one.expect),
    message: details.split('\n')[0]?.replace(/^BUG: /, '') || verdict,
    details,
    file,
    fingerprint: verdict,
  };
}
