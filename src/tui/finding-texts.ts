import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../fuzz/case/case.ts';
import { readCase } from '../fuzz/case/read.ts';
import { Report } from '../fuzz/directory/crash-store.ts';
import { WorkerPool } from '../fuzz/pool.ts';
import type { FindingView } from '../fuzz/statistics/snapshot.ts';
import type { Stepped } from '../fuzz/steps/steps.ts';
import { diagram } from '../report/diagram.ts';
import { report } from '../report/report.ts';
import { traceText } from '../report/trace-text.ts';
import type { Target } from '../targets/target.ts';
import type { FindingText, Tab, Texts } from './texts.ts';

const LOADING: FindingText = { state: 'loading' };

/** Those that come of one replay. */
type AllTexts = Readonly<Record<Exclude<Tab, 'mail'>, FindingText>>;

interface Made {
  /** Which state of the finding the texts are of; empty if they were not all asked for. */
  readonly of: string;
  readonly texts: AllTexts;
}

export interface FindingSources {
  readonly targets: readonly Target[];
  readonly modules: readonly string[];
  readonly hangSeconds: number;
  /** Where a finding's folder lies, seen from here. */
  readonly folderOf: (folder: string) => string;
  /** The mail about a case file. */
  readonly mailOf: (path: string) => Promise<string>;
}

/** Texts of findings, made when they are asked for by running the case again in a worker. */
export class FindingTexts implements Texts {
  readonly #sources: FindingSources;
  readonly #onChange: () => void;
  readonly #texts = new Map<string, Made>();
  readonly #mails = new Map<string, { readonly file: string; readonly text: FindingText }>();
  #pool: WorkerPool | null = null;

  /** @param onChange called when a text has come. */
  constructor(sources: FindingSources, onChange: () => void) {
    this.#sources = sources;
    this.#onChange = onChange;
  }

  of(folder: string, tab: Tab): FindingText {
    if (tab === 'mail') return this.#mails.get(folder)?.text ?? LOADING;
    return this.#texts.get(folder)?.texts[tab] ?? LOADING;
  }

  /** Reads the report of a finding if it has been written: that costs no execution. */
  askReport({ folder, reported }: FindingView): void {
    const before = this.#texts.get(folder);
    if (!reported || before?.texts.report.state === 'ready') return;
    const report = reportOf(this.#sources.folderOf(folder));
    if (report !== null)
      this.#texts.set(folder, { of: '', texts: { ...all(LOADING), ...before?.texts, report } });
  }

  /** Has the mail about a finding made, unless that of its smallest case is there or on its way. */
  askMail({ folder, file }: FindingView): void {
    if (this.#mails.get(folder)?.file === file) return;
    const set = (text: FindingText): void => {
      this.#mails.set(folder, { file, text });
      this.#onChange();
    };
    this.#mails.set(folder, { file, text: LOADING });
    this.#sources.mailOf(this.#pathOf(folder, file)).then(
      text => set(ready(text)),
      (error: unknown) => set({ state: 'failed', why: reasonOf(error) }),
    );
  }

  /** Has the other texts of a finding made, unless those of its smallest case are there or on their way. */
  ask({ folder, file, reported }: FindingView): void {
    const of = `${file} ${reported}`;
    const before = this.#texts.get(folder);
    if (before?.of === of) return;
    this.#texts.set(folder, { of, texts: before?.texts ?? all(LOADING) });
    this.#make(folder, file).then(
      texts => this.#set(folder, { of, texts }),
      (error: unknown) => {
        this.#set(folder, { of, texts: all({ state: 'failed', why: reasonOf(error) }) });
      },
    );
  }

  /** The smallest case of a finding, step by step. */
  async steps({ folder, file }: FindingView): Promise<Stepped> {
    return this.#run(pool =>
      pool.run<'steps'>({ type: 'steps', case: this.#caseOf(folder, file), limit: null }),
    );
  }

  #caseOf(folder: string, file: string): Case {
    const path = this.#pathOf(folder, file);
    return readCase(readFileSync(path), path, this.#sources.targets);
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #pathOf(folder: string, file: string): string {
    return join(this.#sources.folderOf(folder), file);
  }

  async #make(folder: string, file: string): Promise<AllTexts> {
    const one = this.#caseOf(folder, file);
    const written = reportOf(this.#sources.folderOf(folder));
    if (one.expect.verdict === 'hang') {
      const why: FindingText = {
        state: 'failed',
        why: 'the model hangs in this case, so it is not run here',
      };
      return { ...all(why), report: written ?? ready(report(one, 'the model hangs', null)) };
    }
    const { trace } = await this.#run(pool => pool.run<'replay'>({ type: 'replay', case: one }));
    return {
      diagram: ready(diagram(trace)),
      report: written ?? ready(report(one, trace.violation?.message ?? '', trace)),
      trace: ready(traceText(trace)),
    };
  }

  #run<T>(task: (pool: WorkerPool) => Promise<T>): Promise<T> {
    this.#pool ??= new WorkerPool(this.#sources.modules, this.#sources.hangSeconds);
    return task(this.#pool);
  }

  #set(folder: string, made: Made): void {
    // A later state of the finding may have been asked for meanwhile.
    if (this.#texts.get(folder)?.of !== made.of) return;
    this.#texts.set(folder, made);
    this.#onChange();
  }
}

function all(text: FindingText): AllTexts {
  return { diagram: text, report: text, trace: text };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ready(text: string): FindingText {
  return { state: 'ready', lines: text.trimEnd().split('\n') };
}

/** The report in a finding's folder; null if there is none yet. */
function reportOf(folder: string): FindingText | null {
  try {
    return ready(readFileSync(join(folder, Report), 'utf8'));
  } catch {
    return null;
  }
}
