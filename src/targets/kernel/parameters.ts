import fc from 'fast-check';
import type { Parameter, Size } from '../target.ts';

// Parameters that operations of several targets have.

/** An integer from 0 to a maximum that depends on the size of the machine. */
export const nat = (max: (size: Size) => number) => (size: Size) =>
  fc.integer({ min: 0, max: Math.max(0, max(size)) });

/** One of a few values, by its name. */
export const oneOf = (name: string, values: readonly string[]): Parameter => ({
  name,
  arbitrary: nat(() => values.length - 1),
  values,
});
export const yes = (name: string): Parameter => oneOf(name, ['no', 'yes']);

/** An address space, and a page of it. */
export const mm: Parameter = { name: 'mm', arbitrary: nat(size => size.mms - 1) };
export const page: Parameter = { name: 'page', arbitrary: nat(size => size.pages - 1), focus: true };
/** A granule of a page, of the two that pages have here, and a tag for it that is not the initial 0. */
export const granule: Parameter = { name: 'granule', arbitrary: nat(() => 1), focus: true };
export const tag: Parameter = { name: 'tag', arbitrary: () => fc.integer({ min: 1, max: 7 }) };
