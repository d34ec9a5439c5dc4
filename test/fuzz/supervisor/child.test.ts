import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'vitest';
import { CampaignChild } from '../../../src/fuzz/supervisor/child.ts';

/** What the processes below can say. */
const common = `
  const say = (event, sent) => process.send({ type: 'event', event }, sent);
  const note = message => say({ type: 'note', level: 'info', message });
  const end = sent => say({ type: 'end', reason: 'stopped', snapshot: {} }, sent);
`;

/** Starts a process that does this, and is killed after so many seconds of silence; `heard` gets its notes, and when. */
function start(
  does: string,
  patience: number,
  heard: (message: string, child: CampaignChild) => void = () => {},
) {
  const entry = join(mkdtempSync(join(tmpdir(), 'pagestorm-child-')), 'entry.mjs');
  writeFileSync(entry, common + does);
  const notes: string[] = [];
  const child = new CampaignChild(
    pathToFileURL(entry),
    true,
    event => {
      if (event.type !== 'note') return;
      notes.push(event.message);
      heard(event.message, child);
    },
    patience,
  );
  return { ended: child.ended, notes };
}

describe.concurrent('the process of a campaign', () => {
  it('is killed if it is told to end and runs on without a word', async ({ expect }) => {
    const { ended, notes } = start(
      `process.on('message', () => { for (;;); });
      note('ready');`,
      1,
      (message, child) => {
        if (message === 'ready') child.stop();
      },
    );
    expect(await ended).toBe('SIGKILL');
    expect(notes).toEqual([
      'ready',
      expect.stringMatching(/does not end: no word from it for 1 s; it is killed/),
    ]);
  });

  it('is left to write what it has, if it says that it goes on', async ({ expect }) => {
    const { ended, notes } = start(
      `process.on('message', () => {
        let left = 32;
        setInterval(() => { if (left-- > 0) note('writing'); else end(() => process.exit()); }, 250);
      });
      note('ready');`,
      5,
      (message, child) => {
        if (message === 'ready') child.stop();
      },
    );
    expect(await ended).toBeNull();
    expect(notes.slice(1)).toEqual(Array.from({ length: 32 }, () => 'writing'));
  });

  it('has ended well once it has said so, even if it is held up afterwards', async ({ expect }) => {
    const { ended, notes } = start(`end(() => { for (;;); });`, 1);
    expect(await ended).toBeNull();
    expect(notes).toEqual([]);
  });

  it('is over when it has ended, even if what it started still holds its output', async ({ expect }) => {
    const { ended, notes } = start(
      `const { spawn } = await import('node:child_process');
      const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      note(String(other.pid));
      end(() => process.exit());`,
      60,
    );
    try {
      expect(await ended).toBeNull();
    } finally {
      process.kill(Number(notes[0]), 'SIGKILL');
    }
  });
});
