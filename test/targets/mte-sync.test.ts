import { describe, expect, it } from 'vitest';
import type { MemoryName } from '../../src/engine/memory/index.ts';
import { pagestorm, scratch } from '../cli/pagestorm.ts';
import { findings, type Search } from './search.ts';

const protocol = ['fault', 'store_tag', 'load_tag', 'mprotect_mte'];

describe('mte-sync', () => {
  it('shows stale tags and tag loss of the flag-first protocol under sc (H1)', () => {
    const until = ['stale-tags', 'tag-loss'];
    const found = findings('mte-sync/v5.19', {
      memory: 'sc',
      executions: 200_000,
      until,
      operations: protocol,
    });
    expect([...found]).toEqual(expect.arrayContaining(until));
  });

  it('shows it by the command too', async () => {
    const { code, out } = await pagestorm([
      ...['fuzz', 'mte-sync/v5.19', '--memory', 'sc', '--no-ui', '--out', scratch()],
      ...['--execs', '200000', '--seed', '1', '--until-crash', '--ops', protocol.join(',')],
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/BUG: (stale-tags|tag-loss) in mte-sync\/v5\.19/);
  });

  // Walks show it after some 1,000 to 3,000 executions.
  it('needs weak memory and two threads of one address space for the missing barrier before the PTE (H2)', () => {
    const one = (memory: MemoryName, executions: number): Search => ({
      memory,
      executions,
      operations: protocol,
      size: { mms: 1, pages: 1 },
    });
    expect(findings('mte-sync/v5.17', { ...one('arm64', 40_000), until: ['stale-tags'] })).toContain(
      'stale-tags',
    );
    expect([...findings('mte-sync/v5.17', one('sc', 40_000))]).toEqual([]);
    expect([...findings('mte-sync/v5.19', one('arm64', 40_000))]).toEqual([]);
  });

  it.each(['v6.2-fixed', 'v6.6-fixed'])('finds nothing in %s in a short run', design => {
    expect([...findings(`mte-sync/${design}`, { memory: 'arm64', executions: 30_000 })]).toEqual([]);
  });
});
