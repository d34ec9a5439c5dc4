import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import type { Limits } from '../../fuzz/campaign-setup.ts';
import {
  freshName,
  isCampaign,
  openConfig,
  placesOf,
  prepareFolders,
  writeConfig,
} from '../../fuzz/directory/campaign-directory.ts';
import { caseFilesBelow } from '../../fuzz/directory/case-files.ts';
import { type CampaignConfig, DIRECTORY_VERSION } from '../../fuzz/directory/config.ts';
import { takeLock } from '../../fuzz/directory/lock.ts';
import type { CampaignEvent } from '../../fuzz/events.ts';
import { loadTargets } from '../../fuzz/registry.ts';
import type { Snapshot } from '../../fuzz/statistics/snapshot.ts';
import { Supervisor } from '../../fuzz/supervisor/supervisor.ts';
import type { Job } from '../../fuzz/tasks.ts';
import type { Target } from '../../targets/target.ts';
import type { Action } from '../../tui/keys.ts';
import { type Artefacts, checkArtefacts, writeArtefacts } from '../artefacts.ts';
import { campaignOutcomes, gapsOf } from '../campaign-outcomes.ts';
import { Exit } from '../exit.ts';
import { lineOutput, type Mode, type Output } from '../fuzz-output.ts';
import { checkOperations, type JobOptions, jobOf, selectionsOf } from '../jobs.ts';
import type { GlobalOptions } from '../options.ts';
import { ScreenOutput } from '../screen-output.ts';
import { version } from '../version.ts';

export interface FuzzOptions extends GlobalOptions, JobOptions, Artefacts {
  readonly designs: readonly string[];
  readonly seconds: number | null;
  readonly executions: number | null;
  readonly seed: string | undefined;
  /** The campaign directory; undefined for a fresh one below crashes/. */
  readonly out: string | undefined;
  /** The directory of a campaign to go on with. */
  readonly resume: string | undefined;
  readonly instance: { readonly name: string; readonly main: boolean } | null;
  readonly input: string | undefined;
  readonly workers: number;
  readonly untilCrash: boolean;
  readonly deterministic: boolean;
  readonly selfcheck: boolean;
  readonly sites: boolean;
  readonly mode: Mode;
}

/** `pagestorm fuzz [target[/variant[+switch]]...]` */
export async function fuzzCommand(given: readonly Target[], options: FuzzOptions): Promise<number> {
  checkArtefacts(options);
  const resumed = options.resume !== undefined;
  const command = commandLine();
  const output = lineOutput(options);
  const note = (message: string): void => output({ type: 'note', level: 'warning', message });
  const fresh = resumed ? null : newConfig(given, options);
  const root = options.resume ?? rootOf(options, fresh?.jobs.map(job => job.design) ?? []);
  const config = fresh ?? openConfig(root);
  // A campaign that goes on brings its modules itself.
  const targets = resumed ? await loadTargets([...config.modules, ...options.modules]) : given;
  if (fresh !== null && isCampaign(root)) {
    throw new UsageError(
      `--out ${root}: holds a campaign; go on with --resume ${root}, or name another folder`,
    );
  }
  // Before there is a directory that would have to begin with it.
  if (options.input !== undefined) caseFilesBelow(options.input);
  const places = prepareFolders(root, resumed ? '--resume' : '--out');
  const release = takeLock(root, note);
  try {
    if (fresh !== null) await writeConfig(places, fresh, command);
    const limits = limitsOf(config, options);
    const session = new FuzzSession(root, config, limits, options, command, output, targets);
    const code = await session.run({
      type: 'start',
      dir: root,
      seed: config.seed,
      designs: config.jobs.map(job => job.design),
      workers: options.workers,
      deterministic: config.deterministic,
      limited: limits.executions !== null || limits.seconds !== null || limits.untilCrash,
      resumed,
    });
    if (options.junit !== undefined || options.sarif !== undefined) {
      await writeArtefacts(options, campaignOutcomes(root, config, targets, session.snapshot));
    }
    return code;
  } finally {
    release();
  }
}

function newConfig(targets: readonly Target[], options: FuzzOptions): CampaignConfig {
  const seed = options.seed ?? String(randomBytes(4).readUInt32LE());
  const { instance } = options;
  // Instances with the same seed would search the same.
  const own = instance === null || instance.main ? seed : `${seed}/${instance.name}`;
  const jobs = jobsOf(targets, own, options);
  if (options.executions !== null && options.executions < jobs.length) {
    throw new UsageError(
      `--execs: ${options.executions} for ${jobs.length} designs; each needs one at least`,
    );
  }
  return {
    version: DIRECTORY_VERSION,
    pagestorm: version(),
    seed,
    jobs: jobs.map(job => ({ ...job, size: { ...job.size }, ops: [...job.ops] })),
    executions: options.executions,
    seconds: options.seconds,
    untilCrash: options.untilCrash,
    // A campaign that ends by executions ends the same every time, unless others come into it.
    deterministic:
      options.deterministic || (options.executions !== null && options.seconds === null && instance === null),
    modules: options.modules.map(path => resolve(path)),
    input: options.input === undefined ? null : resolve(options.input),
    hangSeconds: options.hangTimeout,
    instance: instance?.name ?? null,
    main: instance?.main ?? false,
  };
}

