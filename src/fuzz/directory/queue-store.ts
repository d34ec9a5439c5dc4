import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Target } from '../../targets/target.ts';
import type { Case } from '../case/case.ts';
import { readCase } from '../case/read.ts';
import { caseFields } from '../case/write.ts';
import type { Disk } from './disk.ts';
import { idOf, type Provenance, provenanceName } from './names.ts';

/** An entry as it lies on the disk. */
export interface QueueFile {
  readonly id: number;
  readonly path: string;
  readonly name: string;
}

/**
 * The queue: a JSON file for each entry (valid YAML, and read a hundred times faster), named by id and provenance. Ids
 * only grow, so another instance knows by an id what it has seen.
 */
export class QueueStore {
  readonly folder: string;
  readonly #setAside: string;
  readonly #disk: Disk;
  /** The id of the next entry. */
  next = 0;

  constructor(folder: string, setAside: string, disk: Disk) {
    this.folder = folder;
    this.#setAside = setAside;
    this.#disk = disk;
  }

  /** Takes the next id for a case and begins to write it; `written` resolves when it is there. */
  add(
    one: Case,
    operations: Parameters<typeof caseFields>[1],
    provenance: Omit<Provenance, 'id'>,
  ): { readonly id: number; readonly path: string; readonly written: Promise<void> } {
    const id = this.next++;
    const name = `${provenanceName({ ...provenance, id })}.json`;
    const text = `${JSON.stringify(caseFields(one, operations))}\n`;
    const path = join(this.folder, name);
    // Flushed before the next checkpoint, not one by one; see `CampaignRecord.save`.
    return { id, path, written: this.#disk.write(path, text, false) };
  }

  /** Entries from an id on, in the order of their ids. */
  list(from = 0): readonly QueueFile[] {
    return queueFiles(this.folder).filter(file => file.id >= from);
  }

  /** Moves an entry that is of no use, if it is there at all, out of the queue, with the reason beside it. */
  async setAside({ path, name }: Pick<QueueFile, 'path' | 'name'>, reason: string): Promise<void> {
    // Makes the folder, and waits while the disk is full.
    await this.#disk.write(join(this.#setAside, `${name}.reason`), `${reason}\n`);
    if (existsSync(path)) renameSync(path, join(this.#setAside, name));
  }

  /** The same with a copy of a file that is not ours. */
  async setAsideCopy(path: string, reason: string): Promise<void> {
    const name = basename(path);
    await this.#disk.write(join(this.#setAside, name), readFileSync(path));
    await this.#disk.write(join(this.#setAside, `${name}.reason`), `${path}: ${reason}\n`);
  }
}

/** The entries of a queue folder, in the order of their ids. */
export function queueFiles(folder: string): readonly QueueFile[] {
  return readdirSync(folder)
    .flatMap(name => {
      const id = name.endsWith('.json') ? idOf(name) : null;
      return id === null ? [] : [{ id, name, path: join(folder, name) }];
    })
    .sort((a, b) => a.id - b.id);
}

/** @throws UsageError naming the file. */
export function readEntry(path: string, targets: readonly Target[]): Case {
  return readCase(readFileSync(path), path, targets);
}
