import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Target } from '../../targets/target.ts';
import { type Case, caseDesign, kindOf, knownKey } from '../case/case.ts';
import { readCase } from '../case/read.ts';
import { shortHash } from '../signature.ts';
import type { RawFinding } from '../tasks.ts';
import { removeUnfinished } from './atomic.ts';
import { findingFolders, type Places } from './campaign-directory.ts';
import type { Disk } from './disk.ts';
import { fieldOf, idOf, type Provenance, provenanceName } from './names.ts';
import { type MinimizedFigures, readSeen, type Seen, type SightingNow, seenText } from './seen.ts';

/** A finding with its folder. */
export interface Crash extends Seen {
  readonly folder: string;
  readonly design: string;
  readonly memory: string;
  /** What tells it apart from others of its design: the signature, or the text of an error. */
  readonly key: string;
  readonly verdict: Case['expect']['verdict'];
  /** Seconds that the campaign had run when it was first and last seen, where that is known. */
  readonly firstSeconds: number | null;
  lastSeconds: number | null;
  /** The smallest case that is there: `Found` or `Minimized`. */
  file: string;
  /** Whether the report is there. */
  reported: boolean;
}

/** A finding without its report. */
export interface Unfinished {
  readonly crash: Crash;
  readonly case: Case;
  /** The oracle's message, or that of the error. */
  readonly message: string;
}

/** Files of a finding's folder. */
export const Found = 'found.yaml';
export const Minimized = 'minimized.yaml';
export const Report = 'report.txt';
const SEEN = 'seen.json';

/** Of findings whose `seen.json` is lost. */
const unseen = { nondeterministic: false, minimized: null };

/** The findings of a campaign: one folder for each design, memory model and signature. */
export class CrashStore {
  readonly #places: Places;
  readonly #disk: Disk;
  readonly #crashes = new Map<string, Crash>();
  /** Counts that the files do not show yet. */
  readonly #dirty = new Set<Crash>();
  #next = 0;

  constructor(places: Places, disk: Disk) {
    this.#places = places;
    this.#disk = disk;
  }

