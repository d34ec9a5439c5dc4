import type { LogLine } from '../../fuzz/statistics/snapshot.ts';
import { line, type Row, type Style, span } from '../text.ts';
import type { Panel } from './panel.ts';

const looks: Readonly<Record<LogLine['level'], readonly [mark: string, style: Style]>> = {
  info: [' ', 'plain'],
  warning: ['!', 'warn'],
  finding: ['*', 'bad'],
};

/** The log's last lines, newest at the bottom. */
export const log: Panel = {
  id: 'log',
  title: 'log',
  summary: ({ snapshot }) => snapshot.log.at(-1)?.message ?? '',
  heights: ({ snapshot }) => {
    const lines = Math.max(1, snapshot.log.length);
    return { least: Math.min(2, lines), usual: Math.min(4, lines), most: lines };
  },
  rows: ({ snapshot, ui }, _, height) => {
    if (snapshot.log.length === 0) return [line('nothing yet', 'dim')];
    // Scrolled back from the end.
    const back = Math.max(0, Math.min(ui.scroll.log ?? 0, snapshot.log.length - height));
    const end = snapshot.log.length - back;
    return snapshot.log.slice(Math.max(0, end - height), end).map(({ time, level, message }): Row => {
      const [mark, style] = looks[level];
      return [
        span(`${clock(time)} `, 'dim'),
        span(`${mark} `, style),
        span(message.replaceAll(`${snapshot.dir}/`, ''), style),
      ];
    });
  },
};

/** Time of day, local. */
function clock(time: number): string {
  return new Date(1000 * time).toTimeString().slice(0, 8);
}
