import type { CoverageView } from '../../fuzz/statistics/snapshot.ts';
import { bar, percent, shortCount } from '../format.ts';
import { cell, figure, type Row, span } from '../text.ts';
import type { Panel } from './panel.ts';

const NAME = 11;

/** Features by class, how fast new ones come, and what is likely to be missing. */
export const coverage: Panel = {
  id: 'coverage',
  title: 'coverage',
  summary: ({ snapshot }) =>
    `${shortCount(snapshot.coverage.reduce((sum, one) => sum + one.covered, 0))} features`,
  heights: ({ snapshot }) => {
    const lines = 1 + Math.max(1, snapshot.coverage.length);
    return { least: Math.min(4, lines), usual: lines, most: lines };
  },
  rows: ({ snapshot }, width, height) => {
    const barWidth = Math.min(20, width - NAME - 32);
    const head: Row = [
      cell('', NAME, 'dim'),
      figure('seen', 7, 'dim'),
      figure('new/1k', 8, 'dim'),
      figure('unseen', 9, 'dim'),
      ...(barWidth >= 6 ? [span('  saturation', 'dim')] : []),
    ];
    if (snapshot.coverage.length === 0) return [head, [span('nothing yet', 'dim')]];
    return [head, ...snapshot.coverage.slice(0, height - 1).map(one => row(one, barWidth))];
  },
};

function row(one: CoverageView, barWidth: number): Row {
  const { known, covered, unseen } = one;
  const saturation = saturationOf(one);
  const known100 = known !== null && known > 0 ? ` ${percent(covered / known)}` : '';
  return [
    cell(one.name, NAME),
    figure(shortCount(covered), 7, 'strong'),
    figure(shortCount(one.perThousand), 8, one.perThousand > 0 ? 'good' : 'plain'),
    figure(unseen === null ? '?' : percent(Math.min(1, unseen)), 9),
    ...(barWidth >= 6
      ? [span(`  ${saturation === null ? '' : bar(saturation, barWidth)}`), span(known100, 'dim')]
      : []),
  ];
}

/** Share of what there is that was seen: of what is known to exist, else by the chance of something new. */
function saturationOf({ known, covered, unseen }: CoverageView): number | null {
  if (known !== null && known > 0) return covered / known;
  return unseen === null || covered === 0 ? null : Math.max(0, 1 - unseen);
}
