import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calm } from '../../src/engine/machine/state.ts';
import { End } from '../../src/engine/program.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import type { Call } from '../../src/fuzz/program.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { targets } from '../../src/targets/index.ts';
import { pagestorm, scratch } from '../cli/pagestorm.ts';
import { findings as search } from './search.ts';

function executorOf(design: string): Executor {
  const [selection] = parseSelection(`stage2-memtype/${design}`, targets);
  return new Executor(selection, 'arm64', { ...selection.target.size, pages: 2 });
}

/** What a search with some operations finds; all of them if none are named. */
const findings = (
  design: string,
  executions: number,
  oracle = '',
  operations: readonly string[] = [],
  pages = 2,
) =>
  search(`stage2-memtype/${design}`, {
    memory: 'arm64',
    executions,
    until: oracle === '' ? [] : [oracle],
    operations,
    size: { pages },
  });

describe('the truth table', () => {
  const kinds = ['ram', 'vfio-bar', 'mmio', 'cxl', 'pmem'];
  /** MTE of the VM: never, before the memslot is made, after it. */
  const modes = ['off', 'on', 'later'] as const;
  const designs = [
    'v6.8',
    'v6.9',
    'memtype-from-vma',
    'nc-fallback',
    'mte-off-only',
    'pfnmap-only',
    'refuse-mismatch',
    'v6.17',
    'no-tag-access',
  ];

  /** What a design makes of memory that a VMM gives to its guest, and what the guest can then do with it. */
  function cell(design: string, kind: string, mte: (typeof modes)[number]): string {
    const executor = executorOf(design);
    const { machine } = executor;
    const { layout } = executor.model;
    const memory = executor.model.operations
      .find(operation => operation.name === 'mmap')
      ?.parameters.find(parameter => parameter.name === 'memory')
      ?.values?.indexOf(kind);
    const give: Call[] = [
      { operation: 'delete_memslot', args: [0] },
      { operation: 'mmap', args: [0, memory ?? -1] },
      ...(mte === 'on' ? [{ operation: 'enable_mte', args: [] }] : []),
      { operation: 'create_memslot', args: [0] },
      ...(mte === 'later' ? [{ operation: 'enable_mte', args: [] }] : []),
    ];
    const peek = (name: string): number => machine.peek(layout.find(name));
    const run = (...calls: Call[]): string => {
      const program = executor.bind({ setup: [], cpus: [[...give, ...calls], []], interrupts: [] });
      return machine.run(program, calm) === End.Violation ? (machine.violation?.oracle ?? '') : '';
    };
    const store: Call = { operation: 'guest_store', args: [0] };
    const atFault = run(store);
    if (atFault !== '') return `${atFault} at the fault`;
    if (peek('kvm.memslot_error') !== 0) return '-EINVAL';
    if (peek('kvm.fault_error') !== 0) return '-EFAULT';
    const leaf = layout.show(layout.find('kvm.stage2[0]'), peek('kvm.stage2[0]'));
    const type = /Normal-WB, NoTagAccess|Normal-WB|Normal-NC|Device-nGnRE/.exec(leaf)?.[0] ?? leaf;
    const effects = [
      run(store, { operation: 'guest_load_tag', args: [0, 0] }),
      run({ operation: 'guest_load', args: [0] }),
      run({ operation: 'guest_exclusive', args: [0] }),
    ].filter(oracle => oracle !== '');
    return [type, ...new Set(effects)].join(', ');
  }

  it('of docs/stage2-memtype.md is what the model does', () => {
    const rows = kinds.flatMap(kind =>
      modes.map(mte => {
        const cells = designs.map(design => cell(design, kind, mte));
        return `| ${[`${kind}, MTE ${mte}`, ...cells].join(' | ')} |`;
      }),
    );
    const table = [
      `| memory | ${designs.map(name => `\`${name}\``).join(' | ')} |`,
      `|${'---|'.repeat(designs.length + 1)}`,
      ...rows,
    ];
    const docs = readFileSync(join(import.meta.dirname, '../../docs/stage2-memtype.md'), 'utf8').split('\n');
    expect(docs.filter(line => table.includes(line) || /^\| \S+, MTE /.test(line))).toEqual(table);
  });

  it("refuses a BAR under the thread's patch where the machine lacks FEAT_S2FWB", () => {
    expect(cell('memtype-from-vma', 'vfio-bar', 'off')).toBe('Device-nGnRE');
    expect(cell('memtype-from-vma+no-fwb', 'vfio-bar', 'off')).toBe('-EFAULT');
  });
});

describe('stage2-memtype', () => {
  it("shows the mail's wild tag access of a guest, short enough for a mail", async () => {
    const { code, out } = await pagestorm([
      ...['fuzz', 'stage2-memtype/memtype-from-vma', '--no-ui', '--no-selfcheck', '--out', scratch()],
      ...[
        '--execs',
        '8000',
        '--seed',
        '1',
        '--until-crash',
        '--ops',
        'enable_mte,create_memslot,guest_store_tag',
      ],
    ]);
    expect(code).toBe(1);
    expect(out).toContain('BUG: wild-tag-access in stage2-memtype/memtype-from-vma');
    expect(out).toContain('the guest stores a tag of cxl, which has no tag storage: (pa >> k) + offset is');
  });

  it.each(['mte-off-only', 'no-tag-access', 'v6.17', 'memtype-from-vma+mte-gate'])('%s survives it', design =>
    expect([
      ...findings(design, 4000, '', ['enable_mte', 'create_memslot', 'guest_store_tag', 'guest_load']),
    ]).toEqual([]),
  );

  it.each([
    ['nc-fallback', 'mismatched-attributes', 'enable_mte,create_memslot,guest_load'],
    ['v6.8', 'mismatched-attributes', 'create_memslot,guest_load'],
    ['v6.9', 'stuck-exclusive', 'create_memslot,guest_exclusive'],
    ['v6.17-fixed+no-cacheable-check+no-fwb', 'host-unmapped-access', 'create_memslot,guest_load'],
    [
      'v6.17-fixed+mte-after-vcpus',
      'wild-tag-access',
      'create_memslot,enable_mte,guest_load,guest_store_tag',
    ],
    ['v6.17-fixed+unmap-before-srcu', 'stale-stage2', 'delete_memslot,guest_load'],
    ['v6.17-fixed+swap-does-not-wait', 'warn', 'create_memslot,delete_memslot,madvise_dontneed'],
    ['v6.17-fixed+no-mmu-retry', 'stale-vma-attributes', 'mmap,guest_load'],
    ['v6.17-fixed+seq-after-unlock', 'stale-vma-attributes', 'mmap,guest_load'],
  ])('%s shows %s', (design, oracle, operations) => {
    expect(findings(design, 100_000, oracle, operations.split(','))).toContain(oracle);
  });

  it.each([
    ['v6.17+no-fwb', 'guest_load'],
    ['v7.0-rc+no-exclusives', 'guest_exclusive'],
  ])('%s keeps a page on an early return', (design, operation) => {
    expect(findings(design, 20_000, 'leak', ['create_memslot', operation], 4)).toContain('leak');
  });

  it.each(['v6.17-fixed', 'v7.0-fixed', 'mte-off-only', 'no-tag-access', 'refuse-mismatch'])(
    '%s shows nothing in a short run',
    design => expect([...findings(design, 4000)]).toEqual([]),
  );
});
