import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
import {
  type MinimizedFigures,
  readSeen,
  type Seen,
  type Sighting,
  type SightingNow,
  seenText,
} from './seen.ts';

/** A finding with its folder. */
export interface Crash extends Seen {
  readonly folder: string;
  readonly design: string;
  readonly memory: string;
  /** What tells it apart from others of its design: the signature, or the text of an error. */
  readonly key: string;
  readonly verdict: Case['expect']['verdict'];
  /** Seconds that the campaign had run when it was first and last seen, where that is known. */
  firstSeconds: number | null;
  lastSeconds: number | null;
  /** The smallest case that is there: `Found` or `Minimized`. */
  file: string;
  /** Whether the report is there. */
  reported: boolean;
  /**
   * True while a deterministic campaign has yet to find it once more: the checkpoint that it goes on from is older. It
   * keeps its folder and what was made of it.
   */
  awaited: boolean;
}

/** A finding without its report. */
export interface Unfinished {
  readonly crash: Crash;
  readonly case: Case;
  /** The oracle's message, or that of the error. */
  readonly message: string;
}

/** Whether a finding is a fault of the model and not of the design. */
export function isModelFault({
  verdict,
  nondeterministic,
}: Pick<Crash, 'verdict' | 'nondeterministic'>): boolean {
  return verdict !== 'violation' || nondeterministic;
}

/** Files of a finding's folder. */
export const Found = 'found.yaml';
export const Minimized = 'minimized.yaml';
export const Report = 'report.txt';
const SEEN = 'seen.json';

/** Of findings whose `seen.json` is lost. */
const unseen = { nondeterministic: false, fatal: false, minimized: null };

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
      // Killed before the case was written: never reported, and found again, by the same number.
      const written = existsSync(path);
      if (!written && removeBegun(folder)) continue;
      this.#next = Math.max(this.#next, 1 + (idOf(name) ?? -1));
      if (!written) continue;
      try {
        const one = readCase(readFileSync(path), path, targets);
        const at = { execs: Number(fieldOf(name, 'execs') ?? 0), time: null };
        const seen = readSeen(join(folder, SEEN)) ?? { ...unseen, count: 1, first: at, last: at };
        // Killed before the first sighting was counted.
        seen.count = Math.max(1, seen.count);
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
    { case: one, ...about }: Pick<RawFinding, 'case' | 'nondeterministic'> & Pick<Seen, 'fatal'>,
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
    const { nondeterministic, fatal } = about;
    const seen = {
      count: firstCount(verdict),
      first: at,
      last: at,
      nondeterministic,
      fatal,
      minimized: null,
    };
    const crash = this.#add(one, folder, seen, seconds);
    await this.write(crash, SEEN, seenText(crash));
    // Last: with it, the folder is a finding.
    await this.write(crash, Found, text);
    return crash;
  }

  /** The finding that was awaited is there: its files are those that it would get. */
  foundAgain(crash: Crash, { seconds, ...at }: SightingNow): void {
    crash.awaited = false;
    crash.count = firstCount(crash.verdict);
    crash.first = at;
    crash.firstSeconds = seconds;
    this.#sight(crash, at, seconds);
    this.#next = Math.max(this.#next, 1 + (idOf(basename(crash.folder)) ?? -1));
  }

  /** Counts sightings of a finding that is known. */
  seen(crash: Crash, times: number, { seconds, ...at }: SightingNow): void {
    crash.count += times;
    this.#sight(crash, at, seconds);
  }

  #sight(crash: Crash, at: Sighting, seconds: number): void {
    crash.last = at;
    crash.lastSeconds = seconds;
    this.#dirty.add(crash);
  }

  /** Says what the minimiser made of a finding. */
  minimized(crash: Crash, figures: MinimizedFigures): void {
    crash.minimized = figures;
    this.#dirty.add(crash);
  }

  /** How often findings were seen, by the name of their folders; for `rewind`. */
  sightings(): Readonly<Record<string, Pick<Crash, 'count' | 'last'>>> {
    return Object.fromEntries(
      this.all
        .filter(crash => !crash.awaited)
        .map(({ folder, count, last }) => [basename(folder), { count, last }]),
    );
  }

  /** Goes back to what was saved: numbers and counts go on from there, and what was found since is awaited. */
  rewind(saved: ReturnType<CrashStore['sightings']>): void {
    this.#next = 1 + Math.max(-1, ...Object.keys(saved).map(name => idOf(name) ?? -1));
    for (const crash of this.all) {
      const then = saved[basename(crash.folder)];
      if (then === undefined) crash.awaited = true;
      else Object.assign(crash, { count: then.count, last: then.last });
    }
  }

  /** Writes a file of a finding; the report goes last, as it says that the finding is done with. */
  async write(crash: Crash, file: string, text: string): Promise<void> {
    // Its figures may be on their way to the disk, but must be there before the report.
    if (file === Report) await this.write(crash, SEEN, seenText(crash));
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
    // The comment at its head is `# tag-loss in mte-sync/v5.19 (sc): <message>`, of more lines if the message is.
    const message = /^[^\n]*? \(\w+\): (.*)$/s.exec(headComment(bytes.toString()))?.[1] ?? '';
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
      ...{
        ...seen,
        firstSeconds: seconds,
        lastSeconds: seconds,
        file: Found,
        reported: false,
        awaited: false,
      },
    };
    this.#crashes.set(identity(design, memory, crash.key), crash);
    this.#dirty.add(crash);
    return crash;
  }
}

function identity(design: string, memory: string, key: string): string {
  return `${design} ${memory} ${key}`;
}

/** The comment before the first field of a case. */
function headComment(text: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex(line => line !== '' && !line.startsWith('#'));
  return lines
    .slice(0, end)
    .map(line => line.replace(/^#/, ''))
    .join('\n')
    .trimEnd();
}

/** Violations are counted as they are seen, also the first time; other faults are seen once. */
function firstCount(verdict: Crash['verdict']): number {
  return verdict === 'violation' ? 0 : 1;
}

/** Removes the folder of a finding that was not written yet; false if there is more in it. */
function removeBegun(folder: string): boolean {
  removeUnfinished(folder);
  if (readdirSync(folder).some(name => name !== SEEN)) return false;
  rmSync(folder, { recursive: true });
  return true;
}
