import type { PairsView, Snapshot } from '../../fuzz/statistics/snapshot.ts';
import { shortCount } from '../format.ts';
import { cell, line, type Row, type Span, span } from '../text.ts';
import { passes, type Ui } from '../ui.ts';
import type { Panel } from './panel.ts';

const SHADES = '·░▒▓█';
/** Seconds for which a pair counts as newly met. */
const NEW = 60;
const NAME = 20;

/** Which operations met on one location: rows ran before columns. */
export const pairs: Panel = {
  id: 'pairs',
  title: 'operation pairs',
  summary: view => {
    const shown = pairsShown(view.snapshot, view.ui);
    if (shown === undefined) return '';
    return `${shown.met.filter(met => met > 0).length} of ${shown.met.length} met`;
  },
  heights: view => {
    const shown = pairsShown(view.snapshot, view.ui);
    const lines = 3 + (shown?.operations.length ?? 0);
    return { least: Math.min(8, lines), usual: Math.min(18, lines), most: lines };
  },
  rows: ({ snapshot, ui }, width, height) => {
    const shown = pairsShown(snapshot, ui);
    if (shown === undefined || shown.operations.length === 0) return [line('nothing yet', 'dim')];
    const now = snapshot.status.counters.runSeconds;
    const { operations } = shown;
    const top = Math.max(1, ...shown.met);
    const name = Math.min(NAME, Math.max(6, width - 2 * operations.length - 3));
    const head: Row = [cell('', name + 3), ...operations.map((_, i) => span(`${letter(i)} `, 'dim'))];
    const from = Math.max(0, Math.min(ui.scroll.pairs ?? 0, operations.length - (height - 2)));
    const rows = operations.slice(from, from + Math.max(0, height - 2)).map((operation, k): Row => {
      const i = from + k;
      const cells = operations.map((_, j): Span => {
        const at = i * operations.length + j;
        return pairCell(
          shown.met[at] ?? 0,
          top,
          now - (shown.since[at] ?? -1) < NEW && (shown.since[at] ?? -1) >= 0,
        );
      });
      return [span(`${letter(i)} `, 'dim'), cell(operation, name), span(' '), ...cells];
    });
    const legend = `row before column: · never ░▒▓█ often (█ ${shortCount(top)}x) + new; ${shown.target}`;
    return [head, ...rows, line(legend, 'dim')];
  },
};

/** The matrix of the target that is filtered for, or else of the design in work. */
function pairsShown({ pairs: all, status }: Snapshot, { filter }: Ui): PairsView | undefined {
  const filtered = filter === null ? [] : all.filter(one => passes(filter.split('/')[0] ?? '', one.target));
  return filtered[0] ?? all.find(one => status.design.startsWith(`${one.target}/`)) ?? all[0];
}

/** Often as a shade, on a scale of tens, since counts differ by orders of magnitude; `+` if newly met. */
function pairCell(met: number, top: number, fresh: boolean): Span {
  if (met === 0) return span('· ', 'dim');
  const level = top <= 1 ? 4 : 1 + Math.min(3, Math.floor((4 * Math.log(met)) / Math.log(top + 1)));
  return span(`${SHADES[level]}${fresh ? '+' : ' '}`, fresh ? 'good' : 'plain');
}

function letter(i: number): string {
  return 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'[i] ?? '#';
}
