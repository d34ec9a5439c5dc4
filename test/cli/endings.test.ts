import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { suspects } from '../../src/fuzz/directory/journal.ts';
import { bin, demo, node, scratch } from './pagestorm.ts';

/** Writes a module whose designs are those of the demo target, built as `text` says, and returns its path. */
function altered(text: string): string {
  const path = join(scratch(), 'altered.mjs');
  writeFileSync(
    path,
    `import fs from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    import { targets as demo } from ${JSON.stringify(demo)};
    const [own] = demo;
    ${text}
    export const targets = [{ ...own, build: (...args) => alter(own.build(...args)) }];`,
  );
  return path;
}

/** A case that the module's design `fixed` can run. */
function caseFile(): string {
  const path = join(scratch(), 'case.yaml');
  writeFileSync(
    path,
    `version: 1
target: demo
variant: fixed
memory: sc
machine: { cpus: 2, pages: 2, mms: 1 }
cpus: [[{ op: map_page, page: 0, access: read }]]
schedule: cpu0*2
expect: { verdict: clean }
`,
  );
  return path;
}

describe.concurrent('a command ends', () => {
  it('when a model holds up its worker outside of JavaScript, where it cannot be ended', async ({
    expect,
  }) => {
    const never = join(scratch(), 'never');
    expect(spawnSync('mkfifo', [never]).status).toBe(0);
    const module = altered(`
      const wait = () => fs.closeSync(fs.openSync(${JSON.stringify(never)}, 'r'));
      const waiting = op => ({ ...op, *run(...args) { wait(); yield* op.run(...args); } });
      const alter = model => ({ ...model, operations: model.operations.map(waiting) });`);
    const args = ['replay', caseFile(), '--target-module', module, '--hang-timeout', '1s'];
    const { code, out, err } = await node([bin, ...args]);
    expect(out).toMatch(/case.yaml: hang \(expected clean/);
    expect(err).toMatch(/holds up its worker outside of JavaScript/);
    expect(code).toBeNull();
  });

  it('at once when a model throws what cannot be sent from its worker', async ({ expect }) => {
    const module = altered(
      `const alter = model => ({ ...model, attach() { if (!isMainThread) throw Symbol('odd'); } });`,
    );
    const { code, err } = await node([bin, 'replay', caseFile(), '--target-module', module]);
    expect(err).toMatch(/case.yaml: threw Symbol\(odd\)/);
    expect(code).toBe(3);
  });

  it('when a campaign goes on whose module has begun something that never ends', async ({ expect }) => {
    const module = altered(`const alter = model => model; setInterval(() => {}, 1000);`);
    const out = scratch();
    const limits = ['--execs', '100', '--no-selfcheck'];
    const first = await node([
      ...[bin, 'fuzz', 'demo/fixed', '--target-module', module, '--out', out],
      ...limits,
    ]);
    expect(first.code).toBe(0);
    const second = await node([bin, 'fuzz', '--resume', out, ...limits]);
    expect(second.out).toMatch(/^done: .* 200 executions/m);
    expect(second.code).toBe(0);
  });

  it('in its time when somebody sets the clock back by a day', async ({ expect }) => {
    const clock = join(scratch(), 'clock.mjs');
    writeFileSync(clock, 'const { now } = Date; let read = 0; Date.now = () => now() - 86_400_000 * read++;');
    const args = ['matrix', 'demo/fixed', '--target-module', demo, '--time', '2s', '--cost', '0'];
    const { code } = await node(['--import', clock, bin, ...args]);
    // 2 if the machine was too busy to run anything in that time.
    expect([0, 2]).toContain(code);
  });

  it('by Ctrl-C while what killed its process is tried alone, and leaves that to --resume', async ({
    expect,
  }) => {
    const [out, folder] = [scratch(), scratch()];
    const [campaign, trying] = [join(folder, 'campaign'), join(folder, 'trying')];
    // In the process of the campaign it is deadly; in the next one it would hang for long.
    const module = altered(`
      const [campaign, trying] = ${JSON.stringify([campaign, trying])};
      if (isMainThread && process.argv[1].endsWith('campaign-process.js')) fs.writeFileSync(campaign, String(process.pid));
      const die = () => {
        if (fs.readFileSync(campaign, 'utf8') === String(process.pid)) process.kill(process.pid, 'SIGKILL');
        fs.writeFileSync(trying, '');
        for (;;);
      };
      const dying = op => ({ ...op, *run() { die(); yield; } });
      const alter = model => ({ ...model, operations: model.operations.map(dying) });`);
    const interrupt = async (child: ChildProcess): Promise<void> => {
      while (!existsSync(trying)) await sleep(20);
      child.kill('SIGINT');
    };
    const args = ['fuzz', 'demo/fixed', '--target-module', module, '--hang-timeout', '1h', '--no-selfcheck'];
    const { code, err } = await node([bin, ...args, '--out', out], { 'fuzzing: ': interrupt });
    expect(code).toBe(130);
    expect(err.match(/the process with the workers died \(SIGKILL\)/g)).toHaveLength(1);
    expect(suspects(join(out, '.state')).length).toBeGreaterThan(0);
  });
});
