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
    const lines = 3 + (shown === undefined ? 0 : thatMet(shown).length);
    return { least: Math.min(8, lines), usual: Math.min(18, lines), most: lines };
  },
  rows: ({ snapshot, ui }, width, height) => {
    const shown = pairsShown(snapshot, ui);
    if (shown === undefined) return [line('nothing yet', 'dim')];
    const now = snapshot.status.counters.runSeconds;
    const { operations, met, since, target } = shown;
    const places = thatMet(shown);
    const recent = Math.min(NEW, YOUNG_SHARE * now);
    const top = Math.max(1, ...met);
    // Two cells a pair, so that newly met ones can be marked beside their shade; one where that is too wide.
    const each = 2 * places.length + 3 + 12 <= width ? 2 : 1;
    const name = Math.min(NAME, Math.max(6, width - each * places.length - 3));
    const from = scrollTo(ui.scroll.pairs ?? 0, places.length, height - 2);
    const rows = places.slice(from, from + Math.max(0, height - 2)).map((first, k): Row => {
      const cells = places.map((second): Span => {
        const at = first * operations.length + second;
        const began = since[at] ?? -1;
        return pairCell(met[at] ?? 0, top, began >= 0 && now - began < recent, each);
      });
      return [span(`${letter(from + k)} `, 'dim'), cell(operations[first] ?? '', name), span(' '), ...cells];
    });
    const head: Row = [cell('', name + 3), ...places.map((_, i) => span(letter(i).padEnd(each), 'dim'))];
    const many = met.filter(count => count > 0).length;
    const without = operations.length - places.length;
    const none = without === 0 ? '' : `, ${without} operations met none`;
    const legend = `row before column: · never ░▒▓█ often (█ ${shortCount(top)}x) + new; ${target}: ${many} of ${met.length} pairs${none}`;
    return [head, ...rows, line(legend, 'dim')];
  },
};

/** Places of the operations that met any other, or themselves on another CPU. */
function thatMet({ operations, met }: PairsView): readonly number[] {
  const count = operations.length;
  return [...operations.keys()].filter(i =>
    operations.some((_, j) => (met[i * count + j] ?? 0) > 0 || (met[j * count + i] ?? 0) > 0),
  );
}

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
