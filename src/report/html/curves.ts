import { html, type Markup } from '../markup.ts';
import { chart, lookOf } from '../svg/chart.ts';
import type { Instance } from './campaign.ts';

/** Columns of `plot_data` that are drawn. */
const drawn: readonly (readonly [column: string, title: string])[] = [
  ['edges_found', 'Features of the coverage maps'],
  ['saved_crashes', 'Findings'],
  ['corpus_count', 'Queue entries'],
  ['execs_done', 'Executions'],
];

/** The curves of `plot_data`, one in each chart for each instance. */
export function curves(instances: readonly Instance[]): Markup {
  const charts = drawn.map(([column, title]) => {
    const series = instances.map(({ name, plot }) => {
      const times = plot.get('run_time') ?? [];
      const values = plot.get(column) ?? [];
      return { name, points: times.map((time, i) => [time, values[i] ?? 0] as const) };
    });
    return html`<figure>${chart(`chart-${column}`, title, series)}<figcaption>${title}</figcaption></figure>`;
  });
  const legend =
    instances.length < 2
      ? null
      : html`<p class="legend">${instances.map(({ name }, i) => html`${lookOf(i)} ${name} `)}</p>`;
  return html`${legend}<div class="charts">${charts}</div>`;
}
