import { describe, expect, it } from 'vitest';
import { allCalls, programAt, programCount } from '../../src/fuzz/matrix/programs.ts';
import { guestMemfd } from '../../src/targets/guest-memfd/index.ts';

const size = { cpus: 2, pages: 2, mms: 1 };
const model = guestMemfd.build(guestMemfd.variants[0].settings, size);
const calls = allCalls(model, size, ['punch_hole', 'set_mem_attributes', 'fallocate']);

describe('the programs of a proof', () => {
  it('have every operation with every legal argument', () => {
    // punch_hole(gfn, pages), set_mem_attributes(gfn, pages, attribute), fallocate(gfn), with two gfns.
    expect(calls).toHaveLength(2 * 2 + 2 * 2 * 2 + 2);
  });

  it.each([0, 1, 2])('are counted once each, with setups of up to %i', setup => {
    const two = calls.slice(0, 3);
    const count = programCount(two, size.cpus, { setup });
    const all = Array.from({ length: count }, (_, i) => JSON.stringify(programAt(two, size.cpus, i)));
    expect(new Set(all).size).toBe(count);
    expect(count).toBe([1, 1 + 3, 1 + 3 + 9][setup] * 9);
    expect(all.every(text => JSON.parse(text).setup.length <= setup)).toBe(true);
  });
});
