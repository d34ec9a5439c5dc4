import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pagestorm, scratch } from './pagestorm.ts';

test('view sums up a campaign in lines without a terminal, and names what is wrong with a directory', async () => {
  const dir = scratch();
  const out = join(dir, 'out');
  const ran = await pagestorm(['fuzz', 'demo/flag-first', '--execs', '2k', '--no-selfcheck', '--out', out]);
  expect(ran.code).toBe(1);

  const seen = await pagestorm(['view', out]);
  expect(seen.code).toBe(0);
  expect(seen.out).toMatch(
    /stale-tags \|.*\n {4}\d+x, \d+ operations?: pagestorm replay --diagram .*id:000000\*/,
  );
  expect(seen.out).toMatch(/done: \[\d+ s\] 2\.00k executions.*\nlook again: pagestorm view /);

  const nothing = await pagestorm(['view', join(dir, 'nothing')]);
  expect(nothing).toMatchObject({ code: 2, out: '' });
  expect(nothing.err).toMatch(/nothing: no campaign there/);

  writeFileSync(join(out, 'snapshot.json'), '{"version":');
  const torn = await pagestorm(['view', out]);
  expect(torn).toMatchObject({ code: 2, out: '' });
  expect(torn.err).toMatch(/snapshot\.json: is not valid JSON/);
});
