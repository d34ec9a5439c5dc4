import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseText } from '../../../src/cli/case-text.ts';
import type { Case } from '../../../src/fuzz/case/case.ts';
import { prepareFolders } from '../../../src/fuzz/directory/campaign-directory.ts';
import { CrashStore } from '../../../src/fuzz/directory/crash-store.ts';
import { Disk } from '../../../src/fuzz/directory/disk.ts';
import { headline } from '../../../src/report/report.ts';
import { targets } from '../../../src/targets/index.ts';

const found = (signature: string): Case => ({
  ...{
    target: 'mte-sync',
    variant: 'v5.19',
    switches: [],
    memory: 'sc',
    size: { cpus: 2, pages: 2, mms: 1 },
  },
  ...{ program: { setup: [], cpus: [[], []], interrupts: [] }, schedule: '' },
  expect: { verdict: 'violation', signature },
});
const at = (execs: number) => ({ execs, time: null, seconds: 0 });

const open = (root: string): CrashStore => {
  const store = new CrashStore(prepareFolders(root), new Disk(() => {}));
  store.load(targets, () => {});
  return store;
};
const create = (store: CrashStore, signature: string, execs: number, message = 'lost') => {
  const one = found(signature);
  const text = caseText(one, targets, [headline(one, message)]);
  return store.create({ case: one, nondeterministic: false, fatal: false }, text, { execs }, at(execs));
};
const scratch = (): string => mkdtempSync(join(tmpdir(), 'pagestorm-crashes-'));

describe('the findings of a campaign directory', () => {
  it('go back to a checkpoint: what was found since is awaited, in its folder, and gets no second one', async () => {
    const root = scratch();
    const before = open(root);
    const first = await create(before, 'tag-loss | a', 100);
    before.seen(first, 2, at(100));
    const saved = before.sightings();
    const second = await create(before, 'tag-loss | b', 200);
    before.seen(first, 5, at(200));
    before.seen(second, 1, at(200));
    await before.flush();

    const after = open(root);
    after.rewind(saved);
    const [known, awaited] = after.all;
    expect([known?.count, known?.last.execs, known?.awaited]).toEqual([2, 100, false]);
    expect(awaited?.awaited).toBe(true);
    if (awaited === undefined) throw new Error('the second finding is gone');
    // Until it is found again a checkpoint does not know of it either.
    expect(after.sightings()).toEqual(saved);
    after.foundAgain(awaited, at(200));
    after.seen(awaited, 1, at(200));
    expect(Object.values(after.sightings()).map(({ count }) => count)).toEqual([2, 1]);
    expect([awaited.count, awaited.folder]).toEqual([1, second.folder]);
    expect((await create(after, 'tag-loss | c', 300)).folder).toMatch(/id:000002,/);
  });

  it('take the number of one whose folder was made and whose case was not', async () => {
    const root = scratch();
    const { folder } = await create(open(root), 'tag-loss | a', 100);
    rmSync(join(folder, 'found.yaml'));
    writeFileSync(join(folder, '.unfinished-1-1'), 'version');
    expect(readdirSync(folder)).toContain('seen.json');
    expect(open(root).all).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder);
    expect((await create(open(root), 'tag-loss | a', 100)).folder).toBe(folder);
  });

  it('were seen once at least, and keep a message of several lines', async () => {
    const root = scratch();
    const message = 'expected (sc): true\n\n  + actual\n  - expected';
    await create(open(root), 'tag-loss | a', 100, message);
    const store = open(root);
    const [crash] = store.all;
    expect(crash?.count).toBe(1);
    expect(store.unfinished(targets).map(one => one.message)).toEqual([message]);
  });

  it('have their figures on the disk before the report, which says that nothing is to be done', async () => {
    const store = open(scratch());
    const crash = await create(store, 'tag-loss | a', 100);
    store.seen(crash, 3, at(100));
    // On its way, and not there yet.
    const flushed = store.flush();
    await store.write(crash, 'report.txt', 'BUG');
    expect(JSON.parse(readFileSync(join(crash.folder, 'seen.json'), 'utf8'))).toMatchObject({ count: 3 });
    await flushed;
  });
});
