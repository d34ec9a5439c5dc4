import { ago, duration } from '../format.ts';
import { cell, type Row, type Style, span } from '../text.ts';
import { always, type Panel } from './panel.ts';

/** How long the campaign has run, and when something last happened. */
export const timing: Panel = {
  id: 'timing',
  title: 'process timing',
  summary: ({ snapshot }) => duration(snapshot.status.counters.runSeconds),
  heights: () => always(4),
  rows: ({ snapshot, alive }) => {
    const { counters, now } = snapshot.status;
    const rows: (readonly [string, string, Style])[] = [
      ['run time', duration(counters.runSeconds), 'strong'],
      ['last new entry', ago(now, counters.lastFind), 'plain'],
      ['last crash', ago(now, counters.lastCrash), counters.lastCrash === 0 ? 'plain' : 'bad'],
      alive || counters.lastHang !== 0
        ? ['last hang', ago(now, counters.lastHang), counters.lastHang === 0 ? 'plain' : 'warn']
        : [
            'last update',
            new Date(1000 * now).toISOString().replace(/\..*/, ' UTC').replace('T', ' '),
            'plain',
          ],
    ];
    return rows.map(([name, value, style]): Row => [cell(name, 15, 'dim'), span(value, style)]);
  },
};
