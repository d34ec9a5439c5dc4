import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { Campaign, type CampaignStats, type Finding } from '../../fuzz/campaign.ts';
import type { Case } from '../../fuzz/case/case.ts';
import { CrashStore } from '../../fuzz/crash-store.ts';
import { WorkerPool } from '../../fuzz/pool.ts';
import type { Job } from '../../fuzz/tasks.ts';
import type { Trace } from '../../fuzz/trace.ts';
import { headline, report } from '../../report/report.ts';
import type { Target } from '../../targets/target.ts';
import { caseText } from '../case-text.ts';
import { Exit } from '../exit.ts';
import { checkOperations, type JobOptions, jobOf, selectionsOf } from '../jobs.ts';
import type { GlobalOptions } from '../options.ts';
import { progressLine } from '../progress.ts';

export interface FuzzOptions extends GlobalOptions, JobOptions {
  readonly designs: readonly string[];
  readonly seconds: number | null;
  readonly executions: number | null;
  readonly seed: string | undefined;
  readonly out: string;
  readonly untilCrash: boolean;
  readonly sites: boolean;
}

/** Executions that the minimiser may spend on a finding while the campaign waits. */
const MINIMIZE_BUDGET = 60_000;
/** Seconds between progress lines. */
const PROGRESS_SECONDS = 5;

/** `pagestorm fuzz [target[/variant[+switch]]...]` */
export async function fuzzCommand(targets: readonly Target[], options: FuzzOptions): Promise<number> {
  const selections = selectionsOf(options.designs, targets);
  const seed = options.seed ?? String(randomBytes(4).readUInt32LE());
  const jobs = selections.flatMap(selection => jobOf(selection, seed, options) ?? []);
  checkOperations(jobs, selections, options);
  const store = new CrashStore(options.out);
  const limit = options.executions === null && options.seconds === null ? '; Ctrl-C ends it' : '';
  console.log(`fuzzing ${jobs.map(job => job.design).join(', ')}`);
  console.log(`seed ${seed}, findings go to ${options.out}${limit}`);
  const session = new FuzzSession(targets, jobs, store, options);
  return session.run();
}

/** One run of the command: the campaign, what it prints and what it writes. */
class FuzzSession {
  readonly #targets: readonly Target[];
  readonly #store: CrashStore;
  readonly #pool: WorkerPool;
  readonly #campaign: Campaign;
  readonly #options: FuzzOptions;
  readonly #began = Date.now();
  #printed = Date.now();
  #interrupts = 0;

  constructor(targets: readonly Target[], jobs: readonly Job[], store: CrashStore, options: FuzzOptions) {
    this.#targets = targets;
    this.#store = store;
    this.#options = options;
    this.#pool = new WorkerPool(options.modules, options.hangTimeout);
    const { executions, seconds, untilCrash } = options;
    this.#campaign = new Campaign({ jobs, executions, seconds, untilCrash }, this.#pool, {
      found: finding => this.#found(finding),
      progress: (stats, job) => this.#progress(stats, job),
      note: message => console.log(message),
    });
  }

  async run(): Promise<number> {
    const onInterrupt = (): void => this.#interrupt();
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onInterrupt);
    try {
      await this.#campaign.run();
      const { stats } = this.#campaign;
      console.log(`done: ${progressLine(stats, this.#seconds())}`);
      if (this.#options.sites) await this.#printSites();
      if (stats.modelFaults > 0) return Exit.Internal;
      if (stats.findings > 0) return Exit.Finding;
      return this.#interrupts > 0 ? Exit.Interrupted : Exit.Ok;
    } finally {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      await this.#pool.close();
    }
  }

  #seconds(): number {
    return (Date.now() - this.#began) / 1000;
  }

  #interrupt(): void {
    this.#interrupts++;
    if (this.#interrupts > 1)
      process.exit(this.#campaign.stats.findings > 0 ? Exit.Finding : Exit.Interrupted);
    console.log('interrupted: writing what was found (again to leave at once)');
    this.#campaign.stop();
  }

  #progress(stats: Readonly<CampaignStats>, job: Job): void {
    if (Date.now() - this.#printed < 1000 * PROGRESS_SECONDS) return;
    this.#printed = Date.now();
    console.log(`${progressLine(stats, this.#seconds())} (${job.design})`);
  }

  async #found(finding: Finding): Promise<void> {
    const { case: one, message } = finding;
    const folder = this.#store.folder(one, finding.key);
    await this.#store.write(folder, 'found.yaml', this.#caseText(one, message));
    let smallest = one;
    let trace: Trace | null = null;
    if (one.expect.verdict !== 'hang' && !finding.nondeterministic) {
      const minimized = await this.#pool.run<'minimize'>({
        type: 'minimize',
        case: one,
        budget: MINIMIZE_BUDGET,
      });
      smallest = minimized?.case ?? one;
      if (minimized !== null)
        await this.#store.write(folder, 'minimized.yaml', this.#caseText(smallest, message));
      trace = (await this.#pool.run<'replay'>({ type: 'replay', case: smallest })).trace;
    }
    const text = report(smallest, trace?.violation?.message ?? message, trace);
    await this.#store.write(folder, 'report.txt', text);
    if (finding.modelFault) console.error(`pagestorm: ${headline(one, message)}`);
    if (!finding.modelFault || this.#options.debug) console.log(`\n${text}`);
    const file = smallest === one ? 'found.yaml' : 'minimized.yaml';
    console.log(`replay it: pagestorm replay --diagram ${relative('.', join(folder, file)) || folder}\n`);
  }

  #caseText(one: Case, message: string): string {
    return caseText(one, this.#targets, [headline(one, message)]);
  }

  async #printSites(): Promise<void> {
    const sites = await this.#pool.run<'sites'>({ type: 'sites' });
    const missed = sites.filter(site => site.count === 0);
    console.log(`sites reached: ${sites.length - missed.length} of ${sites.length}`);
    for (const { key, line } of missed) console.log(`  not reached: ${key} (line ${line})`);
  }
}
