import { describe, expect, it } from 'vitest';
import { End } from '../../src/engine/program.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../src/fuzz/generate.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { Stream } from '../../src/fuzz/stream.ts';
import { targets } from '../../src/targets/index.ts';
import { pagestorm, scratch } from '../cli/pagestorm.ts';

const SCHEDULES = 200;
/** The two operations of the mail. */
const mail = ['punch_hole', 'set_mem_attributes'];

/** The oracles that a search from nothing has heard after so many executions; ends early once `until` is among them. */
function findings(
  design: string,
  executions: number,
  until = '',
  operations: readonly string[] = [],
): ReadonlySet<string> {
  const [selection] = parseSelection(`guest-memfd/${design}`, targets);
  const { size } = selection.target;
  const executor = new Executor(selection, 'tso', size);
  const generator = new ProgramGenerator(executor.model, size, operations);
  const found = new Set<string>();
  for (let i = 0; i * SCHEDULES < executions; i++) {
    const program = executor.bind(generator.draw(new Stream(`${design}/${i}`)));
    const walk = new RandomWalk(`${design}/${i}/schedule`);
    for (let k = 0; k < SCHEDULES && !found.has(until); k++) {
      if (executor.machine.run(program, walk) !== End.Violation) continue;
      found.add(executor.machine.violation?.oracle ?? '');
    }
  }
  return found;
}

describe('guest-memfd', () => {
  it("shows the mail's race: truncation frees a page that the ioctl has just made private (A3-1)", async () => {
    const options = ['--execs', '6000', '--seed', '1', '--pages', '1', '--ops', mail.join(',')];
    const { code, out } = await pagestorm([
      'fuzz',
      'guest-memfd/attr-hook',
      '--no-ui',
      '--out',
      scratch(),
      ...options,
    ]);
    expect(code).toBe(1);
    expect(out).toContain('BUG: host-private-access in guest-memfd/attr-hook');
    expect(out).toContain('punch_hole(gfn=');
    expect(out).toContain('set_mem_attributes(gfn=');
  });

  it.each(['slots-lock', 'rmp-mutex', 'invalidate-lock-in-ioctl', 'prepare-in-get-pfn', 'v6.11', 'v7.0'])(
    '%s survives it',
    design => expect([...findings(design, 20_000, '', mail)]).toEqual([]),
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
    expect(findings(design, 200_000, oracle)).toContain(oracle);
  });

  it.each(['v6.11-fixed', 'v7.0-fixed', 'prepare-in-get-pfn', 'in-place-conversion'])(
    '%s shows nothing in a short run',
    design => expect([...findings(design, 20_000)]).toEqual([]),
  );
});
