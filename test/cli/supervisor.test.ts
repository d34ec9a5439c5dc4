import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { placesOf, prepareFolders, writeConfig } from '../../src/fuzz/directory/campaign-directory.ts';
import { DIRECTORY_VERSION } from '../../src/fuzz/directory/config.ts';
import type { CampaignEvent } from '../../src/fuzz/events.ts';
import type { Snapshot } from '../../src/fuzz/statistics/snapshot.ts';
import { Supervisor } from '../../src/fuzz/supervisor/supervisor.ts';
import { demo, scratch } from './pagestorm.ts';

/** Runs a campaign of one design in its process, and waits for what it tells. */
async function campaign(design: string) {
  const root = scratch();
  const job = { design, memory: 'arm64', size: { cpus: 2, pages: 2, mms: 1 }, ops: [], seed: '1' };
  await writeConfig(
    prepareFolders(root),
    {
      ...{
        version: DIRECTORY_VERSION,
        pagestorm: '0',
        seed: '1',
        jobs: [job],
        executions: null,
        seconds: null,
      },
      ...{
        untilCrash: false,
        deterministic: false,
        modules: [demo],
        input: null,
        hangSeconds: 5,
        instance: null,
        main: false,
      },
    },
    'pagestorm fuzz',
  );
  const seen: CampaignEvent[] = [];
  const supervisor = new Supervisor({
    entry: new URL('../../dist/cli/campaign-process.js', import.meta.url),
    start: {
      ...{
        root,
        command: 'pagestorm fuzz',
        workers: 2,
        selfcheck: false,
        sites: false,
        resumed: false,
      },
      limits: { executions: null, seconds: null, fromNow: false, untilCrash: false },
    },
    ...{ state: placesOf(root).state, modules: [demo], hangSeconds: 5, quiet: true },
    onEvent: event => seen.push(event),
  });
  const ended = supervisor.run();
  const next = async <T>(of: (event: CampaignEvent) => T | null): Promise<T> => {
    for (let i = seen.length; ; ) {
      for (; i < seen.length; i++) {
        const found = seen[i] === undefined ? null : of(seen[i]);
        if (found !== null) return found;
      }
      await sleep(20);
    }
  };
  const status = (fits: (snapshot: Snapshot) => boolean): Promise<Snapshot> =>
    next(event => (event.type === 'status' && fits(event.snapshot) ? event.snapshot : null));
  /** The next note about a finding. */
  const note = (folder: string): Promise<string> =>
    next(event => (event.type === 'note' && event.message.startsWith(`${folder}: `) ? event.message : null));
  return { supervisor, ended, status, note };
}

const done = ({ status }: Snapshot): number => status.counters.executions + status.running;

describe('a campaign that is watched', () => {
  it('waits when asked to, its time with it, and goes on', async () => {
    const { supervisor, ended, status } = await campaign('demo/fixed');
    // Before its process listens.
    supervisor.pause(true);
    const early = await status(one => one.state === 'paused');
    expect([done(early), early.status.counters.runSeconds]).toEqual([0, 0]);
    supervisor.pause(false);
    await status(one => done(one) > 100);
    supervisor.pause(true);
    const first = await status(one => one.state === 'paused');
    // What was under way when the workers were told ends, however late it gets its turn; then nothing more begins.
    let last = first;
    for (let before = -1; done(last) !== before; ) {
      before = done(last);
      const { now } = last.status;
      last = await status(one => one.state === 'paused' && one.status.now > now);
    }
    expect(last.status.counters.runSeconds).toBe(first.status.counters.runSeconds);
    supervisor.pause(false);
    const going = await status(one => one.state === 'searching' && done(one) > done(last));
    expect(going.status.counters.runSeconds).toBeGreaterThan(last.status.counters.runSeconds);
    supervisor.pause(true);
    const { pid } = (await status(one => one.state === 'paused')).status;
    process.kill(pid, 'SIGKILL');
    const { counters } = (await status(one => one.state === 'paused' && one.status.pid !== pid)).status;
    expect(counters.restarts).toBe(1);
    supervisor.stop();
    await ended;
  });

  it('shows how far the minimiser is, and says why a finding is not minimised when asked to', async () => {
    const { supervisor, ended, status, note } = await campaign('demo/no-barrier');
    const { findings } = await status(one => one.findings.some(({ minimize }) => minimize.state === 'done'));
    const finding = findings.find(({ minimize }) => minimize.state === 'done');
    expect(finding?.minimize.before?.operations).toBeGreaterThanOrEqual(
      finding?.minimize.now?.operations ?? 99,
    );
    expect(finding?.minimize.executions).toBeGreaterThan(0);
    const folder = finding?.folder ?? '';
    const same = note(folder);
    supervisor.minimize(folder);
    expect(await same).toMatch(/nothing smaller is left in any dimension/);
    const other = note('crashes/nowhere');
    supervisor.minimize('crashes/nowhere');
    expect(await other).toBe('crashes/nowhere: no such finding');
    supervisor.stop();
    await ended;
  });
});
