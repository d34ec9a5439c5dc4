import { shortCount } from '../format.ts';
import { minimizeText } from '../panels/crashes.ts';
import { scrollTo } from '../scroll.ts';
import { line, type Row, type Span, span, wrapText } from '../text.ts';
import { type FindingText, tabs } from '../texts.ts';
import type { Overlay, View } from '../ui.ts';

/** Lines from which there are some about the finding. */
const TALL = 8;

/** Lines for the text of a finding, of `rows`. */
export function textRoom(rows: number): number {
  return Math.max(1, rows - (rows >= TALL ? 3 : 1));
}

/** A finding: what it is, the tabs, and the text of one of them. */
export function findingRows(
  { snapshot, texts }: View,
  overlay: Extract<Overlay, { kind: 'finding' }>,
  columns: number,
  rows: number,
): readonly Row[] {
  const one = snapshot.findings.find(finding => finding.folder === overlay.folder);
  if (one === undefined) return [line('this finding is gone', 'warn')];
  const tall = rows >= TALL;
  const [state, style] = minimizeText(one);
  const about: Row = [
    span(`${one.design} (${one.memory})`, 'strong'),
    span(`  ${shortCount(one.count)}x, first after ${shortCount(one.first.executions)} executions  `, 'dim'),
    span(one.minimize.state === 'done' ? `minimised ${state}` : `minimiser: ${state}`, style),
  ];
  const head = [...(tall ? [line(one.key, 'bad'), about] : []), tabRow(overlay.tab)];
  const body = textRows(texts.of(overlay.folder, overlay.tab), columns);
  const room = Math.max(0, rows - head.length);
  const from = scrollTo(overlay.scroll, body.length, room);
  const shown = body.slice(from, from + room);
  if (body.length > room && tall) {
    const last = head.length - 1;
    head[last] = [
      ...(head[last] ?? []),
      span(`  lines ${from + 1} to ${from + shown.length} of ${body.length}`, 'dim'),
    ];
  }
  return [...head, ...shown];
}

function tabRow(at: string): Row {
  return tabs.flatMap((tab): Span[] => [
    span(tab === at ? `[${tab}]` : ` ${tab} `, tab === at ? 'chosen' : 'plain'),
    span(' '),
  ]);
}

/** Lines of a finding's text at a width: those of a diagram are cut, since breaking one would bring its columns out of line. */
function textRows(text: FindingText, columns: number): readonly Row[] {
  switch (text.state) {
    case 'loading':
      return [line('running the case ...', 'dim')];
    case 'failed':
      return wrapText(text.why, columns).map(one => line(one, 'warn'));
    case 'ready':
      return text.lines.map(one => line(one, one.includes('***') ? 'bad' : 'plain'));
  }
}

/** Lines that the text of a finding has. */
export function lengthOf(text: FindingText): number {
  return text.state === 'ready' ? text.lines.length : 1;
}
