import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Disk, DiskError, unlessFull } from '../../../src/fuzz/directory/disk.ts';
import { Journal, journalPath, programMark, suspects } from '../../../src/fuzz/directory/journal.ts';
import { Streams } from '../../../src/fuzz/directory/streams.ts';
import type { FuzzTask } from '../../../src/fuzz/tasks.ts';

const small = mkdtempSync(join(tmpdir(), 'pagestorm-small-'));
const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small);
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', small]);
});

describe('the disk of a campaign', () => {
  // Needs the right to mount a file system that is soon full.
  it.skipIf(!mounted)('waits while there is no room and then goes on, with every file whole', async () => {
    const notes: string[] = [];
    const disk = new Disk(note => notes.push(note));
    const large = disk.write(join(small, 'large'), 'x'.repeat(100_000));
    await vi.waitFor(() => expect(disk.full).toBe(true), 30_000);
    // There is room for this one, and it changes nothing for the one that waits.
    await disk.write(join(small, 'little'), 'x');
    expect(disk.full).toBe(true);
    expect(notes).toEqual([
      expect.stringMatching(/^disk full: .*large cannot be written; paused until there is room/),
    ]);
    const text = 'x'.repeat(9_999);
    const writes = Array.from({ length: 12 }, (_, i) => disk.write(join(small, `entry-${i}`), text));
    for (let looks = 0; looks < 15; looks++) {
      await sleep(100);
      // No file that is there is half a file: a short write is no whole one.
      for (const name of readdirSync(small)) {
        if (name.startsWith('entry-')) expect(readFileSync(join(small, name), 'utf8')).toBe(text);
      }
    }
    expect(disk.full).toBe(true);
    expect(mount('-o', 'remount,size=1m', small)).toBe(true);
    await Promise.all([large, ...writes]);
    expect(disk.full).toBe(false);
    expect(notes.at(-1)).toMatch(/room on the disk again/);
    expect(readdirSync(small)).toHaveLength(14);
  });

  it.skipIf(!mounted)('may be full for what the campaign can do without', () => {
    const filled = join(small, 'filled');
    const page = Buffer.alloc(4096);
    expect(unlessFull(() => appendFileSync(filled, page))).toBe(true);
    while (unlessFull(() => appendFileSync(filled, page)));
    const task: FuzzTask = {
      ...{ type: 'fuzz', executions: 1, known: [], untilCrash: false, coverage: null, deterministic: true },
      job: { design: 'demo/fixed', memory: 'sc', size: { cpus: 2, pages: 2, mms: 1 }, ops: [], seed: '1' },
      plan: { kind: 'fresh', from: 0, programs: 40 },
    };
    const journal = new Journal(journalPath(small, 0));
    journal.begin(task);
    programMark(journal.path)(3);
    expect(suspects(small)).toEqual([]);
    const { streams } = Streams.open(join(small, 'streams'));
    streams.mark(0, 32);
    rmSync(filled);
    journal.begin(task);
    programMark(journal.path)(4);
    expect(suspects(small)).toEqual([{ job: task.job, plan: task.plan, program: 4 }]);
    expect(() => unlessFull(() => appendFileSync('/proc/nowhere', page))).toThrow();
  });

  it('gives up at once, naming the file, where waiting does not help', async () => {
    const disk = new Disk(() => {});
    await expect(disk.write('/proc/nowhere/entry', 'x')).rejects.toThrow(DiskError);
    await expect(disk.write('/proc/nowhere/entry', 'x')).rejects.toThrow(
      /\/proc\/nowhere\/entry: cannot be written/,
    );
  });

  it('writes files of one name in the order asked for', async () => {
    const disk = new Disk(() => {});
    const path = join(mkdtempSync(join(tmpdir(), 'pagestorm-disk-')), 'stats');
    for (let i = 0; i < 20; i++) disk.write(path, String(i)).catch(() => {});
    await disk.settled();
    expect(readFileSync(path, 'utf8')).toBe('19');
  });
});
