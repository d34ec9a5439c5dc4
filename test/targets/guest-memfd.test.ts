import { describe, expect, it } from 'vitest';
import { pagestorm, scratch } from '../cli/pagestorm.ts';
import { findings } from './search.ts';

/** The two operations of the mail. */
const mail = ['punch_hole', 'set_mem_attributes'];

describe('guest-memfd', () => {
  it("shows the mail's race: truncation frees a page that the ioctl has just made private (A3-1)", async () => {
    const options = [
      '--execs',
      '6000',
      '--seed',
      '1',
      '--pages',
      '1',
      '--until-crash',
      '--ops',
      mail.join(','),
    ];
    const { code, out } = await pagestorm([
      'fuzz',
      'guest-memfd/attr-hook',
      ...['--no-ui', '--no-selfcheck', '--out', scratch()],
      ...options,
    ]);
    expect(code).toBe(1);
    expect(out).toContain('BUG: host-private-access in guest-memfd/attr-hook');
    expect(out).toContain('punch_hole(gfn=');
    expect(out).toContain('set_mem_attributes(gfn=');
  });

  it.each(['slots-lock', 'rmp-mutex', 'invalidate-lock-in-ioctl', 'prepare-in-get-pfn', 'v6.11', 'v7.0'])(
    '%s survives it',
    design =>
      expect([...findings(`guest-memfd/${design}`, { executions: 20_000, operations: mail })]).toEqual([]),
  );

  it.each([
    ['rmp-under-mmu-lock', 'sleeping-in-atomic'],
    ['gmem-solo', 'use-after-free'],
    ['v6.11', 'use-after-free'],
    ['v6.11-rc', 'unprepared-mapping'],
    ['v6.11-fixed+no-pre-fault-gate', 'host-private-access'],
    ['v6.11-fixed+no-seq-bump', 'lost-invalidation'],
    ['v6.11-fixed+wrong-range', 'stale-npt'],
    ['v6.11-fixed+unbalanced-begin', 'unbalanced-invalidation'],
    ['v6.11-fixed+slots-lock-inside', 'lock-order'],
    ['v6.11-fixed+slots-lock-in-fault', 'deadlock'],
    ['v6.11-fixed+no-free-folio', 'private-after-free'],
    ['v6.11-fixed+level-lookup-fails', 'spurious-vm-exit'],
  ])('%s shows %s', (design, oracle) => {
    expect(findings(`guest-memfd/${design}`, { executions: 200_000, until: [oracle] })).toContain(oracle);
  });

  it.each(['v6.11-fixed', 'v7.0-fixed', 'prepare-in-get-pfn', 'in-place-conversion'])(
    '%s shows nothing in a short run',
    design => expect([...findings(`guest-memfd/${design}`, { executions: 20_000 })]).toEqual([]),
  );
});
