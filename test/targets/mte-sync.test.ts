import { describe, expect, it } from 'vitest';
import { pagestorm, scratch } from '../cli/pagestorm.ts';

const protocol = ['--ops', 'fault,store_tag,load_tag,mprotect_mte'];
const fuzz = (design: string, memory: string, execs: number, ...more: string[]) =>
  pagestorm([
    'fuzz',
    design,
    '--memory',
    memory,
    '--execs',
    String(execs),
    '--seed',
    '1',
    '--no-ui',
    '--out',
    scratch(),
    ...more,
  ]);

describe('mte-sync', () => {
  it('shows stale tags and tag loss of the flag-first protocol under sc (H1)', async () => {
    const { code, out } = await fuzz('mte-sync/v5.19', 'sc', 200_000, ...protocol);
    expect(code).toBe(1);
    expect(out).toContain('BUG: stale-tags in mte-sync/v5.19');
    expect(out).toContain('BUG: tag-loss in mte-sync/v5.19');
  });

  it('needs weak memory and two threads of one address space for the missing barrier before the PTE (H2)', async () => {
    const one = ['--mms', '1', '--pages', '1', ...protocol];
    expect((await fuzz('mte-sync/v5.17', 'arm64', 100_000, ...one)).out).toContain('BUG: stale-tags');
    expect((await fuzz('mte-sync/v5.17', 'sc', 40_000, ...one)).code).toBe(0);
    expect((await fuzz('mte-sync/v5.19', 'arm64', 40_000, ...one)).code).toBe(0);
  });

  it('finds nothing in the fixed designs in a short run', async () => {
    expect((await fuzz('mte-sync/v6.2-fixed', 'arm64', 30_000)).code).toBe(0);
    expect((await fuzz('mte-sync/v6.6-fixed', 'arm64', 30_000)).code).toBe(0);
  });
});
