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
/** The two sides of the mail's race. */
const mail = ['guest_store', 'migrate'];

interface Search {
  readonly executions: number;
  /** Ends early once this oracle has spoken. */
  readonly until?: string;
  readonly operations?: readonly string[];
}

/** A search from nothing: the oracles it has heard, and in how many executions a migration completed. */
function search(design: string, { executions, until = '', operations = [] }: Search) {
  const [selection] = parseSelection(`tag-migration/${design}`, targets);
  const { size } = selection.target;
  const executor = new Executor(selection, 'arm64', size);
  const generator = new ProgramGenerator(executor.model, size, operations);
  const compared = executor.machine.layout.find('test.compared');
  const found = new Set<string>();
  let completed = 0;
  for (let i = 0; i * SCHEDULES < executions; i++) {
    const program = executor.bind(generator.draw(new Stream(`${design}/${i}`)));
    const walk = new RandomWalk(`${design}/${i}/schedule`);
    for (let k = 0; k < SCHEDULES && !found.has(until); k++) {
      const end = executor.machine.run(program, walk);
      completed += executor.machine.peek(compared);
      if (end === End.Violation) found.add(executor.machine.violation?.oracle ?? '');
    }
  }
  return { found, completed };
}

describe('tag-migration', () => {
  it("shows the mail's race in the wrong order: a page is copied, dirtied, then flagged clean (M1)", async () => {
    const { code, out } = await pagestorm([
      ...['fuzz', 'tag-migration/copy-before-clear', '--no-ui', '--no-selfcheck', '--out', scratch()],
      ...['--execs', '6000', '--seed', '1', '--pages', '1', '--memory', 'sc'],
      ...['--until-crash', '--ops', mail.join(',')],
    ]);
    expect(code).toBe(1);
    expect(out).toContain('BUG: migration-divergence in tag-migration/copy-before-clear');
    expect(out).toMatch(/\w+\[\d\] of gfn 0 is .* when it starts at the destination instead of/);
  });

  it.each(['per-page-ioctl', 'dump-when-clean-fixed', 'second-mapping-v6.2', 'one-mapping-bounced'])(
    '%s survives it',
    design => {
      const { found } = search(design, { executions: 3_000, operations: mail });
      expect([...found]).toEqual([]);
    },
  );

  it.each([
    ['v6.11', 'migration-divergence', ['migrate', 'restore_tags']],
    ['qemu-rfc-v2', 'migration-divergence', mail],
    ['dump-when-clean', 'sleeping-in-atomic', mail],
    ['dump-when-clean-fixed+dump-before-flush', 'migration-divergence', mail],
    ['second-mapping', 'tag-loss', ['guest_store', 'vmm_store_tag']],
    ['one-mapping', 'tag-check-fault', ['guest_store', 'device_read_syscall']],
    ['postcopy-copy-then-tags', 'migration-divergence', [...mail, 'guest_load']],
    ['postcopy-tags-then-copy', 'deadlock', mail],
    ['postcopy-alias-then-copy', 'migration-divergence', mail],
    ['v6.12+protect-before-srcu', 'migration-divergence', mail],
    ['v6.12+no-round-sync', 'migration-divergence', mail],
  ])('%s shows %s', (design, oracle, operations) => {
    expect(search(design, { executions: 200_000, until: oracle, operations }).found).toContain(oracle);
  });

  it.each(['v6.12', 'v6.12-manual-protect', 'zero-copy', 'postcopy-copy-with-tags', 'postcopy-continue'])(
    '%s shows nothing in a short run, and migrations complete',
    design => {
      const { found, completed } = search(design, { executions: 3_000 });
      expect([...found]).toEqual([]);
      expect(completed).toBeGreaterThan(1_000);
    },
  );
});
