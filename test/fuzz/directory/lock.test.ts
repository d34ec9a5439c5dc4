import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ownerOf, takeLock } from '../../../src/fuzz/directory/lock.ts';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'pagestorm-lock-'));

/** A process that has ended. */
const dead = { pid: spawnSync('true').pid, host: hostname(), start: 'long ago' };

const takerPath = fileURLToPath(new URL('../fixtures/lock-taker.mjs', import.meta.url));

/** A process that takes locks: see there. `ask` resolves to its next answer, or `gone`. */
async function taker() {
  const child = spawn(process.execPath, [takerPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done !== true) return value;
    await exited;
    return 'gone';
  };
  expect(await next()).toBe('ready');
  const ask = (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return next();
  };
  return { ask, end: () => child.stdin.end() };
}

/** A directory whose lock a dead process has left. */
function stale(): string {
  const dir = scratch();
  writeFileSync(join(dir, 'lock'), JSON.stringify(dead));
  return dir;
}

/** Takes a lock in this process; null if it is refused. */
function take(dir: string): (() => void) | null {
  try {
    return takeLock(dir, () => {});
  } catch (error) {
    expect(String(error)).toMatch(/a campaign runs there/);
    return null;
  }
}

describe('the lock of a campaign directory', () => {
  it('is refused where a link to nothing stands in its place, which nobody can own', () => {
    const dir = scratch();
    symlinkSync(join(dir, 'nowhere'), join(dir, 'lock'));
    expect(() => takeLock(dir, () => {})).toThrow(/cannot be locked: .*lock is a link to nothing; remove it/);
    expect(readdirSync(dir)).toEqual(['lock']);
  });

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

  it('has one owner, whoever of many processes takes over what a dead one has left', async () => {
    const takers = await Promise.all(Array.from({ length: 8 }, taker));
    for (let round = 0; round < 40; round++) {
      const dir = stale();
      const at = Date.now() + 15;
      const answers = await Promise.all(takers.map(({ ask }) => ask(`at ${at} ${dir}`)));
      expect(answers.filter(answer => answer === 'owns')).toHaveLength(1);
      expect(readdirSync(dir)).toEqual(['lock']);
    }
    for (const { end } of takers) end();
  });

  it('has one owner, wherever a process that takes it over is held up while two others try', async () => {
    const { ask, end } = await taker();
    let calls = 0;
    for (let held = true; held; calls++) {
      held = false;
      // Held up twice: before its n-th call, and before one of those that follow.
      for (let second = calls + 2, again = true; again; second++) {
        const dir = stale();
        let answer = await ask(`stop ${calls + 1} ${second} ${dir}`);
        if (answer === 'owns') break;
        held = true;
        const owners = [take(dir)];
        answer = await ask('go on');
        again = answer.startsWith('stopped');
        if (again) {
          owners.push(take(dir));
          answer = await ask('go on');
        }
        const owned = owners.filter(owner => owner !== null).length + (answer === 'owns' ? 1 : 0);
        expect(owned, `held up before ${calls + 1} and ${second}: ${answer}`).toBe(1);
      }
    }
    expect(calls).toBeGreaterThan(5);
    end();
  });

  it('can be taken over again wherever the process is killed that takes it over', async () => {
    let killed = 0;
    for (let answer = 'gone'; answer === 'gone'; killed++) {
      // The one that is killed finds what another has left that was killed before it.
      const dir = stale();
      const first = await taker();
      expect(await first.ask(`kill 5 ${dir}`)).toBe('gone');
      const second = await taker();
      answer = await second.ask(`kill ${killed + 1} ${dir}`);
      second.end();
      if (answer !== 'gone') break;
      const release = take(dir);
      expect(release).not.toBeNull();
      release?.();
      expect(readdirSync(dir)).toEqual([]);
    }
    expect(killed).toBeGreaterThan(5);
  });
});
