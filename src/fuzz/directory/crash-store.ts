import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Target } from '../../targets/target.ts';
import { knownKey } from '../batch.ts';
import { type Case, caseDesign } from '../case/case.ts';
import { readCase } from '../case/read.ts';

import { shortHash } from '../signature.ts';
import { findingFolders, type Places } from './campaign-directory.ts';
import type { Disk } from './disk.ts';
import { fieldOf, idOf, type Provenance, provenanceName } from './names.ts';

/** When a finding was seen: executions of the campaign, and the Unix time where results may depend on it. */
export interface Sighting {
  readonly execs: number;
  readonly time: number | null;
}

/** A finding with its folder. */
export interface Crash {
  readonly folder: string;
  readonly design: string;
  readonly memory: string;
  /** What tells it apart from others of its design: the signature, or the text of an error. */
  readonly key: string;
  readonly verdict: Case['expect']['verdict'];
  count: number;
  readonly first: Sighting;
  last: Sighting;
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
      this.#next = Math.max(this.#next, 1 + (idOf(name) ?? -1));
      const path = join(folder, Found);
      // Killed between making the folder and writing the case: never reported, and found again.
      if (!existsSync(path)) continue;
      try {
        const one = readCase(readFileSync(path), path, targets);
        const at = { execs: Number(fieldOf(name, 'execs') ?? 0), time: null };
        const seen = readSeen(join(folder, SEEN)) ?? { count: 1, first: at, last: at };
        this.#add(one, folder, seen);
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
  async create(one: Case, text: string, provenance: Omit<Provenance, 'id'>, at: Sighting): Promise<Crash> {
    const { verdict } = one.expect;
    const key = knownKey(one.expect);
    const kind = verdict === 'violation' ? (key.split(' | ')[0] ?? verdict) : verdict;
    const name = provenanceName({
      ...provenance,
      id: this.#next++,
      sig: shortHash(`${one.memory} ${key}`),
      notes: [kind, caseDesign(one).replace('/', '-')],
    });
    const folder = join(verdict === 'hang' ? this.#places.hangs : this.#places.crashes, name);
    const crash = this.#add(one, folder, { count: verdict === 'violation' ? 0 : 1, first: at, last: at });
    await this.write(crash, Found, text);
    return crash;
  }

  /** Counts sightings of a finding that is known. */
  seen(crash: Crash, times: number, at: Sighting): void {
    crash.count += times;
    crash.last = at;
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

  async write(crash: Crash, file: string, text: string): Promise<void> {
    await this.#disk.write(join(crash.folder, file), text);
  }

  /** Findings that an earlier run has not come round to minimise, with their cases and messages. */
  unfinished(targets: readonly Target[]): readonly Unfinished[] {
    return this.all
      .filter(crash => !existsSync(join(crash.folder, Report)))
      .map(crash => {
        const path = join(crash.folder, Found);
        const bytes = readFileSync(path);
        // The comment at its head is `# tag-loss in mte-sync/v5.19 (sc): <message>`.
        const message = /^# [^\n]*? \(\w+\): (.*)$/m.exec(bytes.toString())?.[1] ?? '';
        return { crash, case: readCase(bytes, path, targets), message };
      });
  }

  /** Writes the counts that have changed. */
  async flush(): Promise<void> {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    await Promise.all(
      dirty.map(crash => {
        const { count, first, last } = crash;
        return this.write(crash, SEEN, `${JSON.stringify({ count, first, last })}\n`);
      }),
    );
  }

  #add(one: Case, folder: string, seen: Pick<Crash, 'count' | 'first' | 'last'>): Crash {
    const design = caseDesign(one);
    const key = knownKey(one.expect);
    const crash: Crash = { folder, design, memory: one.memory, key, verdict: one.expect.verdict, ...seen };
    this.#crashes.set(identity(design, one.memory, key), crash);
    this.#dirty.add(crash);
    return crash;
  }
}

function identity(design: string, memory: string, key: string): string {
  return `${design} ${memory} ${key}`;
}

function readSeen(path: string): Pick<Crash, 'count' | 'first' | 'last'> | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<
      Record<'count' | 'first' | 'last', unknown>
    >;
    const [first, last] = [sighting(value.first), sighting(value.last)];
    if (typeof value.count !== 'number' || first === null || last === null) return null;
    return { count: value.count, first, last };
  } catch {
    return null;
  }
}

function sighting(value: unknown): Sighting | null {
  if (typeof value !== 'object' || value === null || !('execs' in value) || !('time' in value)) return null;
  const { execs, time } = value;
  if (typeof execs !== 'number' || !(time === null || typeof time === 'number')) return null;
  return { execs, time };
}