  /**
   * Takes up what earlier runs have found. Folders that cannot be read are left alone.
   *
   * @param note gets a line for each of them.
   */
  load(targets: readonly Target[], note: (message: string) => void): void {
    for (const folder of findingFolders(this.#places)) {
      const name = basename(folder);
      const path = join(folder, Found);
      // Killed between making the folder and writing the case: never reported, and found again, by the same number.
      const written = existsSync(path);
      if (!written && removeEmpty(folder)) continue;
      this.#next = Math.max(this.#next, 1 + (idOf(name) ?? -1));
      if (!written) continue;
      try {
        const one = readCase(readFileSync(path), path, targets);
        const at = { execs: Number(fieldOf(name, 'execs') ?? 0), time: null };
        const seen = readSeen(join(folder, SEEN)) ?? { ...unseen, count: 1, first: at, last: at };
        const time = fieldOf(name, 'time');
        const crash = this.#add(one, folder, seen, time === null ? null : Number(time) / 1000);
        crash.reported = existsSync(join(folder, Report));
        if (existsSync(join(folder, Minimized))) crash.file = Minimized;
      } catch (error) {
        note(`${path}: left alone: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  get all(): readonly Crash[] {
    return [...this.#crashes.values()];
  }

  find(design: string, memory: string, key: string): Crash | undefined {
    return this.#crashes.get(identity(design, memory, key));
  }

  /**
   * Makes the folder of a new finding and writes the case; it is there when this resolves. Violations are counted by
   * `seen`, the first one included.
   *
   * @param text of `found.yaml`.
   */
  async create(
    { case: one, nondeterministic }: Pick<RawFinding, 'case' | 'nondeterministic'>,
    text: string,
    provenance: Omit<Provenance, 'id'>,
    { seconds, ...at }: SightingNow,
  ): Promise<Crash> {
    const { verdict } = one.expect;
    const key = knownKey(one.expect);
    const name = provenanceName({
      ...provenance,
      id: this.#next++,
      sig: shortHash(`${one.memory} ${key}`),
      notes: [kindOf(one.expect), caseDesign(one).replace('/', '-')],
    });
    const folder = join(verdict === 'hang' ? this.#places.hangs : this.#places.crashes, name);
    const count = verdict === 'violation' ? 0 : 1;
    const seen = { count, first: at, last: at, nondeterministic, minimized: null };
    const crash = this.#add(one, folder, seen, seconds);
    await this.write(crash, Found, text);
    return crash;
  }

  /** Counts sightings of a finding that is known. */
  seen(crash: Crash, times: number, { seconds, ...at }: SightingNow): void {
    crash.count += times;
    crash.last = at;
    crash.lastSeconds = seconds;
    this.#dirty.add(crash);
  }

  /** Says what the minimiser made of a finding. */
  minimized(crash: Crash, figures: MinimizedFigures): void {
    crash.minimized = figures;
    this.#dirty.add(crash);
  }

  /** How often findings were seen, by the name of their folders; for `recount`. */
  sightings(): Readonly<Record<string, Pick<Crash, 'count' | 'last'>>> {
    return Object.fromEntries(this.all.map(({ folder, count, last }) => [basename(folder), { count, last }]));
  }

  /** Goes back to counts that were saved; what was not found then counts nothing yet. */
  recount(saved: ReturnType<CrashStore['sightings']>): void {
    for (const crash of this.all) {
      const { count, last } = saved[basename(crash.folder)] ?? { count: 0, last: crash.first };
      crash.count = count;
      crash.last = last;
      this.#dirty.add(crash);
    }
  }

  /** Writes a file of a finding; the report goes last, as it says that the finding is done with. */
  async write(crash: Crash, file: string, text: string): Promise<void> {
    if (file === Report && this.#dirty.delete(crash)) await this.write(crash, SEEN, seenText(crash));
    await this.#disk.write(join(crash.folder, file), text);
    if (file === Report) crash.reported = true;
    if (file === Minimized) crash.file = Minimized;
  }

  /**
   * Findings that an earlier run has not come round to minimise, or was ended in the middle of that, with their cases and
   * messages. The latter begin anew, so that the result is that of a run that was not ended.
   */
  unfinished(targets: readonly Target[]): readonly Unfinished[] {
    return this.all
      .filter(crash => !crash.reported || crash.minimized?.interrupted === true)
      .map(crash => this.read(crash, Found, targets));
  }

  /** A finding with the case of a file in its folder, and its message. */
  read(crash: Crash, file: string, targets: readonly Target[]): Unfinished {
    const path = join(crash.folder, file);
    const bytes = readFileSync(path);
    // The comment at its head is `# tag-loss in mte-sync/v5.19 (sc): <message>`.
    const message = /^# [^\n]*? \(\w+\): (.*)$/m.exec(bytes.toString())?.[1] ?? '';
    return { crash, case: readCase(bytes, path, targets), message };
  }

  /** Writes the counts that have changed. */
  async flush(): Promise<void> {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    await Promise.all(dirty.map(crash => this.write(crash, SEEN, seenText(crash))));
  }

  #add(one: Case, folder: string, seen: Seen, seconds: number | null): Crash {
    const design = caseDesign(one);
    const { memory } = one;
    const crash: Crash = {
      ...{ folder, design, memory, key: knownKey(one.expect), verdict: one.expect.verdict },
      ...{ ...seen, firstSeconds: seconds, lastSeconds: seconds, file: Found, reported: false },
    };
    this.#crashes.set(identity(design, memory, crash.key), crash);
    this.#dirty.add(crash);
    return crash;
  }
}

function identity(design: string, memory: string, key: string): string {
  return `${design} ${memory} ${key}`;
}

/** Removes a folder in which there is nothing but what was being written; false if there is more. */
function removeEmpty(folder: string): boolean {
  removeUnfinished(folder);
  if (readdirSync(folder).length > 0) return false;
  rmdirSync(folder);
  return true;
}
