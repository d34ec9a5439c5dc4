import { type Case, caseDesign } from '../fuzz/case/case.ts';
import type { Place, Trace } from '../fuzz/trace.ts';
import { diagram } from './diagram.ts';

/** The first line of a report: `pagestorm: tag-loss in mte-sync/v5.19 (sc): ...`. */
export function headline(one: Case, message: string): string {
  const { expect } = one;
  const what =
    expect.verdict === 'violation' ? (expect.signature.split(' | ')[0] ?? 'violation') : expect.verdict;
  return `${what} in ${caseDesign(one)} (${one.memory}): ${message}`;
}

/** The report of a finding: headline, signature, places in the model, diagram. No times, no paths. */
export function report(one: Case, message: string, trace: Trace | null): string {
  const lines = [`BUG: ${headline(one, message)}`];
  if (one.expect.verdict === 'violation') lines.push(`signature: ${one.expect.signature}`);
  if (trace !== null) {
    const places = (trace.violation?.places ?? []).filter(place => place.func !== '');
    if (places.length > 0) lines.push(`at: ${places.map(placeText).join(', ')}`);
    lines.push('', diagram(trace));
  }
  return `${lines.join('\n')}\n`;
}

function placeText({ func, file, line }: Place): string {
  return `${func} (${file}:${line})`;
}
