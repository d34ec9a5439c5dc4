import type { Target } from '../../targets/target.ts';
import type { Case } from '../case/case.ts';
import type { Program } from '../program.ts';
import type { Seed } from '../tasks.ts';
import { readEntry } from './queue-store.ts';

/** Entries kept in memory: those found lately are chosen most, and a file is read in a moment. */
const KEPT = 4_096;

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
  found(id: string, path: string, program: Program, answers: readonly number[]): void {
    this.#paths.set(id, path);
    this.#keep({ id, program, answers });
  }

  /** An entry of an earlier run or from elsewhere. */
  read(id: string, path: string, one: Case): void {
    this.#paths.set(id, path);
    this.#keep({ id, case: one });
  }

  /** @throws UsageError if its file has become unreadable, which costs a batch. */
  seed(id: string): Seed {
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      this.#keep(kept);
      return kept;
    }
    const seed: Seed = { id, case: readEntry(this.#paths.get(id) ?? id, this.#targets) };
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
