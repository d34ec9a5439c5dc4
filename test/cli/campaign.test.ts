import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alive, readOwner } from '../../src/fuzz/directory/lock.ts';
import { readSnapshot } from '../../src/fuzz/statistics/files.ts';
import { bin, demo, interrupt, node, pagestorm, scratch } from './pagestorm.ts';

/** Files of queue and findings, by path. */
function contents(dir: string): Record<string, string> {
  const names = ['queue', 'crashes', 'hangs'].flatMap(folder =>
    readdirSync(join(dir, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
  );
  return Object.fromEntries(
    names
      .filter(name => name.includes('id:') && /\.\w+$/.test(name))
      .sort()
      .map(name => [name, readFileSync(join(dir, name), 'utf8')]),
  );
}

/** A small deterministic campaign with findings and a queue. */
function campaign(
  out: string,
  ...more: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  return pagestorm([
    ...['fuzz', 'demo/no-barrier', 'demo/flag-first', '--memory', 'arm64', '--execs', '3k'],
    ...['--seed', 'c', '--no-selfcheck', '--out', out, ...more],
  ]);
}

function stats(dir: string): Record<string, string> {
  const lines = readFileSync(join(dir, 'fuzzer_stats'), 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map(line => line.split(/\s*: /, 2) as [string, string]));
}

/** A campaign that has ended, to be copied by tests that damage or continue it. */
const base = scratch();
beforeAll(() => campaign(base, '--workers', '1'));

const small = scratch();
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', small]);
});

function copied(): string {
  const out = scratch();
  cpSync(base, out, { recursive: true });
  return out;
}

