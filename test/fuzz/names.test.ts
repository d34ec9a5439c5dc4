import { expect, it } from 'vitest';
import { unknownName } from '../../src/fuzz/names.ts';

it('names what was meant where something is near, and everything else where nothing is', () => {
  const known = ['v5.17', 'v5.19', 'v6.2', 'tag-clearing-v1'];
  expect(unknownName('variant', 'v5.91', known)).toMatch(/did you mean v5\.1/);
  expect(unknownName('variant', 'tag-clearing', known)).toBe(
    'unknown variant "tag-clearing"; did you mean tag-clearing-v1?',
  );
  expect(unknownName('variant', 'zzzzzzz', known)).toBe(
    'unknown variant "zzzzzzz"; known: v5.17, v5.19, v6.2, tag-clearing-v1',
  );
});
