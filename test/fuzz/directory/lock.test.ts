import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownerOf, takeLock } from '../../../src/fuzz/directory/lock.ts';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'pagestorm-lock-'));

/** A process that has ended. */
const dead = { pid: spawnSync('true').pid, host: hostname(), start: 'long ago' };

describe('the lock of a campaign directory', () => {
  it('is taken over from a process that is dead, or whose number another one has now', () => {
    for (const owner of [dead, { ...ownerOf(process.pid), start: 'before the last boot' }]) {
      const dir = scratch();
      writeFileSync(join(dir, 'lock'), JSON.stringify(owner));
      const notes: string[] = [];
      const release = takeLock(dir, note => notes.push(note));
      expect(notes).toEqual([`took over a lock of process ${owner.pid}, which is gone`]);
      release();
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  it('is refused while its process lives, or may live on another host', () => {
    const dir = scratch();
    const release = takeLock(dir, () => {});
    expect(() => takeLock(dir, () => {})).toThrow(`a campaign runs there (process ${process.pid})`);
    release();
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...dead, host: 'elsewhere' }));
    expect(() => takeLock(dir, () => {})).toThrow(/on elsewhere holds it; if that is over, remove .*lock$/);
  });

  it('leaves nothing behind of processes that were killed while they took it', () => {
    const dir = scratch();
    for (const name of [`lock-${dead.pid}`, `lock-${dead.pid}-stale`]) {
      writeFileSync(join(dir, name), JSON.stringify(dead));
    }
    takeLock(dir, () => {})();
    expect(readdirSync(dir)).toEqual([]);
  });
});
