import { describe, expect, it } from 'vitest';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../src/fuzz/generate.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import { signatureOf } from '../../src/fuzz/signature.ts';
import { Stream } from '../../src/fuzz/stream.ts';
import { targets } from '../../src/targets/index.ts';
import { designOf } from '../../src/targets/tag-storage/design.ts';
import { Geometry } from '../../src/targets/tag-storage/geometry.ts';

/** Runs random programs until a violation fits; the signature and the number of executions, or what else was seen. */
function search(design: string, executions: number, wanted: RegExp, ops: readonly string[] = [], pages = 2) {
  const [selection] = parseSelection(`tag-storage/${design}`, targets);
  if (selection === undefined) throw new Error(`no design ${design}`);
  const size = { cpus: 2, pages, mms: 2 };
  const executor = new Executor(selection, 'arm64', size);
  const generator = new ProgramGenerator(executor.model, size, ops);
  const seen = new Set<string>();
  for (let n = 0, program = 0; n < executions; program++) {
    const bound = executor.bind(generator.draw(new Stream(`test/${program}`)));
    const walk = new RandomWalk(`test/${program}/schedule`);
    for (let i = 0; i < 200 && n < executions; i++, n++) {
      executor.machine.run(bound, walk);
      const { violation } = executor.machine;
      if (violation === null) continue;
      const signature = signatureOf(violation);
      if (wanted.test(signature)) return { signature, executions: n + 1, seen };
      seen.add(violation.oracle);
    }
  }
  return { signature: '', executions, seen };
}

const swap = ['load_tag', 'store_tag', 'swap_out', 'store_data'];

describe('tag-storage', () => {
  it('loses swapped tags in the order of RFC v2: the other CPU sees the bit and clears them', () => {
    const { signature } = search('one-section-fixed+v2-order', 400_000, /^tag-loss/, swap, 1);
    expect(signature).toMatch(/^tag-loss .*mteClearPageTags|^tag-loss .*userLoadTag/);
  });

  it('writes swapped tags over data without the patch of the mail', () => {
    expect(search('one-section-fixed+no-deferral', 60_000, /^storage-corruption/).signature).toContain(
      'mteRestorePageTags',
    );
  });

  it('finds that copy_highpage() of RFC v3 sleeps under the page-table locks of fork', () => {
    const { signature } = search('rfc-v3', 100_000, /^sleeping-in-atomic.*fork/, ['fork', 'store_tag']);
    expect(signature).toContain('kmalloc(s.buffers, Gfp.Kernel)');
  });

  it('loses tags that are kept by pfn when their page is swapped out again', () => {
    expect(
      search('one-section-fixed+second-swap-out', 60_000, /^tag-loss/, swap.slice(1), 1).signature,
    ).not.toBe('');
  });

  it.each([
    'one-section-fixed',
    'fix1-atomic-cache',
    'fix2-prepare-end',
    'fix3-at-allocation',
    'one-section-fixed+two-page-blocks',
  ])('finds nothing in %s in a short run', design => {
    expect(search(design, 4_000, /./)).toMatchObject({ signature: '', executions: 4_000 });
  });

  it('gives the same finding after the same number of executions for the same seed', () => {
    const once = search('one-section-fixed+no-recheck', 60_000, /^block-balance/);
    expect(once.signature).not.toBe('');
    expect(search('one-section-fixed+no-recheck', 60_000, /^block-balance/)).toEqual(once);
  });

  it('walks over too few blocks in RFC v3 and too many in RFC v2 when a block has two pages', () => {
    const [variant] = parseSelection('tag-storage/one-section-fixed+two-page-blocks', targets);
    if (variant === undefined) throw new Error('no such design');
    const exact = designOf(variant.settings);
    const geometry = new Geometry(exact, 12);
    expect(geometry.blocksOf(exact, 6, 2)).toEqual([3, 4]);
    expect(geometry.blocksOf({ ...exact, loop: 'v3' }, 6, 2)).toEqual([3]);
    expect(geometry.blocksOf({ ...exact, loop: 'v2' }, 4, 2)).toEqual([2, 3, 4, 5]);
    expect(geometry.blocksOf(exact, 5, 0)).toEqual([2]);
  });
});
