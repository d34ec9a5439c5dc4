import type { FindingView } from '../../fuzz/statistics/snapshot.ts';
import { briefDuration, shortCount } from '../format.ts';
import { cell, figure, fitRow, line, type Row, restyle, type Style, span } from '../text.ts';
import { chosenFinding, type View } from '../ui.ts';
import type { Panel } from './panel.ts';

/** Columns before the signature. */
const STATE = 13;

/** Findings by signature, newest first. */
export const crashes: Panel = {
  id: 'crashes',
  title: 'crashes by signature',
  summary: ({ findings }) => String(findings.length),
  heights: ({ findings }) => {
    const lines = Math.max(1, findings.length);
    return { least: Math.min(3, 1 + lines), usual: Math.min(6, 1 + lines), most: 1 + lines };
  },
  rows: (view, width, height) => {
    const { findings, ui, snapshot } = view;
    if (findings.length === 0) {
      return [line(ui.filter === null ? 'none yet' : `none yet in ${ui.filter} (t shows all)`, 'dim')];
    }
    const oneDesign = new Set(snapshot.designs.map(one => one.design)).size <= 1;
    const chosen = chosenFinding(view);
    const at = chosen === undefined ? 0 : findings.indexOf(chosen);
    const room = Math.max(1, height - 1);
    const from = Math.max(0, Math.min(at - (room >> 1), findings.length - room));
    const head: Row = [
      span('  '),
      figure('seen', 6, 'dim'),
      figure('first', 7, 'dim'),
      cell(' minimised', STATE + 1, 'dim'),
      span(' signature', 'dim'),
    ];
    return [
      ...(height > 1 ? [head] : []),
      ...findings.slice(from, from + room).map((one, i): Row => {
        const row = rowOf(one, view, oneDesign);
        const mark = from + i === at ? '▶ ' : '  ';
        const whole: Row = [span(mark, 'strong'), ...row];
        return from + i === at && ui.panel === 'crashes' ? restyle(fitRow(whole, width), 'chosen') : whole;
      }),
    ];
  },
};

function rowOf(one: FindingView, { snapshot }: View, oneDesign: boolean): Row {
  const { counters, now } = snapshot.status;
  const age =
    one.first.time !== null
      ? briefDuration(now - one.first.time)
      : one.first.seconds !== null
        ? briefDuration(counters.runSeconds - one.first.seconds)
        : `@${shortCount(one.first.executions)}`;
  const [state, style] = minimizeText(one);
  const what = one.modelFault ? `${one.verdict} of the model: ${one.key}` : one.key;
  return [
    figure(`${shortCount(Math.max(1, one.count))}x`, 6),
    figure(age, 7),
    span(' '),
    cell(state, STATE, style),
    span(' '),
    ...(oneDesign ? [] : [span(`${one.design} `, 'dim')]),
    span(what, one.modelFault ? 'warn' : 'bad'),
  ];
}

/** How far the minimiser is, in at most `STATE` columns. */
export function minimizeText({ minimize }: FindingView): readonly [text: string, style: Style] {
  const { state, before, now, executions, budget } = minimize;
  const sizes = before === null || now === null ? '' : ` ${before.operations}→${now.operations} ops`;
  switch (state) {
    case 'waiting':
      return ['waits', 'dim'];
    case 'running':
      return [`${budget > 0 ? Math.round((100 * executions) / budget) : 0}%${sizes}`, 'warn'];
    case 'done':
      return [`✓${sizes || ' done'}`, 'good'];
    case 'as-found':
      return ['as found', 'plain'];
    case 'failed':
      return ['✗ failed', 'warn'];
  }
}
