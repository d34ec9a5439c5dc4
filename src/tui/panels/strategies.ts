import type { StrategyView, Yield } from '../../fuzz/statistics/snapshot.ts';
import { bar, shortCount } from '../format.ts';
import { cell, figure, type Row, span } from '../text.ts';
import type { View } from '../ui.ts';
import type { Panel } from './panel.ts';

/** Columns of a name; the longest are names of mutations. */
const NAME = 12;

/** What each way of choosing schedules and of making programs brings: no one dominates. */
export const strategies: Panel = {
  id: 'strategies',
  title: 'strategy yields',
  summary: view => {
    const best = bestOf(view.snapshot.strategies);
    return best === null ? '' : `best lately: ${best.name}`;
  },
  heights: view => {
    const lines = 1 + Math.max(1, view.snapshot.strategies.length);
    return { least: Math.min(4, lines), usual: Math.min(7, lines), most: lines };
  },
  rows: ({ snapshot }, width, height) => {
    const wide = width >= 56;
    const head: Row = [
      cell('', NAME, 'dim'),
      figure('schedules', 9, 'dim'),
      figure('new', 6, 'dim'),
      ...(wide ? [figure('queue', 7, 'dim')] : []),
      figure('crash', 6, 'dim'),
      wide ? span('  new/1k lately', 'dim') : figure('/1k', 6, 'dim'),
    ];
    if (snapshot.strategies.length === 0) return [head, [span('nothing yet', 'dim')]];
    const best = bestOf(snapshot.strategies);
    const top = best === null ? 0 : perThousand(best.lastMinute);
    const room = Math.max(0, width - NAME - 28 - 8);
    return [
      head,
      ...inOrder(snapshot.strategies)
        .slice(0, height - 1)
        .map((one): Row => {
          const lately = perThousand(one.lastMinute);
          const style = one === best ? 'good' : 'plain';
          return [
            // The mark says what the colour says.
            cell(`${one === best ? '*' : ' '}${one.name}`, NAME, style),
            figure(shortCount(one.total.schedules), 9),
            figure(shortCount(one.total.newFeatures), 6),
            ...(wide ? [figure(shortCount(one.total.entries), 7)] : []),
            figure(shortCount(one.total.findings), 6, one.total.findings > 0 ? 'bad' : 'plain'),
            wide
              ? span(
                  `  ${bar(top === 0 ? 0 : lately / top, Math.min(20, room))} ${shortCount(lately)}`,
                  style,
                )
              : figure(shortCount(lately), 6, style),
          ];
        }),
    ];
  },
};

/** Those that choose schedules first, and those that brought most before the others. */
function inOrder(all: View['snapshot']['strategies']): readonly StrategyView[] {
  return [...all].sort(
    (a, b) =>
      Number(a.kind === 'program') - Number(b.kind === 'program') ||
      b.total.newFeatures - a.total.newFeatures,
  );
}

/** The strategy with the most new features for a schedule in the last minute; null if none had any. */
function bestOf(all: readonly StrategyView[]): StrategyView | null {
  const schedules = all.filter(one => one.kind === 'schedule');
  const first = schedules.reduce<StrategyView | null>(
    (best, one) =>
      perThousand(one.lastMinute) > (best === null ? 0 : perThousand(best.lastMinute)) ? one : best,
    null,
  );
  return first;
}

function perThousand({ newFeatures, schedules }: Yield): number {
  return schedules === 0 ? 0 : (1000 * newFeatures) / schedules;
}
