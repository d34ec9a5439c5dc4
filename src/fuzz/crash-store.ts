import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
      mkdirSync(dir, { recursive: true });
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
      mkdirSync(folder, { recursive: true });
      await writeFileAtomic(join(folder, file), text);
    } catch (error) {
      throw new Error(`${join(folder, file)}: cannot be written: ${reason(error)}`);
    }
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/^(\w+): /, '').replace(/,.*$/, '');
}
