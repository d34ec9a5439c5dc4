import { basename, dirname, join } from 'node:path';
import type { CampaignEvent } from '../fuzz/events.ts';
import type { FindingView, LogLine, Snapshot } from '../fuzz/statistics/snapshot.ts';
import { mail } from '../report/mail.ts';
import type { Target } from '../targets/target.ts';
import type { CampaignScreen, FindingTexts } from '../tui/index.ts';
import type { Action } from '../tui/keys.ts';
import { inProduction } from '../tui/production.ts';
import type { Output } from './fuzz-output.ts';
import { progressLine } from './progress.ts';
import { reportCase } from './report-case.ts';
import { version } from './version.ts';

/** Notes that are kept for the log. */
const KEPT = 50;
/** Lines of the summary about a finding, and those besides. */
const LINES_EACH = 2;
const LINES_ELSE = 6;

export interface ScreenSetup {
  readonly dir: string;
  readonly targets: readonly Target[];
  readonly modules: readonly string[];
  readonly hangSeconds: number;
  /** True if the campaign is another process's. */
  readonly readOnly: boolean;
  readonly onAction: (action: Action) => void;
  readonly onCrash: (error: Error) => void;
}

/** Loads what draws. */
export async function openScreen(setup: ScreenSetup, snapshot: Snapshot): Promise<Opened> {
  const tui = await inProduction(() => import('../tui/index.ts'));
  const { dir, targets, modules, hangSeconds, readOnly, onAction, onCrash } = setup;
  const texts = new tui.FindingTexts(
    {
      targets,
      modules,
      hangSeconds,
      folderOf: folder => folderIn(dir, folder),
      mailOf: path => mailOf(path, setup),
    },
    () => screen.refresh(),
  );
  const screen = new tui.CampaignScreen({ snapshot, texts, readOnly, onAction, onCrash });
  return { screen, texts };
}

/** The mail about a case, without the executions that tell how sure it is: they take long. */
async function mailOf(path: string, { targets, modules, hangSeconds }: ScreenSetup): Promise<string> {
  const report = await reportCase(path, targets, { modules, hangTimeout: hangSeconds, debug: false }, 0);
  const text = mail({ ...report, version: version() });
  return `[To send it, with how sure it is:\n pagestorm report --mail ${short(path)}]\n\n${text}`;
}

/** The path of a finding's file with a pattern that the shell fills in: folders have long names. */
function short(path: string): string {
  return path.replace(/(id:\d+),[^/]*/, '$1*');
}

interface Opened {
  readonly screen: CampaignScreen;
  readonly texts: FindingTexts;
}

/** A finding's folder seen from here: the campaign may have been started elsewhere. */
export function folderIn(dir: string, folder: string): string {
  return join(dir, basename(dirname(folder)), basename(folder));
}

/** Shows a campaign on the screen, and sums it up on the normal screen when it is over. */
export class ScreenOutput {
  readonly #setup: ScreenSetup;
  /** Prints what comes before the screen and after it, and all if the screen fails. */
  readonly #plain: Output;
  readonly #after: CampaignEvent[] = [];
  /** Notes of this process, which the campaign's log does not have. */
  readonly #notes: LogLine[] = [];
  #opening: Promise<void> | null = null;
  #opened: Opened | null = null;
  #snapshot: Snapshot | null = null;
  #ended = false;
  #failed = false;

  constructor(setup: Omit<ScreenSetup, 'readOnly' | 'onCrash'>, plain: Output) {
    this.#setup = { ...setup, readOnly: false, onCrash: error => this.#fail(error) };
    this.#plain = plain;
  }

  readonly output: Output = event => {
    if (this.#failed) {
      this.#plain(event);
      return;
    }
    switch (event.type) {
      case 'status':
      case 'end':
        this.#ended = event.type === 'end';
        this.#show(event.snapshot);
        return;
      case 'note':
        this.#notes.push({ time: Math.floor(Date.now() / 1000), level: event.level, message: event.message });
        if (this.#notes.length > KEPT) this.#notes.shift();
        if (this.#opening === null) this.#plain(event);
        return;
      case 'sites':
        this.#after.push(event);
        return;
      case 'start':
        this.#plain(event);
        return;
      // The log and the list of crashes show them.
      case 'finding':
      case 'report':
      case 'selfcheck':
    }
  };

  /** The campaign was told to end. */
  ending(): void {
    this.#opened?.screen.ending();
  }

  /** Leaves the screen, once the user is done with it, and says what came of the campaign. */
  async close(): Promise<void> {
    await this.#opening;
    if (this.#ended && !this.#failed) await this.#opened?.screen.left();
    this.#opened?.screen.close();
    await this.#opened?.texts.close();
    if (this.#snapshot !== null && !this.#failed) {
      for (const line of summaryLines(this.#snapshot, this.#setup.dir, this.#ended)) console.log(line);
    }
    for (const event of this.#after) this.#plain(event);
  }

  #show(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const whole = { ...snapshot, log: this.#logOf(snapshot) };
    if (this.#opened !== null) this.#opened.screen.show(whole);
    else if (!this.#ended) {
      this.#opening ??= openScreen(this.#setup, whole).then(
        opened => {
          this.#opened = opened;
        },
        (error: unknown) => this.#fail(error),
      );
    }
  }

  /** A screen that cannot be drawn is no reason to lose the campaign. */
  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#failed = true;
    this.#plain({ type: 'note', level: 'warning', message: `the screen failed (${why}); going on in lines` });
  }

  /** The campaign's log with the notes of this process, each once. */
  #logOf({ log }: Snapshot): readonly LogLine[] {
    const known = new Set(log.map(one => one.message));
    const own = this.#notes.filter(one => !known.has(one.message));
    return own.length === 0 ? log : [...log, ...own].sort((a, b) => a.time - b.time);
  }
}

/** What a campaign came to, for the normal screen. */
export function summaryLines(snapshot: Snapshot, dir: string, ended: boolean): readonly string[] {
  const { status, findings, designs } = snapshot;
  const { columns = 80, rows = 24 } = process.stdout;
  const lines: string[] = [];
  const newest = [...findings].reverse();
  // As many as the terminal shows at once; `view` and the folder have the rest.
  const named = Math.max(3, Math.floor((rows - LINES_ELSE) / LINES_EACH));
  for (const one of newest.slice(0, named))
    lines.push(...findingLines(one, dir, designs.length > 1, columns));
  if (newest.length > named) lines.push(`  and ${newest.length - named} more in ${join(dir, 'crashes')}`);
  const waiting = findings.filter(
    one => one.minimize.state === 'waiting' || one.minimize.state === 'running',
  );
  if (waiting.length > 0) lines.push(`${waiting.length} of them not minimised yet; --resume does it`);
  lines.push(
    `${ended ? 'done' : 'so far'}: ${progressLine(status)}`,
    `look again: pagestorm view ${dir}`,
    `go on: pagestorm fuzz --resume ${dir}`,
  );
  return lines;
}

/** The signature as far as a line holds it, and how to see the finding again. */
function findingLines(one: FindingView, dir: string, many: boolean, columns: number): readonly string[] {
  const { now } = one.minimize;
  const small =
    now === null ? '' : `, ${now.operations} ${now.operations === 1 ? 'operation' : 'operations'}`;
  const key = `  ${one.key}${many ? ` in ${one.design} (${one.memory})` : ''}`;
  return [
    key.length > columns ? `${key.slice(0, columns - 3)}...` : key,
    `    ${one.count}x${small}: pagestorm replay --diagram ${short(join(folderIn(dir, one.folder), one.file))}`,
  ];
}
