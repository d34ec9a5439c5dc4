import type { Snapshot, WorkerView } from '../../fuzz/statistics/snapshot.ts';
import { shortCount, sparkline } from '../format.ts';
import { cell, figure, type Row, span } from '../text.ts';
import type { Panel } from './panel.ts';

/** Executions a second, of all and of each worker. */
export const speed: Panel = {
  id: 'speed',
  title: 'speed',
  summary: ({ snapshot }) => `${shortCount(snapshot.status.rateLastMinute)} executions/s`,
  heights: ({ snapshot }) => {
    const lines = 1 + shownWorkers(snapshot).length;
    return { least: 2, usual: Math.min(4, lines), most: lines };
  },
  rows: ({ snapshot, ui }, width, height) => {
    const { history } = snapshot;
    const workers = shownWorkers(snapshot);
    // Half of a wide line shows what a worker does.
    const chart = Math.max(0, Math.min(60, width >= 60 ? Math.floor((width - 16) / 2) : width - 16));
    const accesses = history.accessesPerSecond.at(-1) ?? 0;
    const all: Row = [
      cell('all', 4, 'strong'),
      figure(`${shortCount(history.executionsPerSecond.at(-1) ?? 0)}/s`, 9, 'strong'),
      span(` ${sparkline(history.executionsPerSecond, chart).padStart(chart)}`),
      ...(width >= 60 ? [span(` ${shortCount(accesses)} accesses/s`, 'dim')] : []),
    ];
    const from = Math.max(0, Math.min(ui.scroll.speed ?? 0, workers.length - (height - 1)));
    return [
      all,
      ...workers
        .slice(from, from + height - 1)
        .map(
          (worker, i): Row => [
            cell(`w${from + i}`, 4, 'dim'),
            figure(worker.task === null ? 'idle' : `${shortCount(worker.executionsPerSecond)}/s`, 9),
            span(` ${sparkline(worker.history, chart).padStart(chart)}`),
            ...(width >= 60 ? [span(` ${worker.doing}`, 'dim')] : []),
          ],
        ),
    ];
  },
};

/** The workers; one more than search is there for the minimiser, and of no interest while it waits. */
function shownWorkers({ workers, status }: Snapshot): readonly WorkerView[] {
  let surplus = workers.length - status.workers;
  return workers.filter(worker => worker.task !== null || surplus-- <= 0);
}
