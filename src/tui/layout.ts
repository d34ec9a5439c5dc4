import { panels } from './panels/index.ts';
import type { Heights } from './panels/panel.ts';
import type { PanelId, View } from './ui.ts';

/** Panels that stand side by side. */
interface Band {
  readonly ids: readonly PanelId[];
  /** Bands of a smaller number get their lines first. */
  readonly rank: number;
  /** Shown unfolded or not at all. */
  readonly whole?: true;
}

/** A band with the lines that it has, its title line included; 1 if it is folded. */
export interface Placed {
  readonly ids: readonly PanelId[];
  readonly height: number;
}

/** Columns from which panels stand in twos and in threes. */
export const TWO_COLUMNS = 72;
export const THREE_COLUMNS = 150;

const one: readonly Band[] = [
  { ids: ['results'], rank: 1 },
  { ids: ['crashes'], rank: 0 },
  { ids: ['timing'], rank: 4 },
  { ids: ['strategies'], rank: 2 },
  { ids: ['coverage'], rank: 3 },
  { ids: ['speed'], rank: 5 },
  { ids: ['log'], rank: 6 },
  { ids: ['pairs'], rank: 7 },
  { ids: ['preview'], rank: 8, whole: true },
];

const two: readonly Band[] = [
  { ids: ['timing', 'results'], rank: 1 },
  { ids: ['strategies', 'coverage'], rank: 2 },
  { ids: ['crashes'], rank: 0 },
  { ids: ['speed', 'log'], rank: 3 },
  { ids: ['pairs'], rank: 4 },
  { ids: ['preview'], rank: 5, whole: true },
];

const three: readonly Band[] = [
  { ids: ['timing', 'results', 'speed'], rank: 1 },
  { ids: ['strategies', 'coverage', 'pairs'], rank: 2 },
  { ids: ['crashes'], rank: 0 },
  { ids: ['preview', 'log'], rank: 3 },
];

/**
 * Which panels are shown at a width, and how many of `rows` lines each band has. The bands that matter most, and the
 * one that the user is at, unfold first; those without room keep their title line with one figure, or go.
 */
export function arrange(view: View, columns: number, rows: number): readonly Placed[] {
  const bands = columns >= THREE_COLUMNS ? three : columns >= TWO_COLUMNS ? two : one;
  const order = [...bands].sort((a, b) => rankOf(a, view) - rankOf(b, view));
  const heights = new Map(order.map(band => [band, heightsOf(band, view, columns)]));
  const has = new Map<Band, number>();
  let left = rows;
  const grow = (band: Band, to: number): void => {
    const more = to - (has.get(band) ?? 0);
    if (more <= 0) return;
    has.set(band, to);
    left -= more;
  };
  const unfold = (band: Band): void => {
    const height = has.get(band) ?? 0;
    const least = 1 + (heights.get(band)?.least ?? 0);
    if (height <= 1 && left >= least - height) grow(band, least);
  };
  const [here] = order;
  if (here !== undefined) grow(here, Math.min(1 + (heights.get(here)?.least ?? 0), rows));
  for (const band of order) if (left >= 1 && band.whole !== true) grow(band, 1);
  for (const band of order) if (band.whole !== true) unfold(band);
  for (const goal of ['usual', 'most'] as const) {
    for (const band of order) {
      const height = has.get(band) ?? 0;
      if (height > 1) grow(band, Math.min(1 + (heights.get(band)?.[goal] ?? 0), height + left));
    }
    for (const band of order) unfold(band);
  }
  return bands.flatMap(band => {
    const height = has.get(band) ?? 0;
    return height === 0 ? [] : [{ ids: band.ids, height }];
  });
}

/** Columns of each panel of a band; between them is a blank one. */
export function widthsOf(ids: readonly PanelId[], columns: number): readonly number[] {
  const room = columns - (ids.length - 1);
  return ids.map((_, i) => Math.floor((room * (i + 1)) / ids.length) - Math.floor((room * i) / ids.length));
}

function rankOf(band: Band, { ui }: View): number {
  return band.ids.includes(ui.panel) ? -1 : band.rank;
}

function heightsOf(band: Band, view: View, columns: number): Heights {
  const widths = widthsOf(band.ids, columns);
  const all = band.ids.map((id, i) => panels[id].heights(view, widths[i] ?? 0));
  const largest = (of: (heights: Heights) => number): number => Math.max(...all.map(of));
  return { least: largest(h => h.least), usual: largest(h => h.usual), most: largest(h => h.most) };
}
