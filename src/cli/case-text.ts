import { type Case, caseDesign } from '../fuzz/case/case.ts';
import { writeCase } from '../fuzz/case/write.ts';
import { parseSelection } from '../fuzz/selection.ts';
import type { Target } from '../targets/target.ts';

/** The text of a case file, with the names of values that its target gives. */
export function caseText(one: Case, targets: readonly Target[], comment: readonly string[] = []): string {
  const [selection] = parseSelection(caseDesign(one), targets);
  const operations = selection?.target.build(selection.settings, one.size).operations ?? [];
  return writeCase(one, { operations }, comment);
}
