import { shortCount } from '../format.ts';
import { scrollTo } from '../scroll.ts';
import { line, type Row, span } from '../text.ts';
import { filters, passes, type View } from '../ui.ts';

/** Targets and designs to choose from. */
export function filterRows({ snapshot, ui }: View, at: number, rows: number): readonly Row[] {
  const all = filters(snapshot);
  const room = Math.max(1, rows - 1);
  const from = scrollTo(at - (room >> 1), all.length, room);
  return [
    line('show the crashes and the pairs of', 'title'),
    ...all.slice(from, from + room).map((filter, i): Row => {
      const designs = snapshot.designs.filter(one => passes(filter, one.design));
      const executions = designs.reduce((sum, one) => sum + one.executions, 0);
      const findings = snapshot.findings.filter(one => passes(filter, one.design)).length;
      const here = from + i === at;
      const name = filter === null ? 'everything' : filter.includes('/') ? `  ${filter}` : filter;
      const left = designs.every(one => one.state === 'left-out') && designs.length > 0 ? ', left out' : '';
      const now = filter === ui.filter ? ' (now)' : '';
      return [
        span(here ? '▶ ' : '  ', 'strong'),
        span(`${name}${now}`, here ? 'chosen' : 'plain'),
        span(
          `  ${shortCount(executions)} executions, ${findings} ${findings === 1 ? 'crash' : 'crashes'}${left}`,
          'dim',
        ),
      ];
    }),
  ];
}
