import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseDesign } from '../../src/fuzz/case/case.ts';
import { readCase } from '../../src/fuzz/case/read.ts';
import { caseFile, loadCatalogue, shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { targets } from '../../src/targets/index.ts';
import { pagestorm } from '../cli/pagestorm.ts';

const files = readdirSync(shippedCorpus, { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.yaml'),
);
const entries = loadCatalogue();

/** Ids that the fact sheets give out. */
const given = [
  ...numbered('mte:H', 25),
  ...numbered('mte:D', 10),
  ...numbered('mig:M', 8),
  ...numbered('mig:P', 2),
  ...numbered('ts:M', 23),
  ...numbered('ts:H', 10),
  ...numbered('gmem:A3-', 15),
  ...numbered('memtype:B3-', 10),
  ...numbered('kvm:C', 30),
];

/** Distinct bugs that the corpus must show. */
const REPRODUCED = 60;
/** Cases of each fixed design that come close and must stay clean. */
const CLOSE_CALLS = 2;

function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
}

describe('the shipped corpus', () => {
  it('replays with every verdict as recorded', async () => {
    const { code, out } = await pagestorm(['replay', shippedCorpus]);
    expect(files.length).toBeGreaterThan(0);
    expect(out.match(/\(as expected, /g)).toHaveLength(files.length);
    expect(code).toBe(0);
  });

  it('has no case that the catalogue does not name', () => {
    const named = entries.flatMap(entry => entry.cases.map(caseFile));
    expect(files.filter(file => !named.includes(file))).toEqual([]);
  });
});

describe('the catalogue', () => {
  it.each(entries.flatMap(entry => entry.cases.map(one => ({ id: entry.id, ...one }))))(
    '$id: $case is in the corpus, with its design and verdict',
    one => {
      const file = caseFile(one);
      expect(files, `node scripts/reproduce.mjs ${one.id} writes it`).toContain(file);
      const found = readCase(readFileSync(join(shippedCorpus, file)), file, targets);
      expect(caseDesign(found)).toBe(one.design);
      expect(found.memory).toBe(one.memory);
      if (one.finding === undefined) expect(found.expect).toEqual({ verdict: 'clean' });
      else
        expect(found.expect).toEqual({
          verdict: 'violation',
          signature: expect.stringMatching(new RegExp(one.finding)),
        });
    },
  );

  it('says what became of each id of the fact sheets', () => {
    // What a sheet numbers once may be several bugs here: gmem:A3-9a to gmem:A3-9d.
    const ids = new Set(
      entries
        .flatMap(({ id, aliases }) => [id, ...aliases])
        .flatMap(id => [id, id.replace(/(\d)[a-z]$/, '$1')]),
    );
    expect(given.filter(id => !ids.has(id))).toEqual([]);
  });

  it(`has ${REPRODUCED} distinct bugs reproduced`, () => {
    const reproduced = entries.filter(entry => entry.status === 'reproduced');
    expect(reproduced.length).toBeGreaterThanOrEqual(REPRODUCED);
  });

  it(`has ${CLOSE_CALLS} cases that come close and stay clean for each fixed design`, () => {
    const clean = entries.flatMap(entry => entry.cases).filter(one => one.finding === undefined);
    const fixed = targets.flatMap(target =>
      target.variants.filter(one => one.fixed === true).map(one => `${target.name}/${one.name}`),
    );
    const few = fixed.filter(design => clean.filter(one => one.design === design).length < CLOSE_CALLS);
    expect(few, 'node scripts/close-call.mjs records such cases').toEqual([]);
  });
});
