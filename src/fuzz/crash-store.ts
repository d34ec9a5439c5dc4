import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { UsageError } from '../engine/errors.ts';
import type { Case } from './case/case.ts';
import { shortHash } from './signature.ts';

/** The folder of findings: one folder for each design and signature. */
export class CrashStore {
  readonly dir: string;

  /** @throws UsageError at once if nothing can be written there. */
  constructor(dir: string) {
    this.dir = dir;
    try {
      makeFolder(resolve(dir));
      const probe = join(dir, `.probe-${process.pid}`);
      writeFileSync(probe, '');
      rmSync(probe);
    } catch (error) {
      throw new UsageError(`--out ${dir}: cannot be written: ${reason(error)}; name another folder`);
    }
  }

  /** Where a finding goes: `mte-sync-v5.19-tag-loss-1a2b3c4d`. */
  folder(one: Case, key: string): string {
    const { verdict } = one.expect;
    const kind = verdict === 'violation' ? (key.split(' | ')[0] ?? verdict) : verdict;
    const design = [one.target, one.variant, ...one.switches].join('-');
    const name = `${design}-${kind}`.replace(/[^\w.+-]+/g, '_');
    return join(this.dir, `${name}-${shortHash(`${one.memory} ${key}`)}`);
  }

  /** Writes a file of a finding; it is there in full or not at all. */
  async write(folder: string, file: string, text: string): Promise<void> {
    try {
      makeFolder(resolve(folder));
      await writeFileAtomic(join(folder, file), text);
    } catch (error) {
      throw new Error(`${join(folder, file)}: cannot be written: ${reason(error)}`);
    }
  }
}

/** As `mkdir -p`; Node's own recursive form never returns below some file systems (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/^(\w+): /, '').replace(/,.*$/, '');
}
