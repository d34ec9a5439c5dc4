import type { Target } from '../../targets/target.ts';
import type { Case } from '../case/case.ts';
import type { Program } from '../program.ts';
import type { Seed } from '../tasks.ts';
import { readEntry } from './queue-store.ts';

/** Entries kept in memory: those found lately are chosen most, and a file is read in a moment. */
const KEPT = 4_096;

/** An entry whose file cannot be used. */
export class EntryError extends Error {
  override name = 'EntryError';
  readonly id: string;
  readonly path: string;
  constructor(id: string, path: string, message: string) {
    super(message);
    this.id = id;
    this.path = path;
  }
}

/** Queue entries as workers want them: by id, from memory or from their file. */
export class SeedStore {
  readonly #targets: readonly Target[];
  readonly #paths = new Map<string, string>();
  /** In the order of their last use. */
  readonly #kept = new Map<string, Seed>();

  constructor(targets: readonly Target[]) {
    this.#targets = targets;
  }

  /** An entry just found: its file is being written. */
  found(id: string, path: string, program: Program, answers: Int32Array): void {
    this.#paths.set(id, path);
    this.#keep({ id, program, answers });
  }

  /** An entry of an earlier run or from elsewhere. */
  read(id: string, path: string, one: Case): void {
    this.#paths.set(id, path);
    this.#keep({ id, case: one });
  }

  /** Where entries of earlier runs lie. */
  known(paths: ReadonlyMap<string, string>): void {
    for (const [id, path] of paths) this.#paths.set(id, path);
  }

  /** @throws EntryError if its file cannot be used. */
  seed(id: string): Seed {
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      this.#keep(kept);
      return kept;
    }
    const path = this.#paths.get(id) ?? '';
    let seed: Seed;
    try {
      seed = { id, case: readEntry(path, this.#targets) };
    } catch (error) {
      throw new EntryError(id, path, error instanceof Error ? error.message : String(error));
    }
    this.#keep(seed);
    return seed;
  }

  #keep(seed: Seed): void {
    this.#kept.delete(seed.id);
    this.#kept.set(seed.id, seed);
    if (this.#kept.size <= KEPT) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
