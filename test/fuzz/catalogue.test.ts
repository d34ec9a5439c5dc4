import { describe, expect, it } from 'vitest';
import { jobOfCase } from '../../scripts/case-search.mjs';
import { loadCatalogue, readCatalogue } from '../../src/fuzz/catalogue.ts';

const good = `
mte:
  - id: mte:H1
    aliases: [kvm:C23]
    title: a race
    reference: mutation
    status: reproduced
    cases:
      - { case: H1, design: mte-sync/v5.19, memory: sc, finding: ^tag-loss }
`;

describe('the reader of the catalogue', () => {
  it('fills in what may be left out', () => {
    const [entry] = readCatalogue(good, 'c.yaml');
    expect(entry).toMatchObject({ id: 'mte:H1', hazard: false, cases: [{ byHand: false }] });
  });

  it.each([
    ['an id under another sheet', good.replace('mte:\n', 'kvm:\n'), 'c.yaml: mte:H1 stands under kvm'],
    ['a bug that counts twice', good.replace('kvm:C23', 'mte:H1'), 'c.yaml: mte:H1 occurs twice'],
    ['an unknown field', good.replace('title', 'titel'), 'c.yaml: mte[0]: unknown field "titel"'],
    ['an unknown sheet', good.replace('mte:\n', 'mts:\n'), 'c.yaml: unknown field "mts"'],
    ['a missing reason', good.replace('reproduced', 'refuted'), '(mte:H1) status refuted needs a reason'],
    ['a reproduced bug without a finding', good.replace(', finding: ^tag-loss', ''), 'no case has a finding'],
    ['a finding that is no pattern', good.replace('^tag-loss', '"("'), 'finding: is no regular expression'],
    ['an unknown memory model', good.replace('sc,', 'x86,'), 'mte[0].cases[0].memory'],
    ['broken YAML', `${good}\n  x: [`, 'c.yaml: not valid YAML'],
  ])('refuses %s, naming it', (_, content, message) => {
    expect(() => readCatalogue(content, 'c.yaml')).toThrow(message);
  });
});

describe('the searches that the catalogue asks for', () => {
  const cases = loadCatalogue().flatMap(entry => entry.cases);

  it('name operations of their designs', () => {
    for (const one of cases) expect(jobOfCase(one, '1').design, one.case).toBe(one.design);
  });

  it.each([
    ['--ops fault,store_tags', /^catalogue.yaml: \S+: --ops: .*store_tags.*store_tag/],
    ['--ops store_tags', /^catalogue.yaml: \S+: --ops: .*store_tags.*store_tag/],
    ['--pages 1 --ops', /^catalogue.yaml: \S+: --ops has no value/],
    ['--op fault', /^catalogue.yaml: \S+: --op is no option/],
  ])('are refused where nothing knows %s', (options, message) => {
    const one = cases.find(({ design }) => design === 'mte-sync/v5.19');
    if (one === undefined) throw new Error('no case of v5.19');
    expect(() => jobOfCase({ ...one, options }, '1')).toThrow(message);
  });
});
