import type { PairsView, Snapshot } from '../../fuzz/statistics/snapshot.ts';
import { shortCount } from '../format.ts';
import { scrollTo } from '../scroll.ts';
import { cell, line, type Row, type Span, span } from '../text.ts';
import { passes, type Ui } from '../ui.ts';
import type { Panel } from './panel.ts';

const SHADES = '·░▒▓█';
/** Seconds for which a pair counts as newly met; less while the campaign is young and all are. */
const NEW = 60;
const YOUNG_SHARE = 0.2;
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
    const count = operations.length;
    const recent = Math.min(NEW, YOUNG_SHARE * now);
    const top = Math.max(1, ...shown.met);
    // Two cells a pair, so that newly met ones can be marked beside their shade; one where that is too wide.
    const each = 2 * count + 3 + 12 <= width ? 2 : 1;
    const name = Math.min(NAME, Math.max(6, width - each * count - 3));
    const from = scrollTo(ui.scroll.pairs ?? 0, count, height - 2);
    const rows = operations.slice(from, from + Math.max(0, height - 2)).map((operation, k): Row => {
      const i = from + k;
      const cells = operations.map((_, j): Span => {
        const since = shown.since[i * count + j] ?? -1;
        return pairCell(shown.met[i * count + j] ?? 0, top, since >= 0 && now - since < recent, each);
      });
      return [span(`${letter(i)} `, 'dim'), cell(operation, name), span(' '), ...cells];
    });
    const head: Row = [cell('', name + 3), ...operations.map((_, i) => span(letter(i).padEnd(each), 'dim'))];
    const met = shown.met.filter(one => one > 0).length;
    const legend = `${shown.target}: ${met} of ${count * count} met, row before column: · never ░▒▓█ often (█ ${shortCount(top)}x) + new`;
    return [head, ...rows, line(legend, 'dim')];
  },
};

/** The matrix of the target that is filtered for, or else of the design in work. */
function pairsShown({ pairs: all, status }: Snapshot, { filter }: Ui): PairsView | undefined {
  const filtered = filter === null ? [] : all.filter(one => passes(filter.split('/')[0] ?? '', one.target));
  return filtered[0] ?? all.find(one => status.design.startsWith(`${one.target}/`)) ?? all[0];
}

/** Often as a shade, on a scale of tens, since counts differ by orders of magnitude; `+` if newly met. */
function pairCell(met: number, top: number, fresh: boolean, width: number): Span {
  if (met === 0) return span('·'.padEnd(width), 'dim');
  const level = top <= 1 ? 4 : 1 + Math.min(3, Math.floor((4 * Math.log(met)) / Math.log(top + 1)));
  const shade = SHADES[level] ?? '';
  const text = width === 1 ? (fresh ? '+' : shade) : `${shade}${fresh ? '+' : ' '}`;
  return span(text, fresh ? 'good' : 'plain');
}

function letter(i: number): string {
  return 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'[i] ?? '#';
}
