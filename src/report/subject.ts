import { type Case, caseDesign } from '../fuzz/case/case.ts';
import type { CatalogueEntry } from '../fuzz/catalogue.ts';
import { findTarget, selectByName } from '../fuzz/selection.ts';
import { oracleOf } from '../oracles/index.ts';
import type { Oracle } from '../oracles/oracle.ts';
import type { Target } from '../targets/target.ts';

/** What a case is about, in words: the design and where it comes from, the oracle, the bug if it is known. */
export interface Subject {
  readonly design: string;
  /** The subsystem. */
  readonly target: string;
  /** The design and each of its switches: what it is, and the commit, thread or version it is from. */
  readonly parts: readonly { readonly name: string; readonly summary: string; readonly origin: string }[];
  readonly fixed: boolean;
  readonly oracle: Oracle | null;
  readonly known: CatalogueEntry | null;
}

/** @param stem of the case's file, by which the catalogue may know it; null if it has none. */
export function subjectOf(
  one: Case,
  stem: string | null,
  targets: readonly Target[],
  catalogue: readonly CatalogueEntry[],
): Subject {
  const target = findTarget(one.target, targets);
  const { variant, switches } = selectByName(target, one.variant, one.switches);
  const { expect } = one;
  const oracle = expect.verdict === 'violation' ? (expect.signature.split(' | ')[0] ?? '') : '';
  return {
    design: caseDesign(one),
    target: `${target.name}: ${target.summary}`,
    parts: [
      { ...variant, name: `${target.name}/${variant.name}` },
      ...switches.map(({ name, summary, origin }) => ({ name: `+${name}`, summary, origin })),
    ].map(({ name, summary, origin }) => ({ name, summary, origin })),
    fixed: variant.fixed === true && switches.length === 0,
    oracle: oracleOf(oracle) ?? null,
    known: knownAs(one, stem, catalogue),
  };
}

/** The entry that names the case's file, else one that shows the same on the same design. */
function knownAs(
  one: Case,
  stem: string | null,
  catalogue: readonly CatalogueEntry[],
): CatalogueEntry | null {
  const design = caseDesign(one);
  const by = (fits: (each: CatalogueEntry['cases'][number]) => boolean): CatalogueEntry | undefined =>
    catalogue.find(entry => entry.cases.some(each => each.design === design && fits(each)));
  const named = by(each => each.case === stem && each.memory === one.memory);
  if (named !== undefined) return named;
  const { expect } = one;
  if (expect.verdict !== 'violation') return null;
  const same = by(({ finding }) => finding !== undefined && new RegExp(finding).test(expect.signature));
  return same ?? null;
}