describe('a campaign', () => {
  it('gives the same queue and findings with one worker and with three', async () => {
    const three = scratch();
    const { out: said } = await campaign(three, '--workers', '3', '--sites');
    const expected = contents(base);
    expect(Object.keys(expected).some(name => name.startsWith('queue/'))).toBe(true);
    expect(contents(three)).toEqual(expected);
    expect(Object.keys(expected).filter(name => /op:|execs:/.test(name) && /time:/.test(name))).toEqual([]);
    expect(stats(three)).toMatchObject({ execs_done: '3000', saved_crashes: '2', saved_hangs: '0' });
    // Its places are those of its target, whichever worker reached them: all but what other designs have.
    const missed = [...said.matchAll(/not reached: (.*) \(line \d+\)$/gm)].map(([, key = '']) => key);
    expect(missed.filter(key => !key.startsWith('demo:build.run:'))).toEqual([
      'demo:build.init_tags:smpWmb()',
      'demo:build.init_tags:if (settings.barrier)',
      'demo:build.map_page:if (at === undefined)',
    ]);
  });

  it.each([
    ['kill-rounds', '--rounds 2 --execs 3k --delay 1 --design demo/no-barrier', /nothing lost/],
    [
      'kill-writes',
      `--first 40 --step 120 --execs 600 --workers 1 --design demo/no-barrier --design demo/throws -- --input ${base}/queue`,
      /the same each time/,
    ],
  ] as const)(
    'loses nothing to SIGKILL, wherever it hits: a short form of scripts/%s.mjs',
    async (name, args, well) => {
      const script = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url));
      const common = ['--memory', 'arm64', '--target-module', demo];
      const ran = await node([script, ...common, ...args.split(' ')]);
      expect(ran.err).toBe('');
      expect(ran.out).toMatch(well);
      expect(ran.code).toBe(0);
    },
  );

  it('gives the same files if Ctrl-C ended it and --resume went on, and has a snapshot of all that it did', async () => {
    const out = scratch();
    const args = ['fuzz', 'demo/no-barrier', 'demo/flag-first', '--memory', 'arm64', '--execs', '3k'];
    // The model of the second design waits, so that the campaign cannot have ended before.
    const gate = join(scratch(), 'open');
    const ended = await pagestorm(
      [...args, '--seed', 'c', '--no-selfcheck', '--hang-timeout', '1h', '--out', out],
      { 'found: ': interrupt, 'interrupted: ': () => writeFileSync(gate, '') },
      { DEMO_GATE: gate },
    );
    expect(ended.out).toMatch(/interrupted: writing what was found/);
    const resumed = await pagestorm(['fuzz', '--resume', out]);
    expect([resumed.err, resumed.code]).toEqual(['', 1]);
    expect(contents(out)).toEqual(contents(base));
    const snapshot = readSnapshot(join(out, 'snapshot.json'));
    if (snapshot === null || typeof snapshot === 'string') throw new Error(snapshot ?? 'no snapshot');
    expect([snapshot.state, snapshot.reason]).toEqual(['ended', 'executions']);
    const { status, strategies, findings, coverage, pairs, designs } = snapshot;
    for (const kind of ['schedule', 'program'] as const) {
      const all = strategies.filter(one => one.kind === kind).map(one => one.total);
      expect(all.reduce((sum, one) => sum + one.schedules, 0)).toBe(3000);
      expect(all.reduce((sum, one) => sum + one.entries, 0)).toBe(status.counters.queued);
      expect(all.reduce((sum, one) => sum + one.newFeatures, 0)).toBe(status.counters.features);
      expect(all.reduce((sum, one) => sum + one.findings, 0)).toBe(2);
    }
    expect(designs.map(one => one.executions)).toEqual([1500, 1500]);
    expect(findings.map(one => [one.minimize.state, one.minimize.now?.operations, one.reported])).toEqual([
      ['done', 2, true],
      ['done', 2, true],
    ]);
    const sites = coverage.find(one => one.name === 'sites');
    expect(sites?.covered).toBeGreaterThan(4);
    expect(sites?.covered).toBeLessThanOrEqual(sites?.known ?? 0);
    const [met] = pairs;
    const cell = (first: string, second: string): number =>
      met?.met[met.operations.indexOf(first) * met.operations.length + met.operations.indexOf(second)] ?? 0;
    expect(cell('map_page', 'map_page')).toBeGreaterThan(0);
    expect(Math.max(...(met?.met ?? []))).toBeLessThanOrEqual(met?.sampled ?? 0);
  });

  it('does not take a short time limit for a search that finds nothing: the self-check is not cut short', async () => {
    const ran = await pagestorm(['fuzz', 'demo/fixed', '--time', '10ms', '--out', scratch()]);
    // Whether the search itself has a turn in that time is for the machine to say.
    const none = 'pagestorm: demo/fixed (sc): was not run: the campaign ended before its turn\n';
    expect([ran.code, ran.err]).toEqual(/ 0 executions/.test(ran.out) ? [2, none] : [0, '']);
    expect(ran.out).toMatch(/self-check \(sc\): the planted race: found after \d+ executions/);
  });

  it('is refused where another one runs, and takes over the lock of one that has died', async () => {
    const out = scratch();
    const child = spawn(process.execPath, [
      ...[bin, 'fuzz', 'demo/fixed', '--target-module', demo, '--no-selfcheck', '--out', out, '--json'],
    ]);
    await new Promise<void>(resolve =>
      child.stdout.on('data', chunk => /status/.test(String(chunk)) && resolve()),
    );
    // As the campaign has them while it writes.
    const unfinished = join(out, 'queue', '.unfinished-1-1');
    writeFileSync(unfinished, '');
    const refused = await pagestorm(['fuzz', '--resume', out]);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/a campaign runs there \(process \d+\)/);
    expect(existsSync(unfinished)).toBe(true);
    child.kill('SIGKILL');
    await new Promise(resolve => child.on('close', resolve));
    const resumed = await pagestorm(['fuzz', '--resume', out, '--execs', '500']);
    expect(resumed.err).toMatch(/took over a lock of process \d+, which is gone/);
    expect(resumed.code).toBe(0);
    // The queue has been tried alone, and is innocent.
    expect(readdirSync(join(out, 'crashes'))).toEqual(['README.txt']);
    expect(existsSync(unfinished)).toBe(false);
  });

  it('ends all of its processes when it is killed, also while they load modules', async () => {
    const [out, folder] = [scratch(), scratch()];
    const [module, loading] = [join(folder, 'slow.mjs'), join(folder, 'loading')];
    // The process with the workers takes long to load it.
    writeFileSync(
      module,
      `import { writeFileSync } from 'node:fs';
      if (process.argv[1].endsWith('campaign-process.js')) {
        writeFileSync(${JSON.stringify(loading)}, '');
        await new Promise(resolve => setTimeout(resolve, 3_600_000));
      }
      export { targets } from ${JSON.stringify(demo)};`,
    );
    const child = spawn(process.execPath, [
      ...[bin, 'fuzz', 'demo/fixed', '--target-module', module, '--no-selfcheck', '--out', out],
    ]);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', text => {
      err += text;
    });
    while (!existsSync(loading)) await sleep(20);
    child.kill('SIGKILL');
    const owner = readOwner(join(out, '.state', 'process'));
    if (typeof owner !== 'object') throw new Error(`process: ${owner}`);
    while (alive(owner) !== false) await sleep(20);
    expect(err).toBe('');
  });

  it('tells all of it, its end too, to a reader that is held up', async () => {
    const out = scratch();
    // As a pager holds up the command; more is to be told than the way to it holds.
    const hold = (child: ChildProcess): void => {
      child.kill('SIGSTOP');
      const looks = setInterval(() => {
        const seen = readSnapshot(join(out, 'snapshot.json'));
        if (seen === null || typeof seen === 'string' || seen.state !== 'ended') return;
        clearInterval(looks);
        setTimeout(() => child.kill('SIGCONT'), 500);
      }, 50);
    };
    const args = ['demo/fixed', '--time', '1s', '--no-selfcheck', '--sites', '--json', '--out', out];
    const ran = await pagestorm(['fuzz', ...args], { '"status"': hold });
    const told = ran.out.trim().split('\n');
    expect(told.filter(line => /^{"type":"(sites|end)"/.test(line))).toHaveLength(2);
    expect(ran.out.match(/the process with the workers died/)).toBeNull();
  });

  it('goes on from a damaged directory: what cannot be used is set aside, with a note', async () => {
    const out = scratch();
    await campaign(out, '--time', '1h');
    const entries = readdirSync(join(out, 'queue')).sort();
    writeFileSync(join(out, 'queue', entries[0] ?? ''), '{"version":1,');
    writeFileSync(
      join(out, 'queue', 'id:900000,orig:old.json'),
      '{"version":1,"target":"demo","variant":"gone"}',
    );
    writeFileSync(join(out, 'fuzzer_stats'), '\u0000\u0001 what');
    writeFileSync(join(out, '.state', 'checkpoint.json'), '{"version":1,"jobs":[');
    expect((await pagestorm(['whatsup', out])).out).toMatch(/fuzzer_stats cannot be read/);
    const resumed = await pagestorm(['fuzz', '--resume', out, '--time', '2s', '--no-selfcheck']);
    expect(resumed.err).toMatch(/checkpoint\.json: is not valid JSON; the campaign goes on from its queue/);
    expect(resumed.err).toMatch(/id:900000,orig:old\.json: set aside: /);
    expect(resumed.code).toBe(1);
    const aside = readdirSync(join(out, 'set-aside'));
    expect(aside).toContain(`${entries[0]}.reason`);
    expect(aside).toContain('id:900000,orig:old.json');
    expect(stats(out)['saved_crashes']).toBe('2');
  });

  it('goes on without entries that cannot be read any more, also where results must not depend on time', async () => {
    const out = copied();
    const entries = readdirSync(join(out, 'queue'));
    for (const name of entries) writeFileSync(join(out, 'queue', name), '{');
    const resumed = await pagestorm(['fuzz', '--resume', out, '--execs', '1k']);
    expect(resumed.err).toMatch(/id:\d+,.*\.json: set aside: .*not valid YAML/);
    expect(resumed.code).toBe(1);
    expect(stats(out)).toMatchObject({ execs_done: '4000', saved_crashes: '2' });
    const aside = readdirSync(join(out, 'set-aside')).filter(name => name.endsWith('.json'));
    expect(aside.length).toBe(Number(stats(out)['corpus_set_aside']));
  });

  it('has one entry with a number, also if the rounds that were cut short are run again with another limit', async () => {
    const out = copied();
    rmSync(join(out, '.state', 'checkpoint.json'));
    const resumed = await pagestorm(['fuzz', '--resume', out, '--execs', '700']);
    expect(resumed.err).toMatch(/set aside: its round was run again and found another entry/);
    const ids = readdirSync(join(out, 'queue')).map(name => name.slice(0, 'id:000000'.length));
    expect(new Set(ids).size).toBe(ids.length);
    expect(stats(out)).toMatchObject({ execs_done: '700', saved_crashes: '2' });
    // The findings are those of before, with what was made of them.
    const crashes = Object.entries(contents(out)).filter(([name]) => /\.(yaml|txt)$/.test(name));
    expect(Object.fromEntries(crashes)).toEqual(
      Object.fromEntries(Object.entries(contents(base)).filter(([name]) => /\.(yaml|txt)$/.test(name))),
    );
  });

  it('refuses a directory of another version, one without a campaign, and what --resume cannot change', async () => {
    const out = copied();
    const config = join(out, 'campaign.json');
    const again = await pagestorm(['fuzz', 'demo/fixed', '--out', out]);
    expect([again.code, again.err]).toEqual([
      2,
      expect.stringMatching(/holds a campaign; go on with --resume/),
    ]);
    const seed = await pagestorm(['fuzz', '--resume', out, '--seed', '7']);
    expect([seed.code, seed.err]).toEqual([
      2,
      expect.stringMatching(/--resume: --seed is that of the campaign/),
    ]);
    writeFileSync(config, readFileSync(config, 'utf8').replace('"version": 2', '"version": 7'));
    const newer = await pagestorm(['fuzz', '--resume', out]);
    expect([newer.code, newer.err]).toEqual([
      2,
      expect.stringMatching(/campaign\.json: the directory has version 7/),
    ]);
    const checkpoint = join(out, '.state', 'checkpoint.json');
    writeFileSync(checkpoint, readFileSync(checkpoint, 'utf8').replace('"map":"', '"map":"AAAA'));
    writeFileSync(config, readFileSync(config, 'utf8').replace('"version": 7', '"version": 2'));
    const damaged = await pagestorm(['fuzz', '--resume', out]);
    expect([damaged.code, damaged.err]).toEqual([
      2,
      expect.stringMatching(/^pagestorm: .*checkpoint\.json: cannot be used \(.*\); without the file .*\n$/),
    ]);
    const fresh = join(scratch(), 'fresh');
    const input = await pagestorm(['fuzz', 'demo/fixed', '--input', join(out, 'nowhere'), '--out', fresh]);
    expect([input.code, existsSync(fresh)]).toEqual([2, false]);
    renameSync(config, `${config}.gone`);
    const none = await pagestorm(['fuzz', '--resume', out]);
    expect([none.code, none.err]).toEqual([2, expect.stringMatching(/no campaign there/)]);
  });

  // Needs the right to mount a file system.
  it.skipIf(!mounted)(
    'refuses a directory that it may not write to, and can still be summed up there',
    async () => {
      const out = join(small, 'campaign');
      cpSync(base, out, { recursive: true });
      spawnSync('mount', ['-o', 'remount,ro', small]);
      const [resumed, fresh, summary] = await Promise.all([
        pagestorm(['fuzz', '--resume', out]),
        pagestorm(['fuzz', 'demo/fixed', '--out', join(small, 'fresh')]),
        pagestorm(['whatsup', out]),
      ]);
      expect([resumed.code, resumed.err]).toEqual([
        2,
        `pagestorm: --resume ${out}: cannot be written: read-only file system; make it writable, or resume a copy of it\n`,
      ]);
      expect([fresh.code, fresh.err]).toEqual([
        2,
        expect.stringMatching(
          /^pagestorm: --out .*\/fresh: cannot be written: [^\n]*; name another folder\n$/,
        ),
      ]);
      expect([summary.code, summary.out]).toEqual([0, expect.stringMatching(/dead .* 3000/)]);
    },
  );

  it('is seeded from cases, shares finds with other instances, and is reduced by cmin', async () => {
    const [shared, kept] = [scratch(), join(scratch(), 'kept')];
    const run = (...args: string[]) =>
      pagestorm(['fuzz', 'demo/no-barrier', '--memory', 'arm64', '--no-selfcheck', '--out', shared, ...args]);
    const main = await run('-M', 'main', '--input', join(base, 'queue'), '--time', '2s', '--seed', '1');
    expect(main.out).toMatch(/--input .*: \d+ entries from \d+ cases/);
    await run('-S', 'second', '--time', '2s', '--seed', '1');
    expect(readdirSync(join(shared, 'second/queue')).some(name => name.includes('sync:main,src:'))).toBe(
      true,
    );
    const summary = await pagestorm(['whatsup', shared]);
    expect(summary.out).toMatch(/main +dead[\s\S]*second +dead[\s\S]*all +0 alive/);
    const reduced = await pagestorm(['cmin', join(shared, 'main'), '-o', kept]);
    const [, small = 0, whole = 0] = (/^(\d+) of (\d+) cases show all/.exec(reduced.out) ?? []).map(Number);
    expect(small).toBeLessThan(whole);
    expect(readdirSync(kept)).toHaveLength(small);
    const again = await pagestorm(['cmin', kept, '-o', join(kept, 'again')]);
    expect(again.out.replace(/^\d+ of \d+/, '')).toBe(
      reduced.out.replace(/^\d+ of \d+/, '').replace(kept, join(kept, 'again')),
    );
  });

  it('finds the program that its process dies of', async () => {
    const out = scratch();
    const ran = await pagestorm([
      ...['fuzz', 'demo/dies', '--memory', 'arm64', '--execs', '120', '--seed', '1', '--no-selfcheck'],
      ...['--workers', '1', '--out', out],
    ]);
    expect(ran.err).toMatch(/the process with the workers died \(SIGKILL\)/);
    expect(ran.err).toMatch(/a program kills its process: it is a finding, and is not run again/);
    expect(ran.code).toBe(3);
    expect(Object.values(contents(out)).join()).toContain('op: bad_death');
    // How many of its programs do it, and whether a checkpoint lies between two deaths, is a matter of time.
    const deaths = ran.err.match(/the process with the workers died/g);
    expect(stats(out)).toMatchObject({ model_faults: '1', restarts: String(deaths?.length) });
  });

  it('ends a round with the programs that leave the design out, whatever else of it would kill the process', async () => {
    const out = scratch();
    const ran = await pagestorm([
      ...['fuzz', 'demo/dies', '--memory', 'arm64', '--execs', '5k', '--seed', 'd', '--no-selfcheck'],
      ...['--deterministic', '--workers', '1', '--out', out],
    ]);
    expect(ran.err).toMatch(/left out after 48 executions, as its model failed again and again/);
    expect(stats(out)).toMatchObject({ model_faults: '1', restarts: '3' });
    // What it did is known to the last step, however soon it dies.
    expect(ran.err).not.toMatch(/did not die again/);
    expect(Object.values(contents(out)).join()).toMatch(/"nondeterministic":false,"fatal":true/);
  });
});

describe('for machines', () => {
  it('prints one object a line, and writes JUnit and SARIF with the same findings', async () => {
    const out = scratch();
    const [xml, sarif] = [join(out, 'r.xml'), join(out, 'r.sarif')];
    const ran = await campaign(join(out, 'c'), '--json', '--junit', xml, '--sarif', sarif);
    expect(ran.code).toBe(1);
    const events = ran.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ type: 'start', seed: 'c', deterministic: true });
    expect(events.at(-1)).toMatchObject({
      type: 'end',
      reason: 'executions',
      execs_done: 3000,
      saved_crashes: 2,
    });
    const keys = events.filter(event => event['type'] === 'finding').map(event => event['key']);
    expect(keys).toHaveLength(2);
    const log = JSON.parse(readFileSync(sarif, 'utf8')) as { runs: { results: { ruleId: string }[] }[] };
    expect(log.runs[0]?.results.map(result => result.ruleId)).toEqual(['stale-tags', 'stale-tags']);
    expect(readFileSync(xml, 'utf8')).toMatch(
      /<testsuites name="pagestorm" tests="2" failures="2" errors="0"/,
    );
  });
});