function jobsOf(targets: readonly Target[], seed: string, options: FuzzOptions): readonly Job[] {
  const selections = selectionsOf(options.designs, targets);
  const jobs = selections.flatMap(selection => jobOf(selection, seed, options) ?? []);
  checkOperations(jobs, selections, options);
  return jobs;
}

/** Where findings go when nobody says. */
const DEFAULT_OUT = 'crashes';

function rootOf(options: FuzzOptions, designs: readonly string[]): string {
  const { instance, out } = options;
  if (instance !== null) {
    if (out === undefined)
      throw new UsageError('-M and -S: name the directory that the instances share with --out');
    if (isCampaign(out)) {
      throw new UsageError(
        `--out ${out}: holds a campaign that is alone; instances (-M, -S) need another directory`,
      );
    }
    return join(out, instance.name);
  }
  if (out !== undefined) return out;
  const [first = 'campaign', ...others] = designs;
  const [target = 'campaign'] = first.split('/');
  const common = designs.every(design => design.startsWith(`${target}/`)) ? target : 'all';
  const name = others.length === 0 ? first.replace('/', '-') : common;
  return freshName(join(DEFAULT_OUT, name));
}

/** The limits of this run: those that are named now, else those of the campaign's beginning. */
function limitsOf(config: CampaignConfig, options: FuzzOptions): Limits {
  const { executions, seconds } = options;
  const untilCrash = options.untilCrash || config.untilCrash;
  if (executions === null && seconds === null) {
    return { executions: config.executions, seconds: config.seconds, fromNow: false, untilCrash };
  }
  return { executions, seconds, fromNow: options.resume !== undefined, untilCrash };
}

/** As a shell would read it again. */
function commandLine(): string {
  const quoted = process.argv
    .slice(2)
    .map(arg => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return ['pagestorm', ...quoted].join(' ');
}

/** One run of the command: the supervisor, and what Ctrl-C does. */
class FuzzSession {
  readonly #supervisor: Supervisor;
  readonly #output: Output;
  readonly #screen: ScreenOutput | null;
  /** What it prints without a screen, and around it. */
  readonly #lines: Output;
  #snapshot: Snapshot | null = null;
  #checkFailed = false;
  #interrupts = 0;

  constructor(
    root: string,
    config: CampaignConfig,
    limits: Limits,
    options: FuzzOptions,
    command: string,
    output: Output,
    targets: readonly Target[],
  ) {
    const { modules, hangSeconds } = config;
    this.#screen =
      options.mode === 'screen'
        ? new ScreenOutput(
            {
              dir: root,
              targets,
              modules,
              hangSeconds,
              onAction: action => this.#obey(action),
            },
            output,
          )
        : null;
    this.#lines = output;
    this.#output = this.#screen?.output ?? output;
    const { workers, selfcheck, sites } = options;
    this.#supervisor = new Supervisor({
      entry: new URL('../campaign-process.js', import.meta.url),
      start: {
        root,
        command,
        workers,
        limits,
        selfcheck,
        sites,
        resumed: options.resume !== undefined,
      },
      state: placesOf(root).state,
      modules,
      hangSeconds,
      quiet: this.#screen !== null,
      onEvent: event => this.#onEvent(event),
    });
  }

  /** The campaign as it was seen last. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** Says that it begins; from then on Ctrl-C ends the campaign and not the process. Returns the exit code. */
  async run(start: CampaignEvent): Promise<number> {
    const onInterrupt = (): void => this.#interrupt();
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onInterrupt);
    try {
      this.#lines(start);
      await this.#supervisor.run();
    } finally {
      await this.#screen?.close();
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
    }
    // Whoever looks at the last line only must not take them for clean.
    const gaps = gapsOf(this.#snapshot);
    for (const { design, memory, why } of gaps) this.#warn(`${design} (${memory}): ${why}`);
    const { findings = 0, modelFaults = 0 } = this.#snapshot?.status.counters ?? {};
    if (modelFaults > 0 || gaps.some(gap => !gap.notRun)) return Exit.Internal;
    if (findings > 0) return Exit.Finding;
    if (this.#interrupts > 0 || this.#snapshot?.reason === 'stopped') return Exit.Interrupted;
    // Nothing was found, by a search that finds nothing.
    if (this.#snapshot === null || this.#checkFailed) return Exit.Internal;
    return gaps.length > 0 ? Exit.Usage : Exit.Ok;
  }

  #warn(message: string): void {
    this.#lines({ type: 'note', level: 'warning', message });
  }

  #onEvent(event: CampaignEvent): void {
    if (event.type === 'status' || event.type === 'end') this.#snapshot = event.snapshot;
    if (event.type === 'selfcheck' && !event.ok) this.#checkFailed = true;
    this.#output(event);
  }

  #interrupt(): void {
    this.#interrupts++;
    if (this.#interrupts > 1) {
      this.#supervisor.kill();
      return;
    }
    this.#output({
      type: 'note',
      level: 'info',
      message: 'interrupted: writing what was found (again to leave at once)',
    });
    this.#supervisor.stop();
    this.#screen?.ending();
  }

  /** Does what a key asks for. */
  #obey(action: Action): void {
    switch (action.type) {
      case 'pause':
        this.#supervisor.pause(action.paused);
        return;
      case 'minimize':
        this.#supervisor.minimize(action.folder);
        return;
      case 'stop':
      case 'close':
        this.#interrupt();
        return;
      case 'kill':
        this.#supervisor.kill();
    }
  }
}
