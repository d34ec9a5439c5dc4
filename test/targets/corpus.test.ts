import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pagestorm } from '../cli/pagestorm.ts';

const root = join(import.meta.dirname, '../..');

describe('the shipped corpus', () => {
  it('replays with every verdict as recorded', async () => {
    const { code, out } = await pagestorm(['replay', join(root, 'corpus')]);
    const cases = readdirSync(join(root, 'corpus'), { recursive: true }).filter(name =>
      String(name).endsWith('.yaml'),
    );
    expect(cases.length).toBeGreaterThan(0);
    expect(out.match(/\(as expected, /g)).toHaveLength(cases.length);
    expect(code).toBe(0);
  });

  it.each(readdirSync(join(root, 'catalogue')))(
    'has a case for each entry of %s that is reproduced',
    file => {
      const { entries } = parse(readFileSync(join(root, 'catalogue', file), 'utf8'));
      for (const { id, finding, design } of entries) {
        if (finding === undefined) continue;
        const path = join(root, 'corpus', file.replace(/\.yaml$/, ''), `${id}.yaml`);
        expect(existsSync(path), `${path} (node scripts/reproduce.mjs writes it)`).toBe(true);
        const of = parse(readFileSync(path, 'utf8'));
        expect(of.expect.signature).toMatch(new RegExp(finding));
        expect([`${of.target}/${of.variant}`, ...(of.switches ?? [])].join('+')).toBe(design);
      }
    },
  );
});
